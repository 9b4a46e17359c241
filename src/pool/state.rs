//! The books of a pool: what is open, what rests, who waits.

use std::{
    collections::VecDeque,
    sync::{Arc, MutexGuard, PoisonError},
};

use tokio::{sync::oneshot, time::Instant};

use super::{
    Lease, Shared,
    budget::Recent,
    http1::{Http1, Http1Lease},
    queue::{Grant, Place, Queue},
    shelf::Shelf,
    slot::{Leave, Slot},
    snapshot::Counters,
};

/// What is granted at once, or where to wait for it.
pub(super) enum Offer {
    Now(Lease),
    Wait(Place, Option<Leave>),
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
    /// What ALPN last decided. Until it has, one connection is opened and the others wait for the word.
    pub(super) protocol: Option<Protocol>,
    /// HTTP/1 connections that nobody uses, the most recently used last.
    pub(super) resting: VecDeque<Http1>,
    pub(super) multiplexed: Shelf,
    pub(super) open: usize,
    pub(super) connecting: usize,
    /// Those of the open connections that serve one upgrade each.
    pub(super) alone: usize,
    /// Upgrades that wait for leave to open a connection.
    pub(super) alone_queue: VecDeque<oneshot::Sender<Slot>>,
    /// Connections of an older generation are retired.
    pub(super) generation: u64,
    pub(super) reaping: bool,
    pub(super) warming: bool,
    /// Somebody asked for connections in advance.
    pub(super) kept_warm: bool,
    pub(super) queue: Queue,
    pub(super) counters: Counters,
    pub(super) recent: Recent,
    /// HTTP/1 connections that turned out to be over. Dropped when the lock is released.
    discarded: Vec<Http1>,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can panic halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection, or a place in the queue and maybe leave to open one.
    pub(super) fn offer(self: &Arc<Self>) -> Offer {
        let mut state = self.lock();
        state.recent.count_request();
        // Whoever waits comes first.
        let lease = match state.queue.is_empty() {
            true => self.next_lease(&mut state),
            false => None,
        };
        let offer = match lease {
            Some(lease) => Offer::Now(lease),
            None => self.queue_up(&mut state),
        };
        let discarded = std::mem::take(&mut state.discarded);
        drop(state);
        drop(discarded);
        offer
    }

    fn queue_up(self: &Arc<Self>, state: &mut State) -> Offer {
        // Those who wait for their own connect are no burden to the others.
        let waiting = state.queue.len().saturating_sub(state.connecting);
        let may_open = self.may_open(state);
        if waiting >= self.settings.max_waiting && !may_open {
            return Offer::Full;
        }
        let place = state.queue.join(self);
        let leave = may_open.then(|| Leave::take(self, state));
        Offer::Wait(place, leave)
    }

    /// Stands in the queue again after leave to open a connection was granted.
    pub(super) fn rejoin(self: &Arc<Self>, place: &mut Place) {
        self.lock().queue.rejoin(place);
        self.settle();
    }

    /// Leave to open a connection for one request alone, whatever else there is.
    pub(super) fn leave(self: &Arc<Self>) -> Option<Leave> {
        let mut state = self.lock();
        let room = state.open < self.settings.max_connections;
        room.then(|| Leave::take(self, &mut state))
    }

    /// Grants to those who wait whatever there is.
    pub(super) fn settle(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            let granted = self.grant_first(&mut state);
            let discarded = std::mem::take(&mut state.discarded);
            drop(state);
            drop(discarded);
            // Outside of the lock: a waiter that has just left drops the grant, which then finds its way back here.
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
        let grant = match self.next_lease(state) {
            Some(lease) => Grant::Ready(lease),
            None if self.may_open(state) && state.connecting < state.queue.len() => {
                Grant::Open(Leave::take(self, state))
            }
            None => return None,
        };
        state.queue.pop().map(|waiter| (waiter, grant))
    }

    fn next_lease(self: &Arc<Self>, state: &mut State) -> Option<Lease> {
        let (now, settings) = (Instant::now(), &self.settings);
        let full = state.open >= settings.max_connections;
        if let Some(connection) = state.multiplexed.find(now, settings, full) {
            state.counters.reused += u64::from(connection.has_served());
            return Some(connection.take(self.clone()).into());
        }
        while let Some(connection) = state.resting.pop_back() {
            if connection.is_usable(now, settings) {
                state.counters.reused += u64::from(connection.has_served());
                return Some(Http1Lease::new(self.clone(), connection).into());
            }
            state.discarded.push(connection);
        }
        None
    }

    fn may_open(&self, state: &State) -> bool {
        let herd = match state.protocol {
            Some(Protocol::Http1) => false,
            // Whoever waits may well share the connection that is being opened.
            Some(Protocol::Http2) | None => state.connecting > 0 || state.multiplexed.wants_none(),
        };
        state.open < self.settings.max_connections && !herd
    }

    /// Peers allow more streams than before.
    pub(super) fn relist(self: &Arc<Self>) {
        self.lock().multiplexed.relist_all();
        self.settle();
    }
}
