//! `Inventory`: the connections of a pool and the requests that wait, as one state machine.
//!
//! Everything here runs under the pool's lock, and decides only. The caller does what was decided
//! when the lock is released: it polls, wakes, sends and drops.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::pool::{
    connection::{CloseReason, Http1Connection},
    connection_budget::OpenConnections,
    lock::Discards,
    send::RetryWindow,
    settings::PoolSettings,
    snapshot::{Counters, PoolSnapshot},
    tasks::DnsAbsence,
};

use super::{
    Affinity,
    decision::{Available, Placement, Protocol, Service},
    discarded::Discarded,
    grant::Grant,
    http2_set::Http2Set,
    permit::{ConnectionPermit, ConnectionUse, ReturnedPermit},
    waiters::{ConnectsPerLine, Waiters},
};

/// The state of a pool: open, idle and waiting.
#[derive(Default)]
pub(crate) struct Inventory {
    /// What ALPN chose last. Until it has, one connection is opened and the others wait for it.
    pub(crate) protocol: Option<Protocol>,
    /// Idle HTTP/1 connections, the most recently used last.
    idle_http1: VecDeque<Box<Http1Connection>>,
    pub(crate) http2: Http2Set,
    /// Permits that are given out.
    open: OpenConnections,
    /// Those of them that are for upgrades.
    upgrades: usize,
    /// Requests that wait for a connection.
    pub(crate) waiters: Waiters<Grant>,
    /// Upgrades that wait for a permit.
    pub(crate) upgrade_waiters: Waiters<ConnectionPermit>,
    /// Ends the tunnels that exist, and those that are requested.
    pub(crate) tunnels_end: CancellationToken,
    pub(crate) running: RunningTasks,
    pub(crate) dns_absence: DnsAbsence,
    /// `prewarm` was called: the minimum of idle connections is kept up.
    pub(crate) is_prewarmed: bool,
    pub(crate) counters: Counters,
    pub(crate) retries: RetryWindow,
    discarded: Vec<(Box<Http1Connection>, CloseReason)>,
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

/// Checkout and the queue.
impl Inventory {
    /// The state of a pool without connections.
    pub(crate) fn new(settings: &PoolSettings, open: OpenConnections) -> Self {
        Self {
            open,
            dns_absence: DnsAbsence::new(settings.grace),
            ..Self::default()
        }
    }

    /// A connection for a request, or its place in the queue.
    ///
    /// With `opened_after`, an older connection is returned only by a full pool.
    pub(crate) fn place(
        &mut self,
        affinity: &Affinity,
        opened_after: Option<Instant>,
        now: Instant,
        settings: &PoolSettings,
    ) -> Placement {
        // Waiting requests come first.
        let is_next = self.waiters.is_empty() || self.waiters.first_of(affinity).is_none();
        if is_next
            && let Some(available) = self.take_available(affinity, opened_after, now, settings)
        {
            return Placement::Connection(available);
        }
        // Requests that wait for their own connect do not keep others waiting.
        let queued = self.waiters.len().saturating_sub(self.waiters.connects());
        let may_connect = self.may_connect(affinity, settings);
        if queued >= settings.max_queued && !may_connect {
            return Placement::QueueFull;
        }
        let place = self.waiters.join(affinity);
        let connect = may_connect.then(|| self.begin_connect(affinity));
        if connect.is_none() {
            self.make_room(settings);
        }
        Placement::Queued { place, connect }
    }

    /// What can be given to a waiter now: connections first, then permits to connect.
    pub(crate) fn next_service(
        &mut self,
        now: Instant,
        settings: &PoolSettings,
    ) -> Option<Service> {
        if self.waiters.is_empty() {
            return None;
        }
        while let Some(affinity) = self.first_with_connection(settings) {
            match self.take_available(&affinity, None, now, settings) {
                Some(Available::Http1(connection)) => return Some(Service::Http1(connection)),
                Some(Available::Http2(connection)) => {
                    let waiter = self.waiters.pop(&affinity)?;
                    return Some(Service::Http2(waiter, connection));
                }
                // The connection had ended, and was removed.
                None => {}
            }
        }
        if !self.is_full(settings)
            && let Some(affinity) = self.first_to_connect()
        {
            let waiter = self.waiters.pop(&affinity)?;
            let generation = self.begin_connect(&affinity);
            return Some(Service::Connect(waiter, affinity, generation));
        }
        self.make_room(settings);
        None
    }

    /// The affinity of the first waiter for whom there may be a connection.
    fn first_with_connection(&self, settings: &PoolSettings) -> Option<Affinity> {
        let http1 = self.idle_http1.iter().map(|it| it.affinity());
        let http2 = self.http2.affinities(self.is_full(settings));
        let placed = http1
            .chain(http2)
            .filter_map(|it| self.waiters.first_of(it).map(|place| (place, it)));
        let first = placed.min_by_key(|(place, _)| *place);
        first.map(|(_, affinity)| affinity.clone())
    }

    /// The affinity of the first waiter that may open a connection of its own.
    fn first_to_connect(&self) -> Option<Affinity> {
        match self.protocol {
            Some(Protocol::Http1) => self
                .waiters
                .first_to_connect(ConnectsPerLine::OnePerWaiter, |_| true),
            Some(Protocol::Http2) | None => self
                .waiters
                .first_to_connect(ConnectsPerLine::One, |it| !self.http2.refuses_streams(it)),
        }
    }

