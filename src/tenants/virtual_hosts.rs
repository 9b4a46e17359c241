//! `VirtualHosts`: the settings of a service with many tenants, and the changes of tenants.
//!
//! `find_tenant.rs` looks the tenant of a request up.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use http::{StatusCode, request::Parts};

use crate::{error::BuildError, group::OriginGroup, pool::ConnectionBudget, proxy::OriginProxy};

use super::{
    Tenant,
    host_entry::HostOrigin,
    host_key::{checked_key, host_key},
    registry::Registry,
    tenant::check_guard,
};

/// Proxies each request to the origin of its tenant.
///
/// The error type of the service is `Infallible`: failures become responses.
///
/// A tenant's proxy is built when its first request arrives, and kept while it is used. All proxies
/// have the settings of one template, and share its certificates, DNS cache and observers. A
/// [reload](crate::CdnOriginConnector::reload) of the template's connector changes all of them.
/// Clones share the tenants.
///
/// | call | default |
/// |---|---|
/// | [`insert`](Self::insert), [`insert_group`](Self::insert_group) | no tenant |
/// | [`select`](Self::select) | by host |
/// | [`unknown`](Self::unknown) | 421 |
/// | [`on_demand`](Self::on_demand) | unknown hosts are refused |
/// | [`max_active`](Self::max_active) | 1024 proxies |
/// | [`idle_timeout`](Self::idle_timeout) | 10 minutes |
/// | [`max_connections`](Self::max_connections), of all tenants together | none |
/// | [`PoolSettings::max_connections`] of the template, for each tenant | 256 |
///
/// The [module](super) shows an example.
///
/// Tenants may be added and removed while requests arrive: `insert` and `remove` take `&self`.
///
/// [`PoolSettings::max_connections`]: crate::pool::PoolSettings::max_connections
#[derive(Clone)]
#[must_use = "a service does nothing until it is called"]
pub struct VirtualHosts {
    pub(super) registry: Arc<Registry>,
    pub(super) settings: Arc<HostSettings>,
}

#[derive(Clone)]
pub(super) struct HostSettings {
    pub(super) select: Option<Arc<Select>>,
    pub(super) rule: Option<Arc<OnDemandRule>>,
    pub(super) unknown: StatusCode,
    pub(super) max_active: usize,
    pub(super) idle_timeout: Duration,
    pub(super) budget: Option<Arc<ConnectionBudget>>,
}

pub(super) type Select = dyn Fn(&Parts) -> Option<String> + Send + Sync;
pub(super) type OnDemandRule = dyn Fn(&str) -> Option<Tenant> + Send + Sync;

