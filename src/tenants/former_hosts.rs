//! `FormerHosts`: what was replaced or removed, until its requests have ended.

use std::sync::{Arc, Weak};

use crate::{group::GroupRequests, proxy::OriginProxy};

use super::host_entry::{HostEntry, HostOrigin};

/// What was replaced or removed, until its requests have ended: a drain waits for them.
#[derive(Default)]
pub(super) struct FormerHosts(Vec<FormerHost>);

/// What a host had before.
#[derive(Clone)]
pub(super) enum FormerHost {
    Tenant(Arc<HostEntry>),
    /// Only its requests: the group ends its work when nothing else has it.
    ///
    /// A request that holds the entry may be about to begin.
    Group(Weak<HostEntry>, GroupRequests),
}

impl FormerHosts {
    pub(super) fn add(&mut self, entry: &Arc<HostEntry>) {
        self.0.push(match entry.origin() {
            HostOrigin::Tenant(_) => FormerHost::Tenant(entry.clone()),
            HostOrigin::Group(group) => FormerHost::Group(Arc::downgrade(entry), group.requests()),
        });
    }

    pub(super) fn all(&self) -> Vec<FormerHost> {
        self.0.clone()
    }

    /// Takes out those whose requests have ended. Drop them without a lock.
    pub(super) fn take_ended(&mut self) -> Vec<FormerHost> {
        self.0.extract_if(.., FormerHost::has_ended).collect()
    }
}

impl FormerHost {
    /// Something that holds the entry may be about to begin a request.
    fn has_ended(&mut self) -> bool {
        match self {
            Self::Tenant(entry) => Arc::get_mut(entry).is_some_and(|it| it.in_flight() == 0),
            Self::Group(entry, requests) => entry.strong_count() == 0 && requests.in_flight() == 0,
        }
    }

    /// Drains the proxy of a tenant. A group may serve others than these hosts: it is only waited
    /// for.
    pub(super) fn drain(&self) -> impl Future<Output = ()> + Send + use<> {
        let (drained, ended) = match self {
            Self::Tenant(entry) => (entry.proxy().as_ref().map(OriginProxy::drain), None),
            Self::Group(_, requests) => (None, Some(requests.ended())),
        };
        async move {
            if let Some(drained) = drained {
                drained.await;
            }
            if let Some(ended) = ended {
                ended.await;
            }
        }
    }

    pub(super) fn close_tunnels(&self) {
        match self {
            Self::Tenant(entry) => entry.close_tunnels(),
            Self::Group(_, requests) => requests.close_tunnels(),
        }
    }
}