    /// Whether a request of this affinity may open a connection of its own.
    fn may_connect(&self, affinity: &Affinity, settings: &PoolSettings) -> bool {
        let would_help = match self.protocol {
            Some(Protocol::Http1) => true,
            // The request may well share the connection that is being opened.
            Some(Protocol::Http2) | None => {
                self.waiters.connects_of(affinity) == 0 && !self.http2.refuses_streams(affinity)
            }
        };
        would_help && !self.is_full(settings)
    }

    /// Takes a connection with room for one request: a free stream first, else the HTTP/1
    /// connection that was used last.
    fn take_available(
        &mut self,
        affinity: &Affinity,
        opened_after: Option<Instant>,
        now: Instant,
        settings: &PoolSettings,
    ) -> Option<Available> {
        let is_full = self.is_full(settings);
        let opened_after = opened_after.filter(|_| !is_full);
        let http2 = &mut self.http2;
        if let Some(connection) = http2.find(now, settings, is_full, affinity, opened_after) {
            connection.reserve_stream();
            return Some(Available::Http2(connection));
        }
        let mut idle = self.idle_http1.iter();
        let at = idle.rposition(|it| opened_after.is_none() && it.affinity() == affinity)?;
        self.idle_http1.remove(at).map(Available::Http1)
    }
}

/// Permits.
impl Inventory {
    /// The number of permits that are given out: connections that are open or connecting.
    pub(crate) fn open(&self) -> usize {
        self.open.count()
    }

    /// Whether no further permit may be given out.
    pub(crate) fn is_full(&self, settings: &PoolSettings) -> bool {
        self.open.is_full(settings.max_connections)
    }

    /// Counts a connect of this affinity. Returns the generation that it belongs to.
    pub(crate) fn begin_connect(&mut self, affinity: &Affinity) -> u64 {
        self.open.add();
        self.waiters.begin_connect(affinity)
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
    fn make_room(&mut self, settings: &PoolSettings) {
        if self.is_full(settings) {
            self.discard_first(|waiters, affinity| waiters.first_of(affinity).is_none());
        }
    }

    /// Closes the longest idle connection that may be closed, HTTP/1 first.
    fn discard_first(&mut self, may_close: impl Fn(&Waiters<Grant>, &Affinity) -> bool) {
        let waiters = &self.waiters;
        let mut idle = self.idle_http1.iter();
        let at = idle.position(|it| may_close(waiters, it.affinity()));
        match at.and_then(|at| self.idle_http1.remove(at)) {
            Some(surplus) => self.discarded.push((surplus, CloseReason::Surplus)),
            None => self.http2.remove_idle(|it| may_close(waiters, it)),
        }
    }

    /// Takes out the idle HTTP/1 connections that have to be checked: they are overdue, or
    /// something has arrived on them. Overdue HTTP/2 connections are removed.
    pub(crate) fn take_suspects(
        &mut self,
        now: Instant,
        settings: &PoolSettings,
    ) -> VecDeque<Box<Http1Connection>> {
        self.http2.remove_over(now, settings);
        let mut suspects = VecDeque::new();
        for mut connection in std::mem::take(&mut self.idle_http1) {
            match connection.needs_check(now, settings) {
                true => suspects.push_back(connection),
                false => self.idle_http1.push_back(connection),
            }
        }
        suspects
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

    /// Retires all connections: idle ones close now, busy ones after their requests. One that is
    /// being opened serves only a request that waits already.
    pub(crate) fn retire_all(&mut self) {
        self.waiters.begin_generation();
        self.http2.retire(CloseReason::Retired, |_| true);
        let idle = std::mem::take(&mut self.idle_http1).into_iter();
        self.discarded
            .extend(idle.map(|connection| (connection, CloseReason::Retired)));
    }

    /// Retires connections whose address is absent from DNS for too long, after an answer.
    pub(crate) fn retire_absent(&mut self, addresses: &[SocketAddr], now: Instant) {
        self.dns_absence.record_answer(addresses, now);
        let absence = &self.dns_absence;
        self.http2.retire(CloseReason::Vanished, |connection| {
            absence.has_left_dns(connection.info())
        });
        let (absent, kept) = std::mem::take(&mut self.idle_http1)
            .into_iter()
            .partition::<Vec<_>, _>(|connection| absence.has_left_dns(connection.info()));
        self.idle_http1.extend(kept);
        let absent = absent.into_iter();
        self.discarded
            .extend(absent.map(|connection| (connection, CloseReason::Vanished)));
    }

    /// Discards the HTTP/1 connections that have been idle at least since this time.
    pub(crate) fn discard_idle_since(&mut self, since: Instant) {
        // The list is in the order in which the connections became idle.
        let count = self
            .idle_http1
            .partition_point(|it| it.idle_since() <= since);
        let silent = self.idle_http1.drain(..count);
        self.discarded
            .extend(silent.map(|connection| (connection, CloseReason::Error)));
    }

    /// A snapshot, with two counts that the caller keeps.
    pub(crate) fn snapshot(&self, active: usize, reused: u64) -> PoolSnapshot {
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
            active: active.max(waiting),
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
