//! `Hosts`: the entries of all hosts, and former ones.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use crate::group::OriginGroup;

use super::{
    former_hosts::{FormerHost, FormerHosts},
    host_entry::{HostEntry, HostOrigin},
};

/// The entries by host.
#[derive(Default)]
pub(super) struct Hosts {
    /// That of `*.example.com` has the key `.example.com`.
    current: HashMap<Box<str>, Arc<HostEntry>>,
    former: FormerHosts,
}

/// Nothing is built, called or dropped under its lock.
#[derive(Default)]
pub(super) struct HostsLock(RwLock<Hosts>);

impl HostsLock {
    /// The hosts are whole at each moment, so poison means nothing.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Hosts> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Hosts> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
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
        let place = self.current.entry(key(entry.host()).into());
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
        if let Some(former) = &former {
            self.former.add(former);
        }
        former
    }

    pub(super) fn current(&self) -> Vec<Arc<HostEntry>> {
        self.current.values().cloned().collect()
    }

    /// The entries, and the former ones of which requests may still run.
    pub(super) fn with_former(&self) -> (Vec<Arc<HostEntry>>, Vec<FormerHost>) {
        (self.current(), self.former.all())
    }

    /// Takes out the former hosts whose requests have ended. Drop them without a lock.
    pub(super) fn take_ended(&mut self) -> Vec<FormerHost> {
        self.former.take_ended()
    }

    /// Whether a host has this group.
    pub(super) fn has_group(&self, group: &OriginGroup) -> bool {
        self.current.values().any(|entry| match entry.origin() {
            HostOrigin::Group(other) => other.is_same(group),
            HostOrigin::Tenant(_) => false,
        })
    }
}

/// The key of a host in the map.
fn key(host: &str) -> &str {
    match host.strip_prefix('*') {
        Some(suffix) if !suffix.is_empty() => suffix,
        _ => host,
    }
}
