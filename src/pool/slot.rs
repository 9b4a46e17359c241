//! Leave to have one connection open.

use std::sync::{Arc, Weak};

use super::{Shared, state::State};

/// Counts as one open connection for as long as it lives.
pub(super) struct Slot {
    /// Weak, because the task that drives a connection holds a slot, and the pool holds what keeps that task alive.
    shared: Weak<Shared>,
    connecting: bool,
    /// The connection serves one upgrade and nothing else.
    alone: bool,
}

impl Slot {
    pub(super) fn take(shared: &Arc<Shared>, state: &mut State) -> Self {
        state.open += 1;
        state.connecting += 1;
        Self {
            shared: Arc::downgrade(shared),
            connecting: true,
            alone: false,
        }
    }

    /// For a connection that nobody else waits for.
    pub(super) fn take_alone(shared: &Arc<Shared>, state: &mut State) -> Self {
        state.open += 1;
        state.alone += 1;
        Self {
            shared: Arc::downgrade(shared),
            connecting: false,
            alone: true,
        }
    }

    /// The connection stands.
    pub(super) fn connected(&mut self, state: &mut State) {
        if std::mem::take(&mut self.connecting) {
            state.connecting -= 1;
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some(shared) = self.shared.upgrade() else {
            return;
        };
        {
            let mut state = shared.lock();
            state.open -= 1;
            if self.connecting {
                state.connecting -= 1;
            }
            if self.alone {
                state.alone -= 1;
            }
        }
        shared.settle_alone();
        shared.settle();
    }
}
