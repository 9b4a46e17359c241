//! `Tenant`: the origin of one tenant, and its own limits.

use std::{fmt, sync::Arc};

use crate::{
    CdnOriginConnector,
    connector::CdnOriginBuilder,
    error::{BuildError, BuildProblem, BuildProblemKind, InvalidValue},
    name::{DialTarget, ExpectedName, HostAuthority, Sni},
    origin::{ChosenNames, OriginUrl},
    pool::ConnectionBudget,
    proxy::{OriginProxy, connector_of, proxy_from_template},
};

/// The origin of one tenant, and its settings that differ from the template.
///
/// The four names default to one another as in a [connector](crate::connector::CdnOriginBuilder).
/// All other settings default to those of the template.
///
/// ```
/// use cdn_origin::{proxy::Limits, tenants::Tenant};
///
/// let tenant = Tenant::new("https://d1234567890.cloudfront.net")
///     .sni("shop.example")
///     .proxy(|proxy| proxy.limits(Limits::default().max_concurrency(100)));
/// # drop(tenant);
/// ```
#[derive(Clone)]
#[must_use = "a tenant does nothing until `VirtualHosts::insert` gets it"]
pub struct Tenant {
    names: CdnOriginBuilder,
    connector: Option<Arc<ChangeConnector>>,
    change_proxy: Option<Arc<ChangeProxy>>,
}

type ChangeConnector = dyn Fn(CdnOriginBuilder) -> CdnOriginBuilder + Send + Sync;
type ChangeProxy = dyn Fn(OriginProxy) -> OriginProxy + Send + Sync;

/// A tenant whose names are known to be valid.
pub(super) struct CheckedTenant {
    url: OriginUrl,
    names: ChosenNames,
    connector: Option<Arc<ChangeConnector>>,
    change_proxy: Option<Arc<ChangeProxy>>,
}

impl Tenant {
    /// Creates a tenant with this origin: `https://` or `http://`, a host, and optionally a port.
    ///
    /// An invalid URL or name fails in [`insert`](super::VirtualHosts::insert).
    ///
    /// ```
    /// use cdn_origin::{BuildError, tenants::{Tenant, VirtualHosts}};
    ///
    /// /// One row of a table of customers: the host that they own, and their origin.
    /// fn add(hosts: &VirtualHosts, host: &str, origin: &str) -> Result<(), BuildError> {
    ///     hosts.insert(host, Tenant::new(origin))
    /// }
    /// ```
    pub fn new<U>(url: U) -> Self
    where
        U: TryInto<OriginUrl>,
        U::Error: Into<InvalidValue>,
    {
        Self::of(CdnOriginConnector::builder(url))
    }

    /// A tenant with the URL and the names of this builder.
    pub(crate) fn of(names: CdnOriginBuilder) -> Self {
        Self {
            names,
            connector: None,
            change_proxy: None,
        }
    }

    /// Sets the host and port, or the Unix socket, to dial.
    ///
    /// The default is the URL's host and port.
    ///
    /// ```
    /// use cdn_origin::tenants::Tenant;
    ///
    /// // All tenants are behind one edge, and each has its own name there.
    /// let tenant = Tenant::new("https://shop-7.example").dial("edge.example:443");
    /// # drop(tenant);
    /// ```
    pub fn dial<T>(self, target: T) -> Self
    where
        T: TryInto<DialTarget>,
        T::Error: Into<InvalidValue>,
    {
        self.with_names(|names| names.dial(target))
    }

    /// Sets the name that is sent in SNI. The expected name and the Host follow it.
    ///
    /// The default is the URL's host.
    ///
    /// ```
    /// use cdn_origin::tenants::Tenant;
    ///
    /// let tenant = Tenant::new("https://d1234567890.cloudfront.net").sni("shop-7.example");
    /// # drop(tenant);
    /// ```
    pub fn sni<N>(self, name: N) -> Self
    where
        N: TryInto<Sni>,
        N::Error: Into<InvalidValue>,
    {
        self.with_names(|names| names.sni(name))
    }

    /// Sets the name that the certificate must be valid for.
    ///
    /// The default is the SNI, else the URL's host.
    ///
    /// ```
    /// use cdn_origin::tenants::Tenant;
    ///
    /// // The edge presents the certificate of its own name, whatever the SNI.
    /// let tenant = Tenant::new("https://edge.example")
    ///     .sni("shop-7.example")
    ///     .expected_name("edge.example");
    /// # drop(tenant);
    /// ```
    pub fn expected_name<N>(self, name: N) -> Self
    where
        N: TryInto<ExpectedName>,
        N::Error: Into<InvalidValue>,
    {
        self.with_names(|names| names.expected_name(name))
    }

    /// Sets the Host that the origin gets, unless the template has a Host layer.
    ///
    /// The default is the SNI if it was set, else the URL's host and port.
    ///
    /// ```
    /// use cdn_origin::tenants::Tenant;
    ///
    /// let tenant = Tenant::new("https://edge.example").host("shop-7.example");
    /// # drop(tenant);
    /// ```
    pub fn host<A>(self, authority: A) -> Self
    where
        A: TryInto<HostAuthority>,
        A::Error: Into<InvalidValue>,
    {
        self.with_names(|names| names.host(authority))
    }