impl VirtualHosts {
    /// Creates a service without tenants.
    ///
    /// All proxies get the settings of the template. Give it a connector for [any
    /// origin](crate::CdnOriginConnector::any_origin): a fixed origin of the template would get no
    /// requests.
    ///
    /// ```
    /// use cdn_origin::{
    ///     CdnOriginConnector, OriginProxy,
    ///     tenants::{Tenant, VirtualHosts},
    /// };
    ///
    /// let template = OriginProxy::new(CdnOriginConnector::any_origin().build()?);
    /// let hosts = VirtualHosts::new(template);
    /// hosts.insert("shop.example", Tenant::new("https://d1234567890.cloudfront.net"))?;
    /// assert_eq!(hosts.hosts(), ["shop.example"]);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn new(template: OriginProxy) -> Self {
        Self {
            registry: Arc::new(Registry::new(template)),
            settings: Arc::new(HostSettings {
                select: None,
                rule: None,
                unknown: StatusCode::MISDIRECTED_REQUEST,
                max_active: 1024,
                idle_timeout: Duration::from_secs(600),
                budget: None,
            }),
        }
    }

    /// Chooses the tenant by a function of the request's head, instead of by its host.
    ///
    /// The function returns the name that the tenant was [inserted](Self::insert) with. If it
    /// returns `None`, the request goes to the tenant `*`, or gets the [response](Self::unknown)
    /// for unknown hosts.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, tenants::VirtualHosts};
    ///
    /// # fn hosts(template: OriginProxy) -> VirtualHosts {
    /// VirtualHosts::new(template).select(|head| {
    ///     let tenant = head.headers.get("x-tenant")?.to_str().ok()?;
    ///     Some(tenant.to_owned())
    /// })
    /// # }
    /// ```
    pub fn select(
        mut self,
        function: impl Fn(&Parts) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.settings_mut().select = Some(Arc::new(function));
        self
    }

    /// Sets the status for requests whose host belongs to no tenant.
    ///
    /// The default is 421 (Misdirected Request): a client may try again on another connection. A
    /// status that is no error has no effect. To proxy these requests, [insert](Self::insert) a
    /// tenant for the host `*`.
    ///
    /// The template creates the response like its other error responses. Its
    /// [`map_response`](OriginProxy::map_response) functions get it, with an error of kind
    /// [`RequestProblem::HostUnknown`](crate::error::RequestProblem::HostUnknown).
    /// The observers of the template's connector get the record of the request, without an origin.
    /// Metrics count it under the address `other`, because clients choose the host.
    ///
    /// ```
    /// # let hosts = |template| cdn_origin::tenants::VirtualHosts::new(template)
    /// .unknown(http::StatusCode::NOT_FOUND);
    /// ```
    pub fn unknown(mut self, status: StatusCode) -> Self {
        if status.is_client_error() || status.is_server_error() {
            self.settings_mut().unknown = status;
        }
        self
    }

    /// Creates tenants by a rule for hosts that have none, when their first request arrives.
    ///
    /// HAProxy does this with `sni req.hdr(host)`. Clients choose the host, so the rule must return
    /// `None` for each host that is not yours, and the template's connector needs an [egress
    /// guard](crate::connector::CdnOriginBuilder::egress_guard). The rule gets valid hosts only, in
    /// lower case and without port. It cannot wait: insert the hosts of a database instead. The
    /// tenant is removed when its proxy is dropped.
    ///
    /// # Errors
    ///
    /// Fails if the template's connector has no egress guard.
    ///
    /// ```
    /// use cdn_origin::{
    ///     BuildError, CdnOriginConnector, OriginProxy,
    ///     dial::EgressGuard,
    ///     tenants::{Tenant, VirtualHosts},
    /// };
    ///
    /// # fn hosts() -> Result<VirtualHosts, BuildError> {
    /// let connector = CdnOriginConnector::any_origin()
    ///     .egress_guard(EgressGuard::deny_private())
    ///     .build()?;
    /// VirtualHosts::new(OriginProxy::new(connector)).on_demand(|host| {
    ///     let is_ours = host.ends_with(".shops.example");
    ///     is_ours.then(|| Tenant::new(format!("https://{host}")))
    /// })
    /// # }
    /// ```
    pub fn on_demand(
        mut self,
        rule: impl Fn(&str) -> Option<Tenant> + Send + Sync + 'static,
    ) -> Result<Self, BuildError> {
        check_guard(&self.registry.template())?;
        self.settings_mut().rule = Some(Arc::new(rule));
        Ok(self)
    }

    /// Sets the maximum number of proxies that are kept.
    ///
    /// The default is 1024. Zero counts as one. Beyond it, the least recently used proxy is
    /// dropped: its requests in flight finish, its idle connections close, and its next request
    /// builds it again.
    ///
    /// ```
    /// # use cdn_origin::{OriginProxy, tenants::VirtualHosts};
    /// # fn hosts(template: OriginProxy) -> VirtualHosts {
    /// // Ten thousand tenants, of which some hundred have traffic at a time.
    /// VirtualHosts::new(template).max_active(500)
    /// # }
    /// ```
    pub fn max_active(mut self, count: usize) -> Self {
        self.settings_mut().max_active = count.max(1);
        self
    }

    /// Sets how long a proxy is kept without a request. The default is 10 minutes.
    ///
    /// Proxies that have been idle for that long are dropped when another one is built.
    pub fn idle_timeout(mut self, time: Duration) -> Self {
        self.settings_mut().idle_timeout = time;
        self
    }

    /// Sets the maximum number of open connections of all tenants together.
    ///
    /// There is no maximum by default: each tenant has only the limit of its own pool.
    ///
    /// No tenant can take all connections: it opens another only while it holds fewer than four
    /// times the number of free ones. Of 900 connections, one busy tenant gets 720, and two get 400
    /// each. Beyond that, requests wait for a connection of their tenant, or until another tenant
    /// closes one. A tenant without a connection may always open one, so the total may exceed the
    /// limit if many tenants have one. Existing proxies keep the limit with which they were built.
    ///
    /// ```
    /// use cdn_origin::{OriginProxy, tenants::VirtualHosts};
    ///
    /// # fn hosts(template: OriginProxy) -> VirtualHosts {
    /// VirtualHosts::new(template).max_connections(4096)
    /// # }
    /// ```
    pub fn max_connections(mut self, count: usize) -> Self {
        self.settings_mut().budget = Some(ConnectionBudget::new(count));
        self
    }

    /// Adds or replaces the tenant of a host, even while requests are served.
    ///
    /// The requests of a replaced tenant finish. Case, port and final dot do not matter.
    ///
    /// `*.shops.example` stands for `a.shops.example` and `b.a.shops.example`, but not for
    /// `shops.example`. A host itself goes before a wildcard, and a long wildcard before a short
    /// one, as in nginx. The tenant of `*` gets the requests whose host has no other.
    ///
    /// ```
    /// use cdn_origin::{BuildError, tenants::{Tenant, VirtualHosts}};
    ///
    /// # fn insert(hosts: &VirtualHosts) -> Result<(), BuildError> {
    /// hosts.insert("shop.example", Tenant::new("https://shop.origin.example"))?;
    /// hosts.insert("*.shops.example", Tenant::new("https://shops.origin.example"))?;
    /// hosts.insert("*", Tenant::new("https://parking.example"))
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the host is invalid, such as `a.*.example`, or the tenant has an invalid name or
    /// [connector](Tenant::connector), or an IP address that the guard denies. Nothing changes.
    pub fn insert(&self, host: &str, tenant: Tenant) -> Result<(), BuildError> {
        let key = checked_key("insert", host)?;
        let tenant = tenant.check_to_insert(&self.registry.template())?;
        self.registry
            .insert(&key, HostOrigin::Tenant(Arc::new(tenant)));
        Ok(())
    }

    /// Adds a group for a host, or replaces its tenant, as [`insert`](Self::insert) does.
    ///
    /// The group has its own settings: those of the template do not apply. It is kept until it is
    /// replaced or removed. [`max_connections`](Self::max_connections) does not count its
    /// connections.
    ///
    /// ```
    /// use cdn_origin::{BuildError, CdnOriginConnector, group::OriginGroup, tenants::VirtualHosts};
    ///
    /// # fn insert(hosts: &VirtualHosts, a: CdnOriginConnector) -> Result<(), BuildError> {
    /// hosts.insert_group("shop.example", OriginGroup::builder().tier([a]).build()?)
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the host is not a valid one, such as `a.*.example`.
    pub fn insert_group(&self, host: &str, group: OriginGroup) -> Result<(), BuildError> {
        let key = checked_key("insert_group", host)?;
        self.registry.insert(&key, HostOrigin::Group(group));
        Ok(())
    }

    /// Removes the tenant or the group of a host. Its requests in flight finish. Returns whether
    /// there was one.
    ///
    /// The host may be inserted again at once: the new tenant has a proxy of its own.
    #[expect(clippy::must_use_candidate, reason = "the tenant is gone either way")]
    pub fn remove(&self, host: &str) -> bool {
        self.registry.remove(&host_key(host))
    }

    /// Returns the hosts that have a tenant or a group, in no particular order.
    ///
    /// Hosts whose tenant a [rule](Self::on_demand) created are listed while their proxy exists.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        self.registry.hosts()
    }

    /// Returns the proxy of a host, if it exists now.
    ///
    /// Returns `None` for a host whose first request has not arrived, and for a group.
    ///
    /// ```
    /// # use cdn_origin::tenants::VirtualHosts;
    /// # fn log(hosts: &VirtualHosts) {
    /// if let Some(proxy) = hosts.proxy("shop.example") {
    ///     println!("{:?}", proxy.snapshot());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn proxy(&self, host: &str) -> Option<OriginProxy> {
        self.registry.get(&host_key(host))?.proxy()
    }

    /// Returns the group of a host, to read and change its members.
    ///
    /// ```
    /// # use cdn_origin::tenants::VirtualHosts;
    /// # fn weigh(hosts: &VirtualHosts) {
    /// if let Some(group) = hosts.group("shop.example") {
    ///     group.set_weight("canary", 5);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn group(&self, host: &str) -> Option<OriginGroup> {
        self.registry.get(&host_key(host))?.group()
    }

    /// Returns the proxies that exist now, with their hosts, in no particular order.
    ///
    /// ```
    /// # fn log(hosts: &cdn_origin::tenants::VirtualHosts) {
    /// for (host, proxy) in hosts.proxies() {
    ///     println!("{host}: {} open connections", proxy.snapshot().pool.open);
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn proxies(&self) -> Vec<(String, OriginProxy)> {
        self.registry.proxies()
    }

    /// [Drains](OriginProxy::drain) all proxies and groups, for a shutdown.
    ///
    /// From this call on, all tenants answer new requests with 503, also those whose proxy is built
    /// later. The future resolves when no request that was accepted runs any longer, not even at a
    /// tenant that was replaced or removed before. A group that was removed is only waited for: it
    /// may serve elsewhere.
    ///
    /// ```
    /// # async fn shut_down(hosts: cdn_origin::tenants::VirtualHosts) {
    /// let (drained, ()) = (hosts.drain(), hosts.close_tunnels());
    /// let _ = tokio::time::timeout(std::time::Duration::from_secs(30), drained).await;
    /// # }
    /// ```
    pub fn drain(&self) -> impl Future<Output = ()> + Send + use<> {
        self.registry.drain()
    }

    /// [Closes all tunnels](OriginProxy::close_tunnels) of all tenants and groups, also of those
    /// that were replaced or removed.
    ///
    /// ```
    /// # let shut_down = |hosts: cdn_origin::tenants::VirtualHosts|
    /// hosts.close_tunnels();
    /// ```
    pub fn close_tunnels(&self) {
        self.registry.close_tunnels();
    }

    #[cfg(feature = "serde")]
    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Checks another template.
    #[cfg(feature = "serde")]
    pub(super) fn check_template(&self, template: &OriginProxy) -> Result<(), BuildError> {
        match &self.settings.rule {
            Some(_) => check_guard(template),
            None => Ok(()),
        }
    }

    fn settings_mut(&mut self) -> &mut HostSettings {
        Arc::make_mut(&mut self.settings)
    }
}

impl fmt::Debug for VirtualHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualHosts")
            .field("hosts", &self.registry.len())
            .field("active", &self.registry.active())
            .finish_non_exhaustive()
    }
}
