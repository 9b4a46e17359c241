//! `Registry`: all tenants, and the proxies built for them.
//!
//! It keeps at most `max_active` proxies, and drops one that was idle for `idle_timeout`.
//! `find_tenant.rs` looks tenants up.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{
            AtomicBool, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::{error::BuildError, group::OriginGroup, proxy::OriginProxy};

use super::tenant::CheckedTenant;

/// The tenants by host.
pub(super) struct Registry {
    template: RwLock<OriginProxy>,
    hosts: RwLock<HashMap<Box<str>, Arc<HostEntry>>>,
    /// The entries that have a proxy.
    active: Mutex<Vec<Arc<HostEntry>>>,
    /// What is built or added from now on refuses requests.
    is_draining: AtomicBool,
    started: Instant,
}

/// Where a request goes.
pub(super) enum Destination {
    Proxy(OriginProxy),
    Group(OriginGroup),
}

/// What the requests of a host go to.
pub(super) enum HostOrigin {
    Tenant(Box<CheckedTenant>),
    Group(OriginGroup),
}

/// One host, and the proxy of its tenant while it is used.
pub(super) struct HostEntry {
    host: Box<str>,
    origin: HostOrigin,
    proxy: Mutex<Option<OriginProxy>>,
    /// In milliseconds since the registry was made.
    last_used: AtomicU64,
    /// Made by `on_demand`: removed when its proxy is dropped.
    on_demand: bool,
    /// It was replaced or removed.
    is_retired: AtomicBool,
}

impl Registry {
    pub(super) fn new(template: OriginProxy) -> Self {
        Self {
            template: RwLock::new(template),
            hosts: RwLock::default(),
            active: Mutex::default(),
            is_draining: AtomicBool::new(false),
            started: Instant::now(),
        }
    }

