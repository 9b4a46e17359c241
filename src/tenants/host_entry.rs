//! `HostEntry`: one host with its origin. `Hosts`: all of them, and former ones.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

use crate::{error::BuildError, group::OriginGroup, proxy::OriginProxy};

use super::tenant::CheckedTenant;

/// The entries by host.
#[derive(Default)]
pub(super) struct Hosts {
    /// That of `*.example.com` has the key `.example.com`.
    current: HashMap<Box<str>, Arc<HostEntry>>,
    /// Those that were replaced or removed, until their requests have ended.
    former: Vec<Arc<HostEntry>>,
}

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

impl Hosts {
    pub(super) fn len(&self) -> usize {
        self.current.len()
    }

    pub(super) fn get(&self, host: &str) -> Option<&Arc<HostEntry>> {
        self.current.get(key(host))
    }

    /// The entry of a host, else that of the longest wildcard that covers it.
    pub(super) fn find(&self, host: &str) -> Option<&Arc<HostEntry>> {
        // A longer one is no name of the DNS, and its suffixes would be looked up for long.
        const MAX_NAME: usize = 253;
        let wildcard = || {
            let mut dots = host.match_indices('.');
            dots.find_map(|(at, _)| self.current.get(&host[at..]))
        };
        let found = self.get(host);
        found.or_else(|| (host.len() <= MAX_NAME).then(wildcard)?)
    }

    pub(super) fn get_or_insert(&mut self, entry: &Arc<HostEntry>) -> Arc<HostEntry> {
        let place = self.current.entry(key(&entry.host).into());
        place.or_insert_with(|| entry.clone()).clone()
    }

    /// Replaces or removes the entry of a host, and returns it.
    pub(super) fn replace(
        &mut self,
        host: &str,
        next: Option<Arc<HostEntry>>,
    ) -> Option<Arc<HostEntry>> {
        let former = match next {
            Some(next) => self.current.insert(key(host).into(), next),
            None => self.current.remove(key(host)),
        };
        self.former.extend(former.clone());
        former
    }

    pub(super) fn current(&self) -> Vec<Arc<HostEntry>> {
        self.current.values().cloned().collect()
    }

    /// The entries, and the former ones of which requests may still run.
    pub(super) fn with_former(&self) -> Vec<Arc<HostEntry>> {
        self.current.values().chain(&self.former).cloned().collect()
    }

    /// Takes out the former entries whose requests have ended. Drop them without a lock.
    pub(super) fn take_ended(&mut self) -> Vec<Arc<HostEntry>> {
        // An entry that something else holds may be about to get a request.
        let has_ended =
            |it: &mut Arc<HostEntry>| Arc::get_mut(it).is_some_and(|entry| entry.in_flight() == 0);
        self.former.extract_if(.., has_ended).collect()
    }
}

/// The key of a host in the map.
fn key(host: &str) -> &str {
    match host.strip_prefix('*') {
        Some(suffix) if !suffix.is_empty() => suffix,
        _ => host,
    }
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

    /// It was replaced or removed: its connections close when their requests have ended.
    pub(super) fn retire(&self) {
        self.is_retired.store(true, Relaxed);
        if let Some(group) = self.group() {
            group.retire_connections();
        }
        if let Some(proxy) = self.proxy() {
            proxy.retire_connections();
        }
    }

    /// Drains the group. A former one may serve others than these hosts: it is only waited for.
    pub(super) fn drain_group(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        let group = self.group()?;
        if !self.is_retired() {
            drop(group.drain());
        }
        Some(group.ended())
    }

    pub(super) fn close_tunnels(&self) {
        if let Some(group) = self.group() {
            group.close_tunnels();
        }
        if let Some(proxy) = self.proxy() {
            proxy.close_tunnels();
        }
    }

    fn in_flight(&self) -> usize {
        match &self.origin {
            HostOrigin::Group(group) => group.in_flight(),
            HostOrigin::Tenant(_) => self.lock().as_ref().map_or(0, OriginProxy::in_flight),
        }
    }

    /// The value is whole at each moment, so poison means nothing.
    fn lock(&self) -> MutexGuard<'_, Option<OriginProxy>> {
        self.proxy.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
