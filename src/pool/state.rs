//! The books of a pool: what is open, what rests, who waits.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::{sync::oneshot, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Affinity, PooledConnection, Shared,
    addresses::Addresses,
    alone_queue::AloneQueue,
    budget::Recent,
    ending::Reason,
    http1::{Http1, Http1Lease},
    http2::Multiplexed,
    queue::{Grant, Place, Queue},
    shelf::Shelf,
    slot::Leave,
    snapshot::{Counters, PoolSnapshot},
};

/// What is granted at once, or where to wait for it.
pub(super) enum Offer {
    Now(PooledConnection),
    Wait(Place, Option<Leave>),
    /// Leave to open a connection that begins with this head, in early data.
    Early(Leave, Bytes),
    /// Too many wait already.
    Full,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

#[derive(Default)]
pub(super) struct State {
    /// What ALPN last decided. Until it has, one connection is opened and the others wait for the
    /// word.
    pub(super) protocol: Option<Protocol>,
    /// HTTP/1 connections that nobody uses, the most recently used last.
    pub(super) resting: VecDeque<Http1>,
    pub(super) multiplexed: Shelf,
    pub(super) open: usize,
    pub(super) connecting: Connecting,
    /// Those of the open connections that serve one upgrade each.
    pub(super) alone: usize,
    /// Upgrades that wait for leave to open a connection.
    pub(super) alone_queue: AloneQueue,
    /// Ends the tunnels that there are, and those that are being asked for.
    pub(super) tunnels_over: CancellationToken,
    /// Connections of an older generation are retired.
    pub(super) generation: u64,
    pub(super) reaping: bool,
    pub(super) addresses: Addresses,
    pub(super) following: bool,
    pub(super) warming: bool,
    /// Somebody asked for connections in advance.
    pub(super) kept_warm: bool,
    pub(super) queue: Queue,
    pub(super) counters: Counters,
    pub(super) recent: Recent,
    /// Connections that turned out to be over, or that make room. Dropped when the lock is
    /// released.
    pub(super) discarded: Discarded,
}

#[derive(Default)]
pub(super) struct Discarded {
    http1: Vec<Http1>,
    http2: Vec<Arc<Multiplexed>>,
}

/// The connects that are under way, and for whom.
#[derive(Default)]
pub(super) struct Connecting {
    all: usize,
    of: BTreeMap<Affinity, usize>,
}

impl Connecting {
    pub(super) fn all(&self) -> usize {
        self.all
    }

    fn of(&self, client: &Affinity) -> usize {
        self.of.get(client).copied().unwrap_or_default()
    }

    pub(super) fn begin(&mut self, client: &Affinity) {
        self.all += 1;
        *self.of.entry(client.clone()).or_default() += 1;
    }

    pub(super) fn end(&mut self, client: &Affinity) {
        self.all -= 1;
        if let Some(count) = self.of.get_mut(client) {
            *count -= 1;
            if *count == 0 {
                self.of.remove(client);
            }
        }
    }
}

impl State {
    /// The one of this client's that came to rest last.
    fn last_resting(&mut self, client: &Affinity) -> Option<Http1> {
        let at = self.resting.iter().rposition(|it| it.is_for(client))?;
        self.resting.remove(at)
    }

