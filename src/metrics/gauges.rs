//! `Gauges`: the present values of a proxy, or of several that share their labels.

use crate::{
    group::SampledProxy,
    proxy::{Capacities, OriginProxy},
};

/// The values that a sample sets. All are zero for proxies that are gone.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Gauges {
    pub(super) active: usize,
    pub(super) waiting: usize,
    pub(super) streams: usize,
    pub(super) tunnels: usize,
    pub(super) open: usize,
    pub(super) idle: usize,
    pub(super) queued: usize,
    pub(super) running: usize,
    pub(super) awaiting: usize,
    pub(super) adaptive_limit: usize,
    pub(super) max_concurrency: usize,
    pub(super) max_queued: usize,
    pub(super) max_connections: usize,
    pub(super) max_waiting: usize,
    /// Ejected members of groups.
    pub(super) ejected: usize,
    /// Members of groups that are down.
    pub(super) down: usize,
}

impl Gauges {
    pub(super) fn of(proxy: &OriginProxy) -> Self {
        let (snapshot, capacities) = (proxy.snapshot(), Capacities::of(proxy));
        let pool = snapshot.pool;
        Self {
            active: pool.in_flight,
            waiting: pool.waiting,
            streams: pool.streams,
            tunnels: pool.tunnels,
            open: pool.open,
            idle: pool.idle,
            queued: snapshot.queued,
            running: snapshot.running,
            awaiting: snapshot.awaiting,
            adaptive_limit: snapshot.adaptive_limit.unwrap_or(usize::MAX),
            max_concurrency: capacities.max_concurrency,
            max_queued: capacities.max_queued,
            max_connections: capacities.max_connections,
            max_waiting: capacities.max_waiting,
            ejected: 0,
            down: 0,
        }
    }

    /// Those of a proxy that gets no requests any longer have no capacity.
    pub(super) fn of_sampled(sampled: &SampledProxy) -> Self {
        let gauges = Self {
            ejected: usize::from(sampled.is_ejected),
            down: usize::from(sampled.is_down),
            ..Self::of(&sampled.proxy)
        };
        match sampled.is_present {
            true => gauges,
            false => Self {
                adaptive_limit: 0,
                max_concurrency: 0,
                max_queued: 0,
                max_connections: 0,
                max_waiting: 0,
                ..gauges
            },
        }
    }

    /// The sums. What is unlimited stays so.
    pub(super) fn plus(self, other: Self) -> Self {
        let sum = usize::saturating_add;
        Self {
            active: sum(self.active, other.active),
            waiting: sum(self.waiting, other.waiting),
            streams: sum(self.streams, other.streams),
            tunnels: sum(self.tunnels, other.tunnels),
            open: sum(self.open, other.open),
            idle: sum(self.idle, other.idle),
            queued: sum(self.queued, other.queued),
            running: sum(self.running, other.running),
            awaiting: sum(self.awaiting, other.awaiting),
            adaptive_limit: sum(self.adaptive_limit, other.adaptive_limit),
            max_concurrency: sum(self.max_concurrency, other.max_concurrency),
            max_queued: sum(self.max_queued, other.max_queued),
            max_connections: sum(self.max_connections, other.max_connections),
            max_waiting: sum(self.max_waiting, other.max_waiting),
            ejected: sum(self.ejected, other.ejected),
            down: sum(self.down, other.down),
        }
    }
}
