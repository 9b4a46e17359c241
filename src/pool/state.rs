//! The books of a pool: what is open, what rests, who waits.

use std::{
    collections::VecDeque,
    sync::{Arc, MutexGuard, PoisonError},
};

use tokio::{sync::oneshot, time::Instant};

use super::{
    Shared,
    http1::{Http1, Http1Lease},
    http2::{Http2Lease, Multiplexed},
    slot::Slot,
};

/// What a request may get: a connection, or leave to open one.
pub(super) enum Grant {
    Http1(Http1Lease),
    Http2(Http2Lease),
    Open(Slot),
}

/// What is granted at once, or where to wait for it.
pub(super) enum Offer {
    Now(Grant),
    Wait(oneshot::Receiver<Grant>),
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
    pub(super) resting: Vec<Http1>,
    pub(super) multiplexed: Vec<Arc<Multiplexed>>,
    /// How many streams a connection of this origin allowed when last heard.
    pub(super) streams_allowed: Option<usize>,
    pub(super) open: usize,
    pub(super) connecting: usize,
    /// Those of the open connections that serve one upgrade each.
    pub(super) alone: usize,
    /// Upgrades that wait for leave to open a connection.
    pub(super) alone_queue: VecDeque<oneshot::Sender<Slot>>,
    pub(super) reaping: bool,
    queue: VecDeque<oneshot::Sender<Grant>>,
}

impl State {
    pub(super) fn is_awaited(&self) -> bool {
        self.queue.iter().any(|waiter| !waiter.is_closed())
    }

    /// Those who wait leave in about the order in which they came, because all wait for the same time.
    fn forget_those_who_left(&mut self) {
        while self.queue.front().is_some_and(oneshot::Sender::is_closed) {
            self.queue.pop_front();
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue
            .iter()
            .filter(|waiter| !waiter.is_closed())
            .count()
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can panic halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection, leave to open one, or a place in the queue.
    pub(super) fn offer(self: &Arc<Self>) -> Offer {
        let receiver = {
            let mut state = self.lock();
            state.forget_those_who_left();
            // Whoever waits comes first.
            if state.queue.is_empty()
                && let Some(grant) = self.next_grant(&mut state)
            {
                return Offer::Now(grant);
            }
            let (sender, receiver) = oneshot::channel();
            state.queue.push_back(sender);
            receiver
        };
        self.settle();
        Offer::Wait(receiver)
    }

    /// Grants to those who wait whatever there is.
    pub(super) fn settle(self: &Arc<Self>) {
        loop {
            let (waiter, grant) = {
                let mut state = self.lock();
                state.forget_those_who_left();
                if state.queue.is_empty() {
                    return;
                }
                let Some(grant) = self.next_grant(&mut state) else {
                    return;
                };
                (state.queue.pop_front(), grant)
            };
            // Outside of the lock: a waiter that has just left drops the grant, which then finds its way back here.
            if let Some(waiter) = waiter {
                let _ = waiter.send(grant);
            }
        }
    }

    fn next_grant(self: &Arc<Self>, state: &mut State) -> Option<Grant> {
        let now = Instant::now();
        if let Some(lease) = self.take_stream(state, now) {
            return Some(Grant::Http2(lease));
        }
        while let Some(connection) = state.resting.pop() {
            if connection.is_usable(now, &self.settings) {
                return Some(Grant::Http1(Http1Lease::new(self.clone(), connection)));
            }
        }
        self.may_open(state)
            .then(|| Grant::Open(Slot::take(self, state)))
    }

    fn take_stream(self: &Arc<Self>, state: &mut State, now: Instant) -> Option<Http2Lease> {
        let settings = &self.settings;
        state
            .multiplexed
            .retain(|connection| !connection.is_over(now, settings));
        let full = state.open >= settings.max_connections;
        let with_room = |connection: &&Arc<Multiplexed>| connection.has_room();
        let mut young = state
            .multiplexed
            .iter()
            .filter(|connection| !connection.is_spent(now, settings));
        let connection = match young.find(with_room) {
            Some(connection) => connection,
            // One that should go but still has streams is better than none.
            None if full => state.multiplexed.iter().find(with_room)?,
            None => return None,
        };
        Some(Http2Lease::new(self.clone(), connection.clone()))
    }

    fn may_open(&self, state: &State) -> bool {
        let herd = match state.protocol {
            Some(Protocol::Http1) => false,
            // Whoever waits may well share the connection that is being opened.
            Some(Protocol::Http2) | None => state.connecting > 0,
        };
        state.open < self.settings.max_connections && !herd
    }
}