    /// Sets a label by which metrics, spans and logs tell this tenant from others.
    ///
    /// The default is none: they show only the dialled address. See [`CdnOriginBuilder::label`].
    ///
    /// ```
    /// use cdn_origin::tenants::Tenant;
    ///
    /// let tenant = Tenant::new("https://origin.example").host("shop.example").label("shop");
    /// # drop(tenant);
    /// ```
    pub fn label(self, label: impl Into<String>) -> Self {
        self.with_names(|names| names.label(label))
    }

    /// Changes the connector of this tenant, such as its verification, client certificate or
    /// timeouts.
    ///
    /// The function gets a builder with the template's settings and this tenant's names, and
    /// returns the changed builder. By default, nothing is changed. A further call replaces the
    /// function.
    ///
    /// A tenant with such a function has its own DNS cache. If the function calls a setter of TLS,
    /// the tenant also has its own TLS client. A [reload](crate::CdnOriginConnector::reload) of the
    /// template does not change such a tenant: insert it again. The template's observers and egress
    /// guard stay, unless the function replaces the guard.
    ///
    /// ```
    /// use cdn_origin::{tenants::Tenant, tls::{SpkiPin, VerifyPolicy}};
    ///
    /// # fn tenant(pin: SpkiPin) -> Tenant {
    /// Tenant::new("https://shop.origin.example")
    ///     .connector(move |builder| builder.verify(VerifyPolicy::pinned(pin.clone())))
    /// # }
    /// ```
    pub fn connector(
        mut self,
        change: impl Fn(CdnOriginBuilder) -> CdnOriginBuilder + Send + Sync + 'static,
    ) -> Self {
        self.connector = Some(Arc::new(change));
        self
    }

    /// Changes the settings of this tenant's proxy, such as its limits, paths, fields or error
    /// pages.
    ///
    /// The function gets a proxy with the template's settings. By default, nothing is changed. A
    /// further call replaces the function.
    ///
    /// ```
    /// use cdn_origin::tenants::Tenant;
    ///
    /// let tenant = Tenant::new("https://shop.origin.example")
    ///     .proxy(|proxy| proxy.map_request(|parts| drop(parts.headers.remove("x-debug"))));
    /// # drop(tenant);
    /// ```
    pub fn proxy(
        mut self,
        change: impl Fn(OriginProxy) -> OriginProxy + Send + Sync + 'static,
    ) -> Self {
        self.change_proxy = Some(Arc::new(change));
        self
    }

    fn with_names(mut self, change: impl FnOnce(CdnOriginBuilder) -> CdnOriginBuilder) -> Self {
        self.names = change(self.names);
        self
    }

    /// Checks the tenant, and that the egress guard allows its origin, if that is an IP address.
    pub(super) fn check_to_insert(
        self,
        template: &OriginProxy,
    ) -> Result<CheckedTenant, BuildError> {
        let tenant = self.check(template)?;
        match tenant.builder(connector_of(template)).denied_address() {
            Some(denied) => Err(BuildError::of(denied)),
            None => Ok(tenant),
        }
    }

    /// Checks the names, and what the tenant changes in the template's connector.
    pub(super) fn check(self, template: &OriginProxy) -> Result<CheckedTenant, BuildError> {
        let (url, names) = self.names.into_names()?;
        let tenant = CheckedTenant {
            url,
            names,
            connector: self.connector,
            change_proxy: self.change_proxy,
        };
        if tenant.connector.is_some() {
            tenant.connector(connector_of(template))?;
        }
        Ok(tenant)
    }
}

impl CheckedTenant {
    /// The proxy of this tenant.
    ///
    /// # Errors
    ///
    /// Fails if the names contradict the template, such as ECH for a URL with an IP address.
    pub(super) fn proxy(
        &self,
        template: &OriginProxy,
        budget: Option<Arc<ConnectionBudget>>,
    ) -> Result<OriginProxy, BuildError> {
        let connector = self.connector(connector_of(template))?;
        let proxy = proxy_from_template(template, connector, budget);
        Ok(match &self.change_proxy {
            Some(change) => change(proxy),
            None => proxy,
        })
    }

    /// The connector of this tenant.
    fn connector(&self, template: &CdnOriginConnector) -> Result<CdnOriginConnector, BuildError> {
        let builder = self.builder(template);
        match &self.connector {
            Some(_) => builder.build_beside(template),
            None => builder.build_sharing(template),
        }
    }

    fn builder(&self, template: &CdnOriginConnector) -> CdnOriginBuilder {
        let builder = template.to_builder();
        let builder = builder.with_origin(self.url.clone(), self.names.clone());
        match &self.connector {
            Some(change) => change(builder),
            None => builder,
        }
    }
}

/// Checks that clients who choose the hosts cannot choose any destination.
pub(super) fn check_guard(template: &OriginProxy) -> Result<(), BuildError> {
    let connector = connector_of(template).to_builder();
    if connector
        .dialling_setters()
        .any(|setter| setter == "egress_guard")
    {
        return Ok(());
    }
    let why = "clients choose these names: call `egress_guard(..)` on the connector";
    let kind = BuildProblemKind::Contradiction;
    Err(BuildError::of(BuildProblem::new("on_demand", kind, why)))
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}
