//! `Inventory`: the connections of a pool and the requests that wait, as one state machine.
//!
//! Everything here runs under the pool's lock, and only decides. After the lock is released, the
//! caller does what was decided: it polls, wakes, sends and drops. `connect_or_wait.rs` decides who
//! gets a connection.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::pool::{
    connection::{CloseReason, Http1Connection},
    connection_budget::OpenConnections,
    pool_lock::Discards,
    pool_settings::PoolSettings,
    pool_snapshot::{Counters, PoolSnapshot},
    send::RetryWindow,
    tasks::DnsAbsence,
};

use super::{
    ConnectionKey,
    checkout_outcome::Grant,
    close_after_unlock::Discarded,
    http2_set::Http2Set,
    permit::{ConnectionPermit, ConnectionUse, ReturnedPermit},
    queue::Waiters,
};

/// The protocol that ALPN chose.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// The state of a pool: open, idle and waiting.
#[derive(Default)]
pub(crate) struct Inventory {
    /// What ALPN chose last. Until it has, one connection is opened and the others wait for it.
    pub(crate) protocol: Option<Protocol>,
    /// Idle HTTP/1 connections, the most recently used last.
    pub(super) idle_http1: VecDeque<Box<Http1Connection>>,
    pub(crate) http2: Http2Set,
    /// Permits that are given out.
    pub(crate) open: OpenConnections,
    /// Those of them that are for upgrades.
    upgrades: usize,
    /// Requests that wait for a connection.
    pub(crate) waiters: Waiters<Grant>,
    /// Upgrades that wait for a permit.
    pub(crate) upgrade_waiters: Waiters<ConnectionPermit>,
    /// Ends the tunnels that exist, and those that are requested.
    pub(crate) tunnel_closer: CancellationToken,
    pub(crate) running: RunningTasks,
    pub(crate) dns_absence: DnsAbsence,
    /// `prewarm` was called: the minimum of idle connections is kept up.
    pub(crate) is_prewarmed: bool,
    pub(crate) counters: Counters,
    pub(crate) retry_window: RetryWindow,
    /// The reloads of the connector whose connections are in use.
    pub(super) reloads: u64,
    pub(super) discarded: Vec<(Box<Http1Connection>, CloseReason)>,
}

/// Which tasks of the pool run.
#[derive(Debug, Default)]
pub(crate) struct RunningTasks {
    pub(crate) idle_reaper: bool,
    pub(crate) dns_watch: bool,
    pub(crate) prewarm: bool,
}

impl Discards for Inventory {
    type Discarded = Discarded;

    fn take_discarded(&mut self) -> Discarded {
        Discarded::new(
            std::mem::take(&mut self.discarded),
            self.http2.take_removed(),
        )
    }
}

/// Permits.
impl Inventory {
    /// The state of a pool without connections, whose connector was reloaded so often.
    pub(crate) fn new(settings: &PoolSettings, open: OpenConnections, reloads: u64) -> Self {
        Self {
            open,
            reloads,
            dns_absence: DnsAbsence::new(settings.grace),
            ..Self::default()
        }
    }

    /// The number of permits that are given out: connections that are open or connecting.
    pub(crate) fn open(&self) -> usize {
        self.open.count()
    }

    /// Whether no further permit may be given out.
    pub(crate) fn is_full(&self, settings: &PoolSettings) -> bool {
        self.open.is_full(settings.max_connections)
    }

    /// Counts a connect of this key. Returns the generation that it belongs to.
    pub(crate) fn begin_connect(&mut self, key: &ConnectionKey) -> u64 {
        self.open.add();
        self.waiters.begin_connect(key)
    }

    /// Counts a connection for an upgrade, if there may be one more.
    pub(crate) fn begin_upgrade(&mut self, settings: &PoolSettings) -> bool {
        let has_room = !self.is_full(settings) && self.upgrades < settings.tunnel_limit();
        if has_room {
            self.open.add();
            self.upgrades += 1;
        }
        has_room
    }

    /// Counts a permit that came back, and the connection that it was for.
    pub(crate) fn take_back(&mut self, permit: &ReturnedPermit) {
        self.open.remove();
        if permit.used_for == ConnectionUse::Upgrade {
            self.upgrades -= 1;
        }
        if let Some(reason) = permit.closed {
            self.counters.closed.count(reason);
        }
    }

