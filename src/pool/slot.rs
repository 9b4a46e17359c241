//! Leave to have one connection open.

use std::sync::{Arc, Weak};

use crate::error::Error;

use super::{
    Affinity, Shared,
    ending::{Ending, Reason},
    queue::Grant,
    state::State,
};

/// Leave to open one connection.
pub(super) struct Leave {
    pub(super) slot: Slot,
    pub(super) attempt: Attempt,
    /// The connections of which generation it will belong to.
    pub(super) generation: u64,
    pub(super) client: Affinity,
}

/// Counts as one open connection for as long as it lives. The socket holds it, so that a limit of
/// connections is one of sockets.
pub(super) struct Slot {
    /// Weak, because the task that drives a connection holds a slot, and the pool holds what keeps
    /// that task alive.
    shared: Weak<Shared>,
    ending: Ending,
    stands: bool,
    /// The connection serves one upgrade and nothing else.
    alone: bool,
}

/// Counts as a connection that is not known yet for as long as it lives: no answer to the connect,
/// or no word of how many streams the peer allows.
pub(super) struct Attempt {
    shared: Weak<Shared>,
    client: Affinity,
}

impl Leave {
    pub(super) fn take(shared: &Arc<Shared>, state: &mut State, client: &Affinity) -> Self {
        state.open += 1;
        state.connecting.begin(client);
        Self {
            slot: Slot::new(shared, false),
            attempt: Attempt {
                shared: Arc::downgrade(shared),
                client: client.clone(),
            },
            generation: state.generation,
            client: client.clone(),
        }
    }

    /// The connect failed. Where nothing else is open or being opened, all who wait share the
    /// outcome: each would only wait for the next failure.
    pub(super) fn failed(mut self, shared: &Arc<Shared>, error: &Error) {
        let hopeless = {
            let mut state = shared.lock();
            self.attempt.end(&mut state);
            self.slot.give_back(&mut state);
            match state.open {
                0 => state.queue.take_all(),
                _ => Vec::new(),
            }
        };
        for waiter in hopeless {
            let _ = waiter.send(Grant::Failed(error.clone()));
        }
        shared.settle_alone();
        shared.settle();
    }
}

impl Slot {
    fn new(shared: &Arc<Shared>, alone: bool) -> Self {
        Self {
            shared: Arc::downgrade(shared),
            ending: Ending::default(),
            stands: false,
            alone,
        }
    }

    /// For a connection that nobody else waits for.
    pub(super) fn take_alone(shared: &Arc<Shared>, state: &mut State) -> Self {
        state.open += 1;
        state.alone += 1;
        Self::new(shared, true)
    }

    /// The connection stands.
    pub(super) fn stand(&mut self, state: &mut State) {
        self.stands = true;
        state.counters.opened += 1;
    }

    pub(super) fn ending(&self) -> &Ending {
        &self.ending
    }

    fn give_back(&mut self, state: &mut State) {
        self.shared = Weak::new();
        state.open -= 1;
        if self.alone {
            state.alone -= 1;
        }
        if self.stands {
            state.counters.closed.count(self.ending.reason());
        }
    }

    /// What the socket failed with says why the connection ends.
    pub(super) fn broke(&self) {
        self.ending.note(Reason::Error);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            self.give_back(&mut shared.lock());
            shared.settle_alone();
            shared.settle();
        }
    }
}

impl Attempt {
    pub(super) fn end(&mut self, state: &mut State) {
        self.shared = Weak::new();
        state.connecting.end(&self.client);
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            self.end(&mut shared.lock());
            shared.settle();
        }
    }
}