    /// Takes out an idle connection, so that another may be opened: the one that has rested
    /// longest.
    pub(super) fn discard_idle(&mut self) {
        if let Some(mut connection) = self.resting.pop_front() {
            connection.make_room();
            self.discarded.http1.push(connection);
        } else if let Some(connection) = self.multiplexed.take_idle() {
            connection.end(Reason::Surplus);
            self.discarded.http2.push(connection);
        }
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can panic halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection, or a place in the queue and maybe leave to open one.
    pub(super) fn offer(self: &Arc<Self>, client: &Affinity) -> Offer {
        let mut state = self.lock();
        state.recent.count_request();
        // Whoever waits comes first.
        let lease = match state.queue.is_empty() || self.connector.tells_clients() {
            true => self.next_lease(&mut state, client),
            false => None,
        };
        let offer = match lease {
            Some(lease) => Offer::Now(lease),
            None => self.queue_up(&mut state, client),
        };
        let discarded = std::mem::take(&mut state.discarded);
        drop(state);
        drop(discarded);
        offer
    }

    fn queue_up(self: &Arc<Self>, state: &mut State, client: &Affinity) -> Offer {
        // Those who wait for their own connect are no burden to the others.
        let waiting = state.queue.len().saturating_sub(state.connecting.all());
        let may_open = self.may_open(state, client);
        if waiting >= self.settings.max_queued && !may_open {
            return Offer::Full;
        }
        let place = state.queue.join(self, client);
        let leave = may_open.then(|| Leave::take(self, state, client));
        if leave.is_none() {
            self.make_room(state);
        }
        Offer::Wait(place, leave)
    }

    /// Stands in the queue again after leave to open a connection was granted.
    pub(super) fn rejoin(self: &Arc<Self>, place: &mut Place) {
        self.lock().queue.rejoin(place);
        self.settle();
    }

    /// Leave to open a connection for one request alone, whatever else there is.
    pub(super) fn leave(self: &Arc<Self>, client: &Affinity) -> Option<Leave> {
        let mut state = self.lock();
        let room = state.open < self.settings.max_connections;
        room.then(|| Leave::take(self, &mut state, client))
    }

    /// Grants to those who wait whatever there is.
    pub(super) fn settle(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            let granted = self.grant_first(&mut state);
            let discarded = std::mem::take(&mut state.discarded);
            drop(state);
            drop(discarded);
            // Outside of the lock: a waiter that has just left drops the grant, which then finds
            // its way back here.
            match granted {
                Some((waiter, grant)) => drop(waiter.send(grant)),
                None => return,
            }
        }
    }

    fn grant_first(self: &Arc<Self>, state: &mut State) -> Option<(oneshot::Sender<Grant>, Grant)> {
        if state.queue.is_empty() {
            return None;
        }
        for (client, waiting) in self.waiting(state) {
            let grant = match self.next_lease(state, &client) {
                Some(lease) => Grant::Ready(lease),
                None if self.may_open(state, &client) && state.connecting.of(&client) < waiting => {
                    Grant::Open(Leave::take(self, state, &client))
                }
                None => continue,
            };
            return state.queue.pop(&client).map(|waiter| (waiter, grant));
        }
        self.make_room(state);
        None
    }

    /// Who waits, and how many of each.
    fn waiting(&self, state: &State) -> Vec<(Affinity, usize)> {
        match self.connector.tells_clients() {
            true => state.queue.clients(),
            false => vec![(Affinity::anybody(), state.queue.len())],
        }
    }

    /// Where connections serve one client each, those that rest would keep others waiting.
    fn make_room(&self, state: &mut State) {
        if self.connector.tells_clients() && state.open >= self.settings.max_connections {
            state.discard_idle();
        }
    }

    fn next_lease(
        self: &Arc<Self>,
        state: &mut State,
        client: &Affinity,
    ) -> Option<PooledConnection> {
        let (now, settings) = (Instant::now(), &self.settings);
        let full = state.open >= settings.max_connections;
        if let Some(connection) = state.multiplexed.find(now, settings, full, client) {
            state.counters.reused += u64::from(connection.has_served());
            return Some(connection.take(self.clone()).into());
        }
        while let Some(mut connection) = state.last_resting(client) {
            if !connection.is_over(now, settings) {
                state.counters.reused += u64::from(connection.has_served());
                return Some(Http1Lease::new(self.clone(), connection).into());
            }
            state.discarded.http1.push(connection);
        }
        None
    }

    fn may_open(&self, state: &State, client: &Affinity) -> bool {
        let herd = match state.protocol {
            Some(Protocol::Http1) => false,
            // Whoever waits may well share the connection that is being opened.
            Some(Protocol::Http2) | None => {
                state.connecting.of(client) > 0 || state.multiplexed.wants_none(client)
            }
        };
        state.open < self.settings.max_connections && !herd
    }

    /// Peers allow more streams than before.
    pub(super) fn relist(self: &Arc<Self>) {
        self.lock().multiplexed.relist_all();
        self.settle();
    }
}

impl State {
    /// A snapshot of the pool with `active` requests in flight.
    pub(super) fn snapshot(&self, active: usize) -> PoolSnapshot {
        let Counters {
            opened,
            reused,
            retried,
            closed,
        } = self.counters;
        PoolSnapshot {
            open: self.open,
            idle: self.resting.len() + self.multiplexed.idle(),
            active,
            streams: self.multiplexed.streams(),
            tunnels: self.alone,
            waiting: self.queue.len() + self.alone_queue.len(),
            opened,
            reused,
            retried,
            closed,
        }
    }
}
