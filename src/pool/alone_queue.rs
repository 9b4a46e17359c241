//! Upgrades that wait for leave to open a connection, first come, first served.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::oneshot;

use super::{Shared, slot::Slot};

/// The queue. Places are numbered, so that one who leaves is forgotten at once, wherever it stood.
#[derive(Default)]
pub(super) struct AloneQueue {
    waiting: BTreeMap<u64, oneshot::Sender<Slot>>,
    next: u64,
}

impl AloneQueue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes the place at the end.
    pub(super) fn join(&mut self, shared: &Arc<Shared>) -> AlonePlace {
        let (sender, word) = oneshot::channel();
        let number = self.next;
        self.next += 1;
        self.waiting.insert(number, sender);
        AlonePlace {
            shared: shared.clone(),
            number,
            word,
        }
    }

    /// The first, who leaves the queue by that.
    pub(super) fn pop(&mut self) -> Option<oneshot::Sender<Slot>> {
        self.waiting.pop_first().map(|(_, waiter)| waiter)
    }
}

/// A place in the queue. Dropped, it is given up; a slot that was granted in the meantime goes to
/// the next.
pub(super) struct AlonePlace {
    shared: Arc<Shared>,
    number: u64,
    pub(super) word: oneshot::Receiver<Slot>,
}

impl Drop for AlonePlace {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.alone_queue.waiting.remove(&self.number);
    }
}