    pub(super) fn template(&self) -> OriginProxy {
        let template = self.template.read();
        template.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces the template, and drops all proxies. Requests in flight finish.
    #[cfg(feature = "serde")]
    pub(super) fn set_template(&self, template: OriginProxy) {
        let former = {
            let mut current = self
                .template
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, template)
        };
        drop(former);
        // A proxy that is being built holds the lock of its entry, and is dropped after it.
        let entries: Vec<_> = self.read().values().cloned().collect();
        lock(&self.active).clear();
        for entry in &entries {
            self.deactivate(entry);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.read().len()
    }

    pub(super) fn active(&self) -> usize {
        lock(&self.active).len()
    }

    /// The hosts, in no order.
    pub(super) fn hosts(&self) -> Vec<String> {
        self.read().keys().map(|host| host.to_string()).collect()
    }

    /// Adds or replaces the origin of a host.
    pub(super) fn insert(&self, host: &str, origin: HostOrigin) {
        let entry = Arc::new(HostEntry::new(host, origin, false));
        let replaced = self.write().insert(host.into(), entry.clone());
        self.retire(replaced.as_deref());
        if let Some(group) = entry.group().filter(|_| self.is_draining()) {
            drop(group.drain());
        }
    }

    /// Adds the tenant that the rule made, unless the host has one by now.
    pub(super) fn insert_on_demand(&self, host: &str, tenant: CheckedTenant) -> Arc<HostEntry> {
        let origin = HostOrigin::Tenant(Box::new(tenant));
        let entry = Arc::new(HostEntry::new(host, origin, true));
        self.write().entry(host.into()).or_insert(entry).clone()
    }

    /// Removes a tenant. Returns whether there was one.
    pub(super) fn remove(&self, host: &str) -> bool {
        let removed = self.write().remove(host);
        self.retire(removed.as_deref());
        removed.is_some()
    }

    pub(super) fn get(&self, host: &str) -> Option<Arc<HostEntry>> {
        self.read().get(host).cloned()
    }

    /// From now on, proxies that are built and groups that are added refuse requests. Those that
    /// exist are for the caller to drain, after this call.
    pub(super) fn begin_drain(&self) {
        self.is_draining.store(true, SeqCst);
    }

    /// Read after an entry was listed: a drain that began before has seen the entry, or is seen.
    fn is_draining(&self) -> bool {
        self.is_draining.load(SeqCst)
    }

    /// All groups.
    pub(super) fn groups(&self) -> Vec<OriginGroup> {
        let hosts = self.read();
        hosts.values().filter_map(|entry| entry.group()).collect()
    }

    /// All proxies that exist, with their hosts.
    pub(super) fn proxies(&self) -> Vec<(String, OriginProxy)> {
        let active = lock(&self.active).clone();
        active
            .iter()
            .filter_map(|entry| Some((entry.host.to_string(), entry.proxy()?)))
            .collect()
    }

    /// The proxy of a tenant, which is built if there is none.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be built.
    pub(super) fn proxy(
        &self,
        entry: &Arc<HostEntry>,
        build: impl FnOnce() -> Result<OriginProxy, BuildError>,
        max_active: usize,
        idle: Duration,
    ) -> Result<OriginProxy, BuildError> {
        let now = self.now();
        entry.last_used.store(now, Relaxed);
        let proxy = {
            let mut proxy = lock(&entry.proxy);
            if let Some(proxy) = &*proxy {
                return Ok(proxy.clone());
            }
            match build() {
                Ok(built) => proxy.insert(built).clone(),
                Err(error) => {
                    drop(proxy);
                    self.deactivate(entry);
                    return Err(error);
                }
            }
        };
        let surplus = self.activate(entry, max_active, now, idle);
        for other in &surplus {
            self.deactivate(other);
        }
        if entry.is_retired.load(Relaxed) {
            self.retire(Some(entry));
        }
        if self.is_draining() {
            drop(proxy.drain());
        }
        Ok(proxy)
    }

    /// Lists an entry as active. Returns those that give way: the idle ones, and the least recently
    /// used one of too many.
    fn activate(
        &self,
        entry: &Arc<HostEntry>,
        max_active: usize,
        now: u64,
        idle: Duration,
    ) -> Vec<Arc<HostEntry>> {
        let idle = u64::try_from(idle.as_millis()).unwrap_or(u64::MAX);
        let mut active = lock(&self.active);
        let mut surplus = Vec::new();
        active.retain(|other| {
            let is_idle = now.saturating_sub(other.last_used.load(Relaxed)) >= idle;
            let is_same = Arc::ptr_eq(other, entry);
            if is_idle && !is_same {
                surplus.push(other.clone());
            }
            !is_idle && !is_same
        });
        if active.len() >= max_active {
            let ages = active.iter().map(|other| other.last_used.load(Relaxed));
            let oldest = ages.enumerate().min_by_key(|(_, used)| *used);
            surplus.extend(oldest.map(|(at, _)| active.swap_remove(at)));
        }
        active.push(entry.clone());
        surplus
    }

    /// Drops the proxy of an entry. Requests in flight have it still, and finish.
    fn deactivate(&self, entry: &Arc<HostEntry>) {
        let proxy = lock(&entry.proxy).take();
        if let Some(proxy) = proxy {
            proxy.retire_connections();
        }
        if entry.on_demand {
            let mut hosts = self.write();
            let is_current = hosts
                .get(&entry.host)
                .is_some_and(|it| Arc::ptr_eq(it, entry));
            let removed = is_current.then(|| hosts.remove(&entry.host));
            drop(hosts);
            drop(removed);
        }
    }

    /// Drops the proxy of a tenant that was replaced or removed, and closes the connections of a
    /// group when their requests have ended.
    fn retire(&self, entry: Option<&HostEntry>) {
        let Some(entry) = entry else { return };
        if let HostOrigin::Group(group) = &entry.origin {
            group.retire_connections();
        }
        entry.is_retired.store(true, Relaxed);
        lock(&self.active).retain(|other| !std::ptr::eq(Arc::as_ptr(other), entry));
        let proxy = lock(&entry.proxy).take();
        if let Some(proxy) = proxy {
            proxy.retire_connections();
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<Box<str>, Arc<HostEntry>>> {
        self.hosts.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<Box<str>, Arc<HostEntry>>> {
        self.hosts.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HostEntry {
    fn new(host: &str, origin: HostOrigin, on_demand: bool) -> Self {
        Self {
            host: host.into(),
            origin,
            proxy: Mutex::default(),
            last_used: AtomicU64::new(0),
            on_demand,
            is_retired: AtomicBool::new(false),
        }
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
        lock(&self.proxy).clone()
    }
}

/// Locks. The values are whole at each moment, so poison means nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
