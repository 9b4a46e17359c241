//! `WaitingRequests`: the requests that wait for a permit, and which of them is next.

use std::{collections::BTreeMap, time::Duration};

use tokio::{sync::oneshot, time::Instant};

/// From then on, a queue that was never empty does not drain: more requests come than are served.
const STANDING: Duration = Duration::from_millis(100);

/// Requests that wait for a `T`.
///
/// The oldest is next, as long as the queue drains. In a queue that stands, each would wait for as
/// long as the queue is, and most clients would leave. So the newest is next then, and the oldest
/// gives way to a newcomer (adaptive LIFO).
#[derive(Debug)]
pub(super) struct WaitingRequests<T> {
    requests: BTreeMap<u64, oneshot::Sender<T>>,
    next: u64,
    /// Since when the queue has not been empty.
    since: Instant,
}

impl<T> WaitingRequests<T> {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            requests: BTreeMap::new(),
            next: 0,
            since: now,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Adds a request. Returns its number.
    pub(super) fn join(&mut self, now: Instant) -> (u64, oneshot::Receiver<T>) {
        if self.is_empty() {
            self.since = now;
        }
        let (sender, receiver) = oneshot::channel();
        let number = self.next;
        self.next += 1;
        self.requests.insert(number, sender);
        (number, receiver)
    }

    /// Removes a request that waits no longer.
    pub(super) fn leave(&mut self, number: u64) -> Option<oneshot::Sender<T>> {
        self.requests.remove(&number)
    }

    /// Removes the request that is next.
    pub(super) fn take_next(&mut self, now: Instant) -> Option<oneshot::Sender<T>> {
        let taken = match self.stands(now) {
            true => self.requests.pop_last(),
            false => self.requests.pop_first(),
        };
        taken.map(|(_, sender)| sender)
    }

    /// Removes the request that gives way to a newcomer, if one does.
    pub(super) fn take_oldest(&mut self, now: Instant) -> Option<oneshot::Sender<T>> {
        let stands = self.stands(now);
        let oldest = stands.then(|| self.requests.pop_first()).flatten();
        oldest.map(|(_, sender)| sender)
    }

    /// How many requests are served before one that joins now.
    pub(super) fn ahead_of_a_newcomer(&self, now: Instant) -> usize {
        match self.stands(now) {
            true => 0,
            false => self.len(),
        }
    }

    fn stands(&self, now: Instant) -> bool {
        !self.is_empty() && now - self.since >= STANDING
    }
}
