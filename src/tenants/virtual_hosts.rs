//! `VirtualHosts`: the service that chooses the tenant of each request.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, StatusCode, request::Parts};
use http_body::Body;
use tower::BoxError;
use tower_service::Service;

use crate::{
    error::{BuildError, BuildProblem, BuildProblemKind, ErrorKind, HostProblem},
    pool::ConnectionBudget,
    proxy::{OriginProxy, ProxyBody, Proxying, connector_of, refuse_unrouted},
};

use super::{
    Tenant, UnknownHost,
    host_key::{host_key, host_of},
    registry::Registry,
    tenant::CheckedTenant,
};

/// Proxies each request to the origin of its tenant: a `Service` that never fails.
///
/// A tenant's proxy is built when its first request arrives, and kept while it is used. All proxies
/// have the settings of one template, and share its certificates, DNS cache and observers. A
/// [reload](crate::CdnOriginConnector::reload) of the template's connector changes all of them.
/// Clones share the tenants.
///
/// | call | default |
/// |---|---|
/// | [`insert`](Self::insert), [`remove`](Self::remove) | no tenant |
/// | [`select`](Self::select) | by host |
/// | [`unknown`](Self::unknown) | [`UnknownHost::Misdirected`] |
/// | [`on_demand`](Self::on_demand) | unknown hosts are refused |
/// | [`max_active`](Self::max_active) | 1024 proxies |
/// | [`idle_timeout`](Self::idle_timeout) | 10 minutes |
/// | [`max_connections`](Self::max_connections) | none for all tenants together |
///
/// The [module](super) shows an example.
#[derive(Clone)]
#[must_use = "a service does nothing until it is called"]
pub struct VirtualHosts {
    registry: Arc<Registry>,
    settings: Arc<HostSettings>,
}

#[derive(Clone)]
struct HostSettings {
    template: OriginProxy,
    select: Option<Arc<Select>>,
    rule: Option<Arc<OnDemandRule>>,
    unknown: UnknownHost,
    max_active: usize,
    idle_timeout: Duration,
    budget: Option<Arc<ConnectionBudget>>,
}

/// The host of the tenant for all hosts that belong to no other.
const DEFAULT: &str = "*";

/// Why no tenant is found for a request.
const UNKNOWN: ErrorKind = ErrorKind::Host(HostProblem::Unknown);

type Select = dyn Fn(&Parts) -> Option<String> + Send + Sync;
type OnDemandRule = dyn Fn(&str) -> Option<Tenant> + Send + Sync;

impl VirtualHosts {
    /// Creates a service without tenants.
    ///
    /// All proxies get the settings of the template. Give it a connector for [any
    /// origin](crate::CdnOriginConnector::any_origin): a fixed origin of the template would get no
    /// requests.
    pub fn new(template: OriginProxy) -> Self {
        Self {
            registry: Arc::new(Registry::new()),
            settings: Arc::new(HostSettings {
                template,
                select: None,
                rule: None,
                unknown: UnknownHost::default(),
                max_active: 1024,
                idle_timeout: Duration::from_secs(600),
                budget: None,
            }),
        }
    }

    /// Chooses the tenant by a function of the request's head, instead of by its host.
    ///
    /// The function returns the name that the tenant was [inserted](Self::insert) with. If it
    /// returns `None`, the request goes to the tenant `*`, or gets the [answer](Self::unknown) for
    /// unknown hosts.
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

    /// Sets the answer to requests whose host belongs to no tenant. The default is 421.
    ///
    /// To proxy these requests, [insert](Self::insert) a tenant for the host `*`.
    ///
    /// The template creates the answer like its other error responses. Its response hooks get it,
    /// with an error of kind [`HostProblem::Unknown`](crate::error::HostProblem::Unknown).
    pub fn unknown(mut self, rule: UnknownHost) -> Self {
        self.settings_mut().unknown = rule;
        self
    }

