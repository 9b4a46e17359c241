//! Those who wait for a connection, first come, first served.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::oneshot;

use crate::error::Error;

use super::{Lease, Shared, slot::Leave};

/// What one who waits gets.
pub(super) enum Grant {
    /// A connection.
    Ready(Lease),
    /// Leave to open one. Whoever gets it goes on waiting: another may become free sooner.
    Open(Leave),
    /// The outcome of a connect that was made for all who wait.
    Failed(Error),
}

/// The queue. Places are numbered, so that one who leaves is forgotten at once, wherever it stood.
#[derive(Default)]
pub(super) struct Queue {
    waiting: BTreeMap<u64, oneshot::Sender<Grant>>,
    next: u64,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes the place at the end.
    pub(super) fn join(&mut self, shared: &Arc<Shared>) -> Place {
        let number = self.next;
        self.next += 1;
        Place {
            shared: shared.clone(),
            number,
            word: self.stand(number),
        }
    }

    /// Takes a place again that was left to open a connection.
    pub(super) fn rejoin(&mut self, place: &mut Place) {
        place.word = self.stand(place.number);
    }

    fn stand(&mut self, number: u64) -> oneshot::Receiver<Grant> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.insert(number, sender);
        receiver
    }

    /// The first in the queue, who leaves it by that.
    pub(super) fn pop(&mut self) -> Option<oneshot::Sender<Grant>> {
        self.waiting.pop_first().map(|(_, sender)| sender)
    }

    pub(super) fn take_all(&mut self) -> Vec<oneshot::Sender<Grant>> {
        std::mem::take(&mut self.waiting).into_values().collect()
    }
}

/// A place in the queue. Dropped, it is given up; what was granted in the meantime goes to the next.
pub(super) struct Place {
    shared: Arc<Shared>,
    number: u64,
    pub(super) word: oneshot::Receiver<Grant>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.queue.waiting.remove(&self.number);
    }
}