    /// Whether an upgrade waits for a connection to close. One that waits for another tunnel to end
    /// does not.
    pub(crate) fn upgrade_needs_room(&self, settings: &PoolSettings) -> bool {
        self.is_full(settings)
            && self.upgrades < settings.tunnel_limit()
            && !self.upgrade_waiters.is_empty()
    }
}

/// Idle connections.
impl Inventory {
    /// Keeps a connection for the next request, unless there is a reason to close it.
    pub(crate) fn keep_idle(&mut self, connection: Box<Http1Connection>, settings: &PoolSettings) {
        let reason = match () {
            () if connection.generation() != self.waiters.generation() => {
                Some(CloseReason::Retired)
            }
            () if self.dns_absence.has_left_dns(connection.info()) => Some(CloseReason::Vanished),
            // The upgrade gets the permit.
            () if self.upgrade_needs_room(settings) => Some(CloseReason::Surplus),
            () => None,
        };
        if let Some(reason) = reason {
            return self.discarded.push((connection, reason));
        }
        // Nearly always the last place: only a connection that was checked has older ones behind.
        let since = connection.idle_since();
        let at = self
            .idle_http1
            .partition_point(|other| other.idle_since() <= since);
        self.idle_http1.insert(at, connection);
        if self.idle_http1.len() > settings.idle_limit() && self.waiters.is_empty() {
            let surplus = self.idle_http1.pop_front();
            self.discarded
                .extend(surplus.map(|it| (it, CloseReason::Surplus)));
        }
    }

    /// Closes an idle connection, so that another may be opened.
    pub(crate) fn discard_idle(&mut self) {
        self.discard_first(|_, _| true);
    }

    /// In a full pool, closes an idle connection that no waiter may use.
    pub(super) fn make_room(&mut self, settings: &PoolSettings) {
        if self.is_full(settings) {
            self.discard_first(|waiters, key| waiters.first_of(key).is_none());
        }
    }

    /// Closes the longest idle connection that may be closed, HTTP/1 first.
    fn discard_first(&mut self, may_close: impl Fn(&Waiters<Grant>, &ConnectionKey) -> bool) {
        let waiters = &self.waiters;
        let mut idle = self.idle_http1.iter();
        let at = idle.position(|it| may_close(waiters, it.key()));
        match at.and_then(|at| self.idle_http1.remove(at)) {
            Some(surplus) => self.discarded.push((surplus, CloseReason::Surplus)),
            None => self.http2.remove_idle(|it| may_close(waiters, it)),
        }
    }

    /// Takes out the idle HTTP/1 connections that have to be checked: they are overdue, or
    /// something has arrived on them. Overdue HTTP/2 connections are removed.
    pub(crate) fn take_idle_to_check(
        &mut self,
        now: Instant,
        settings: &PoolSettings,
    ) -> VecDeque<Box<Http1Connection>> {
        self.http2.remove_over(now, settings);
        let mut due = VecDeque::new();
        for mut connection in std::mem::take(&mut self.idle_http1) {
            match connection.needs_idle_check(now, settings) {
                true => due.push_back(connection),
                false => self.idle_http1.push_back(connection),
            }
        }
        due
    }

    /// For how long the connection has been idle that was idle for the longest time.
    pub(crate) fn longest_idle(&self, now: Instant) -> Duration {
        let http1 = self.idle_http1.front().map(|it| it.idle_since());
        let oldest = http1.into_iter().chain(self.http2.oldest_idle()).min();
        oldest.map_or(Duration::ZERO, |since| now.duration_since(since))
    }

    /// How many connections could take a request at once. An HTTP/2 connection takes many, so one
    /// is enough.
    pub(crate) fn ready(&self, settings: &PoolSettings) -> usize {
        match self.http2.has_available(Instant::now(), settings) {
            true => usize::MAX,
            false => self.idle_http1.len(),
        }
    }

    /// A snapshot, with two counts that the caller keeps.
    pub(crate) fn snapshot(&self, in_flight: usize, reused: u64) -> PoolSnapshot {
        let Counters {
            opened,
            retried,
            closed,
        } = self.counters;
        let waiting = self.waiters.len() + self.upgrade_waiters.len();
        PoolSnapshot {
            open: self.open.count(),
            idle: self.idle_http1.len() + self.http2.idle(),
            // One that began after the caller's count may wait by now.
            in_flight: in_flight.max(waiting),
            streams: self.http2.streams(),
            tunnels: self.upgrades,
            waiting,
            opened,
            reused,
            retried,
            closed,
        }
    }
}
