//! `HostEntry`: one host with its origin.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use crate::{error::BuildError, group::OriginGroup, proxy::OriginProxy};

use super::tenant::CheckedTenant;

/// What the requests of a host go to.
#[derive(Clone)]
pub(super) enum HostOrigin {
    Tenant(Arc<CheckedTenant>),
    Group(OriginGroup),
}

/// One host, and the proxy of its tenant once it is used.
pub(super) struct HostEntry {
    host: Box<str>,
    origin: HostOrigin,
    /// The template and the tenant's settings are applied under its lock.
    proxy: Mutex<Option<OriginProxy>>,
    /// In milliseconds since the registry was made.
    last_used: AtomicU64,
    /// Made by `on_demand`: removed when its proxy is dropped.
    on_demand: bool,
    /// It was replaced or removed.
    is_retired: AtomicBool,
}

impl HostEntry {
    pub(super) fn new(host: &str, origin: HostOrigin, on_demand: bool) -> Self {
        Self {
            host: host.into(),
            origin,
            proxy: Mutex::default(),
            last_used: AtomicU64::new(0),
            on_demand,
            is_retired: AtomicBool::new(false),
        }
    }

    /// The entry once more, without a proxy. `None` if it was made on demand.
    pub(super) fn without_proxy(&self) -> Option<Self> {
        let again = || Self::new(&self.host, self.origin.clone(), false);
        (!self.on_demand).then(again)
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn origin(&self) -> &HostOrigin {
        &self.origin
    }

    /// The group, if it is one.
    pub(super) fn group(&self) -> Option<OriginGroup> {
        match &self.origin {
            HostOrigin::Group(group) => Some(group.clone()),
            HostOrigin::Tenant(_) => None,
        }
    }

    /// The proxy, if it exists.
    pub(super) fn proxy(&self) -> Option<OriginProxy> {
        self.lock().clone()
    }

    /// The proxy, which is built if there is none.
    pub(super) fn proxy_or(
        &self,
        build: impl FnOnce() -> Result<OriginProxy, BuildError>,
    ) -> Result<OriginProxy, BuildError> {
        let mut proxy = self.lock();
        match &*proxy {
            Some(proxy) => Ok(proxy.clone()),
            None => Ok(proxy.insert(build()?).clone()),
        }
    }

    pub(super) fn is_on_demand(&self) -> bool {
        self.on_demand
    }

    pub(super) fn is_retired(&self) -> bool {
        self.is_retired.load(Relaxed)
    }

    pub(super) fn last_used(&self) -> u64 {
        self.last_used.load(Relaxed)
    }

    pub(super) fn used_at(&self, now: u64) {
        self.last_used.store(now, Relaxed);
    }

    /// Notes that it was replaced or removed.
    pub(super) fn retire(&self) {
        self.is_retired.store(true, Relaxed);
    }

    /// Drains the group. A former one may serve others than these hosts: it is only waited for.
    pub(super) fn drain_group(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let group = self.group()?;
        if !self.is_retired() {
            drop(group.drain());
        }
        Some(group.requests().ended())
    }

    /// Its connections close when their requests have ended.
    pub(super) fn retire_connections(&self) {
        if let Some(group) = self.group() {
            group.retire_connections();
        }
        if let Some(proxy) = self.proxy() {
            proxy.retire_connections();
        }
    }

    /// Waits until no request runs. `None` if none runs now.
    pub(super) fn running(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let requests = self.group().map(|group| group.requests());
        let requests = requests.filter(|requests| requests.in_flight() > 0);
        let proxy = self.proxy().filter(|proxy| proxy.in_flight() > 0);
        (requests.is_some() || proxy.is_some()).then_some(async move {
            if let Some(requests) = requests {
                requests.ended().await;
            }
            if let Some(proxy) = proxy {
                proxy.origin_pool().clone().drained().await;
            }
        })
    }

    pub(super) fn close_tunnels(&self) {
        if let Some(group) = self.group() {
            group.close_tunnels();
        }
        if let Some(proxy) = self.proxy() {
            proxy.close_tunnels();
        }
    }

    /// The requests that run at the proxy of its tenant.
    pub(super) fn in_flight(&self) -> usize {
        self.lock().as_ref().map_or(0, OriginProxy::in_flight)
    }

    /// The value is whole at each moment, so poison means nothing.
    fn lock(&self) -> MutexGuard<'_, Option<OriginProxy>> {
        self.proxy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