    /// Creates tenants for unknown hosts by a rule, when their first request arrives.
    ///
    /// HAProxy does this with `sni req.hdr(host)`. Clients choose the host, so the rule must return
    /// `None` for each host that is not yours, and the template's connector needs an [egress
    /// guard](crate::connector::CdnOriginBuilder::egress_guard). The tenant is removed when its
    /// proxy is dropped. The rule gets the host in lower case, without port.
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
        let connector = connector_of(&self.settings.template).to_builder();
        let mut setters = connector.dialling_setters();
        if !setters.any(|setter| setter == "egress_guard") {
            let why = "clients choose these names: call `egress_guard(..)` on the connector";
            return Err(problem("on_demand", BuildProblemKind::Contradiction, why));
        }
        self.settings_mut().rule = Some(Arc::new(rule));
        Ok(self)
    }

    /// Sets the maximum number of proxies that are kept.
    ///
    /// The default is 1024. Zero counts as one. Beyond it, the least recently used proxy is
    /// dropped: its requests in flight finish, its idle connections close, and its next request
    /// builds it again.
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
    /// There is no maximum by default: each tenant has only the limit of its own pool. No tenant
    /// can take all connections: it opens another only while it holds fewer than four times the
    /// number of free ones. So one busy tenant gets four fifths, and two get four ninths each.
    /// Beyond that, requests wait for the connections of their tenant. A tenant without a
    /// connection may always open one, so the total may exceed the limit if most tenants have only
    /// one. Existing proxies keep the limit with which they were built.
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

    /// Adds or replaces the tenant of a host. Call it at any time, even while requests are served.
    ///
    /// The requests of a replaced tenant finish. Case, port and final dot of the host do not
    /// matter. The tenant of the host `*` is the default: it gets the requests whose host has no
    /// other tenant, as with nginx's `default_server`. No other wildcards are allowed.
    ///
    /// ```
    /// use cdn_origin::{BuildError, tenants::{Tenant, VirtualHosts}};
    ///
    /// # fn insert(hosts: &VirtualHosts) -> Result<(), BuildError> {
    /// hosts.insert("shop.example", Tenant::new("https://shop.origin.example"))?;
    /// hosts.insert("*", Tenant::new("https://parking.example"))
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the host is empty or has a wildcard, or the tenant has an invalid name or
    /// [connector](Tenant::connector). An earlier tenant of the host then stays.
    pub fn insert(&self, host: &str, tenant: Tenant) -> Result<(), BuildError> {
        let key = host_key(host);
        if key.is_empty() {
            let why = "the host is empty";
            return Err(problem("insert", BuildProblemKind::InvalidName, why));
        }
        if key.contains('*') && key != DEFAULT {
            let why = "hosts have no wildcards: use `on_demand`, or `*` for all other hosts";
            return Err(problem("insert", BuildProblemKind::InvalidName, why));
        }
        self.registry
            .insert(&key, tenant.check(&self.settings.template)?);
        Ok(())
    }

    /// Removes the tenant of a host. Its requests in flight finish. Returns whether there was one.
    #[expect(clippy::must_use_candidate, reason = "the tenant is gone either way")]
    pub fn remove(&self, host: &str) -> bool {
        self.registry.remove(&host_key(host))
    }

    /// Returns the hosts that have a tenant, in no particular order.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        self.registry.hosts()
    }

    /// Returns how many proxies exist now.
    #[must_use]
    pub fn active(&self) -> usize {
        self.registry.active()
    }

    /// Returns the proxy of a host, if it exists now.
    #[must_use]
    pub fn proxy(&self, host: &str) -> Option<OriginProxy> {
        self.registry.get(&host_key(host))?.proxy()
    }

    /// Returns the proxies that exist now, with their hosts, in no particular order.
    ///
    /// ```
    /// # fn log(hosts: &cdn_origin::tenants::VirtualHosts) {
    /// for (host, proxy) in hosts.proxies() {
    ///     println!("{host}: {} open connections", proxy.snapshot().pool().open());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn proxies(&self) -> Vec<(String, OriginProxy)> {
        self.registry.proxies()
    }

    /// Stops accepting requests at all proxies, for a shutdown, and waits for those in flight.
    ///
    /// See [`OriginProxy::drain`]. Proxies that are built later are not drained: stop the server
    /// first.
    pub fn drain(&self) -> impl Future<Output = ()> + Send + use<> {
        let draining: Vec<_> = self
            .registry
            .proxies()
            .iter()
            .map(|(_, proxy)| proxy.drain())
            .collect();
        async move {
            for drained in draining {
                drained.await;
            }
        }
    }

    /// The proxy of a host, else why there is none.
    fn find(&self, host: &str) -> Result<OriginProxy, ErrorKind> {
        let HostSettings {
            template,
            rule,
            max_active,
            idle_timeout,
            budget,
            ..
        } = &*self.settings;
        // A request without a host, or for which `select` returned none, is not for the rule.
        let rule = rule.as_ref().filter(|_| !host.is_empty());
        let entry = match self.registry.get(host) {
            Some(entry) => entry,
            None => match rule.and_then(|rule| rule(host)) {
                Some(tenant) => {
                    let tenant = tenant.check(template);
                    let tenant = tenant.map_err(|error| unusable(host, &error))?;
                    self.registry.insert_on_demand(host, tenant)
                }
                None => self.registry.get(DEFAULT).ok_or(UNKNOWN)?,
            },
        };
        let build = |tenant: &CheckedTenant| tenant.proxy(template, budget.clone());
        let proxy = self
            .registry
            .proxy(&entry, build, *max_active, *idle_timeout);
        proxy.map_err(|error| unusable(host, &error))
    }

    fn choose(&self, parts: &Parts) -> Result<OriginProxy, ErrorKind> {
        match &self.settings.select {
            None => self.find(&host_key(host_of(parts).unwrap_or_default())),
            Some(select) => self.find(&host_key(&select(parts).unwrap_or_default())),
        }
    }

    fn settings_mut(&mut self) -> &mut HostSettings {
        Arc::make_mut(&mut self.settings)
    }
}

fn problem(setter: &'static str, kind: BuildProblemKind, why: &'static str) -> BuildError {
    BuildError::of(BuildProblem::new(setter, kind, why))
}

/// The tenant contradicts the template.
fn unusable(host: &str, error: &BuildError) -> ErrorKind {
    tracing::error!(host, %error, "the proxy of a tenant cannot be built");
    ErrorKind::UnsupportedUri
}

impl<B> Service<Request<B>> for VirtualHosts
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = http::Response<ProxyBody>;
    type Error = Infallible;
    type Future = Proxying;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let chosen = self.choose(&parts);
        let request = Request::from_parts(parts, body);
        match chosen {
            Ok(mut proxy) => proxy.call(request),
            Err(kind) => {
                let status = match kind {
                    UNKNOWN => self.settings.unknown.status(),
                    _ => StatusCode::INTERNAL_SERVER_ERROR,
                };
                refuse_unrouted(&self.settings.template, request, kind, status)
            }
        }
    }
}

impl fmt::Debug for VirtualHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualHosts")
            .field("hosts", &self.registry.len())
            .field("active", &self.active())
            .finish_non_exhaustive()
    }
}
