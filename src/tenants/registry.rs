//! `Registry`: all tenants, and the proxies built for them.
//!
//! It keeps at most `max_active` proxies, and drops one that was idle for `idle_timeout`.
//! `find_tenant.rs` looks tenants up, and `host_entry.rs` keeps them.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::{error::BuildError, proxy::OriginProxy};

use super::{
    forget_former::ForgetFormer,
    former_hosts::FormerHost,
    host_entry::{HostEntry, HostOrigin},
    hosts::HostsLock,
    tenant::CheckedTenant,
};

/// The tenants by host.
pub(super) struct Registry {
    template: RwLock<OriginProxy>,
    hosts: Arc<HostsLock>,
    /// The entries that have a proxy.
    active: Mutex<Vec<Arc<HostEntry>>>,
    /// All tenants refuse requests.
    is_draining: AtomicBool,
    started: Instant,
}

impl Registry {
    pub(super) fn new(template: OriginProxy) -> Self {
        Self {
            template: RwLock::new(template),
            hosts: Arc::default(),
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
        let entries = self.hosts.read().current();
        for entry in entries.into_iter().filter(|entry| entry.group().is_none()) {
            self.evict(entry);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.hosts.read().len()
    }

    pub(super) fn active(&self) -> usize {
        lock(&self.active).len()
    }

    /// The hosts, in no order.
    pub(super) fn hosts(&self) -> Vec<String> {
        let entries = self.hosts.read().current();
        entries.iter().map(|entry| entry.host().into()).collect()
    }

    /// Adds or replaces the origin of a host.
    pub(super) fn insert(&self, host: &str, origin: HostOrigin) {
        let entry = Arc::new(HostEntry::new(host, origin, false));
        let replaced = self.hosts.write().replace(host, Some(entry));
        self.retire(replaced);
    }

    /// Adds the tenant that the rule made, unless the host has one by now.
    pub(super) fn insert_on_demand(&self, host: &str, tenant: CheckedTenant) -> Arc<HostEntry> {
        let origin = HostOrigin::Tenant(Arc::new(tenant));
        let entry = Arc::new(HostEntry::new(host, origin, true));
        self.hosts.write().get_or_insert(&entry)
    }

    /// Removes a tenant. Returns whether there was one.
    pub(super) fn remove(&self, host: &str) -> bool {
        let removed = self.hosts.write().replace(host, None);
        let is_removed = removed.is_some();
        self.retire(removed);
        is_removed
    }

    pub(super) fn get(&self, host: &str) -> Option<Arc<HostEntry>> {
        self.hosts.read().get(host).cloned()
    }

    /// The entry of a host, else that of the longest wildcard that covers it.
    pub(super) fn find(&self, host: &str) -> Option<Arc<HostEntry>> {
        self.hosts.read().find(host).cloned()
    }

    /// The entries, and the former ones of which requests may still run.
    pub(super) fn with_former(&self) -> (Vec<Arc<HostEntry>>, Vec<FormerHost>) {
        self.hosts.read().with_former()
    }

    /// From now on, all tenants refuse requests. The future resolves when none runs.
    pub(super) fn drain(&self) -> impl Future<Output = ()> + Send + use<> {
        self.is_draining.store(true, SeqCst);
        let (entries, former) = self.with_former();
        let proxies = entries.iter().filter_map(|entry| entry.proxy());
        let proxies = join_all(proxies.map(|proxy| proxy.drain()));
        let groups = entries.iter().filter_map(|entry| entry.drain_group());
        let groups = join_all(groups);
        let former = join_all(former.iter().map(FormerHost::drain));
        async move { drop((proxies.await, groups.await, former.await)) }
    }

    /// Read with each request, after its proxy or group was found: a drain that began before has
    /// seen that, or is seen.
    pub(super) fn is_draining(&self) -> bool {
        self.is_draining.load(SeqCst)
    }

    pub(super) fn close_tunnels(&self) {
        let (entries, former) = self.with_former();
        for entry in entries {
            entry.close_tunnels();
        }
        for host in former {
            host.close_tunnels();
        }
    }

    /// All proxies that exist, with their hosts.
    pub(super) fn proxies(&self) -> Vec<(String, OriginProxy)> {
        let active = lock(&self.active).clone();
        active
            .iter()
            .filter_map(|entry| Some((entry.host().to_owned(), entry.proxy()?)))
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
        entry.used_at(now);
        let mut is_built = false;
        let built = entry.proxy_or(|| {
            is_built = true;
            build()
        });
        let proxy = match built {
            Ok(proxy) => proxy,
            Err(error) => {
                if entry.is_on_demand() {
                    self.evict(entry.clone());
                }
                return Err(error);
            }
        };
        if is_built {
            for other in self.activate(entry, max_active, now, idle) {
                self.evict(other);
            }
            if entry.is_retired() {
                self.retire(Some(entry.clone()));
            }
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
            let is_idle = now.saturating_sub(other.last_used()) >= idle;
            let is_same = Arc::ptr_eq(other, entry);
            if is_idle && !is_same {
                surplus.push(other.clone());
            }
            !is_idle && !is_same
        });
        if active.len() >= max_active {
            let ages = active.iter().map(|other| other.last_used());
            let oldest = ages.enumerate().min_by_key(|(_, used)| *used);
            surplus.extend(oldest.map(|(at, _)| active.swap_remove(at)));
        }
        active.push(entry.clone());
        surplus
    }

    /// Replaces an entry by one without a proxy, or removes it if it was made on demand.
    fn evict(&self, entry: Arc<HostEntry>) {
        let next = entry.without_proxy().map(Arc::new);
        let evicted = {
            let mut hosts = self.hosts.write();
            let current = hosts.get(entry.host());
            match current.is_some_and(|it| Arc::ptr_eq(it, &entry)) {
                true => hosts.replace(entry.host(), next),
                false => None,
            }
        };
        drop(entry);
        self.retire(evicted);
    }

    /// Retires the connections of an entry that was replaced or removed, and forgets those of which
    /// no request runs. The others are kept for a drain.
    fn retire(&self, entry: Option<Arc<HostEntry>>) {
        let Some(entry) = entry else { return };
        entry.retire();
        lock(&self.active).retain(|other| !Arc::ptr_eq(other, &entry));
        let group = entry.group();
        if !group.is_some_and(|group| self.hosts.read().has_group(&group)) {
            entry.retire_connections();
        }
        let running = entry.running();
        // A group ends its work here, unless the application has it still.
        drop(entry);
        let ended = self.hosts.write().take_ended();
        drop(ended);
        if let Some(ended) = running {
            ForgetFormer::after(ended, &self.hosts);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Locks. The values are whole at each moment, so poison means nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
