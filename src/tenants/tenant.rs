//! `Tenant`: the origin of one tenant, and its own limits.

use std::sync::Arc;

use crate::{
    CdnOriginConnector,
    connector::CdnOriginBuilder,
    error::BuildError,
    name::{DialTarget, ExpectedName, HostAuthority, NameError, Sni},
    origin::{ChosenNames, OriginUrl},
    pool::{ConnectionBudget, PoolSettings},
    proxy::{Limits, OriginProxy, connector_of, proxy_from_template},
};

/// The origin of one tenant: a URL, and the names and limits that differ from the defaults.
///
/// The names default to one another as for a
/// [connector](crate::connector::CdnOriginBuilder). All other settings are those of the template.
///
/// ```
/// use cdn_origin::{proxy::Limits, tenants::Tenant};
///
/// let tenant = Tenant::new("https://d1234567890.cloudfront.net")
///     .sni("shop.example")
///     .limits(Limits::default().max_concurrency(100));
/// # drop(tenant);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a tenant does nothing until `VirtualHosts::insert` gets it"]
pub struct Tenant {
    names: CdnOriginBuilder,
    limits: Option<Box<Limits>>,
    pool: Option<Box<PoolSettings>>,
}

/// A tenant whose names are known to be valid.
pub(super) struct CheckedTenant {
    url: OriginUrl,
    names: ChosenNames,
    limits: Option<Box<Limits>>,
    pool: Option<Box<PoolSettings>>,
}

impl Tenant {
    /// A tenant with this origin: `https://` or `http://`, a host, and optionally a port.
    ///
    /// A URL that cannot be parsed fails in [`insert`](super::VirtualHosts::insert), as names do.
    pub fn new<U>(url: U) -> Self
    where
        U: TryInto<OriginUrl>,
        U::Error: Into<NameError>,
    {
        Self {
            names: CdnOriginConnector::builder(url),
            limits: None,
            pool: None,
        }
    }

    /// Sets the host and port, or the Unix socket, that is dialled.
    ///
    /// The default is the URL's host and port.
    pub fn dial<T>(self, target: T) -> Self
    where
        T: TryInto<DialTarget>,
        T::Error: Into<NameError>,
    {
        self.with_names(|names| names.dial(target))
    }

    /// Sets the name that is sent in SNI. The expected name and the Host follow it.
    ///
    /// The default is the URL's host.
    pub fn sni<N>(self, name: N) -> Self
    where
        N: TryInto<Sni>,
        N::Error: Into<NameError>,
    {
        self.with_names(|names| names.sni(name))
    }

    /// Sets the name that the certificate must be valid for.
    ///
    /// The default is the SNI, else the URL's host.
    pub fn expected_name<N>(self, name: N) -> Self
    where
        N: TryInto<ExpectedName>,
        N::Error: Into<NameError>,
    {
        self.with_names(|names| names.expected_name(name))
    }

    /// Sets the Host that the origin gets, unless the template has a layer for it.
    ///
    /// The default is the SNI if it was set, else the URL's host and port.
    pub fn host<A>(self, authority: A) -> Self
    where
        A: TryInto<HostAuthority>,
        A::Error: Into<NameError>,
    {
        self.with_names(|names| names.host(authority))
    }

    /// Sets the limits of this tenant's requests. The default is those of the template.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(Box::new(limits));
        self
    }

    /// Sets the limits of this tenant's connections. The default is those of the template.
    pub fn pool(mut self, settings: PoolSettings) -> Self {
        self.pool = Some(Box::new(settings));
        self
    }

    fn with_names(mut self, change: impl FnOnce(CdnOriginBuilder) -> CdnOriginBuilder) -> Self {
        self.names = change(self.names);
        self
    }

    /// Checks the names.
    pub(super) fn check(self) -> Result<CheckedTenant, BuildError> {
        let (url, names) = self.names.into_names()?;
        Ok(CheckedTenant {
            url,
            names,
            limits: self.limits,
            pool: self.pool,
        })
    }
}

impl CheckedTenant {
    /// The proxy of this tenant.
    ///
    /// # Errors
    ///
    /// If the names contradict the template, such as ECH for a URL with an IP address.
    pub(super) fn proxy(
        &self,
        template: &OriginProxy,
        budget: Option<Arc<ConnectionBudget>>,
    ) -> Result<OriginProxy, BuildError> {
        let connector = connector_of(template);
        let builder = connector.to_builder();
        let builder = builder.with_origin(self.url.clone(), self.names.clone());
        let connector = builder.build_sharing(connector)?;
        let (limits, pool) = (self.limits.as_deref(), self.pool.as_deref());
        Ok(proxy_from_template(
            template, connector, limits, pool, budget,
        ))
    }
}
