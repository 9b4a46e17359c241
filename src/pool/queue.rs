//! Those who wait for a connection, first come, first served.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::oneshot;

use crate::error::Error;

use super::{Affinity, PooledConnection, Shared, slot::Leave};

/// What one who waits gets.
pub(super) enum Grant {
    /// A connection.
    Ready(PooledConnection),
    /// Leave to open one. Whoever gets it goes on waiting: another may become free sooner.
    Open(Leave),
    /// The outcome of a connect that was made for all who wait.
    Failed(Error),
}

/// The queue. Places are numbered, so that one who leaves is forgotten at once, wherever it stood.
#[derive(Default)]
pub(super) struct Queue {
    waiting: BTreeMap<u64, Waiter>,
    next: u64,
}

struct Waiter {
    client: Affinity,
    sender: oneshot::Sender<Grant>,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Takes the place at the end.
    pub(super) fn join(&mut self, shared: &Arc<Shared>, client: &Affinity) -> Place {
        let number = self.next;
        self.next += 1;
        Place {
            shared: shared.clone(),
            number,
            client: client.clone(),
            word: self.stand(number, client),
        }
    }

    /// Takes a place again that was left to open a connection.
    pub(super) fn rejoin(&mut self, place: &mut Place) {
        place.word = self.stand(place.number, &place.client);
    }

    fn stand(&mut self, number: u64, client: &Affinity) -> oneshot::Receiver<Grant> {
        let (sender, receiver) = oneshot::channel();
        let client = client.clone();
        self.waiting.insert(number, Waiter { client, sender });
        receiver
    }

    /// The first of this client's in the queue, who leaves it by that.
    pub(super) fn pop(&mut self, client: &Affinity) -> Option<oneshot::Sender<Grant>> {
        let mut waiting = self.waiting.iter();
        let (number, _) = waiting.find(|(_, waiter)| waiter.client == *client)?;
        let number = *number;
        self.waiting.remove(&number).map(|waiter| waiter.sender)
    }

    /// Who waits, the first first, and how many of each.
    pub(super) fn clients(&self) -> Vec<(Affinity, usize)> {
        let mut clients: BTreeMap<&Affinity, (u64, usize)> = BTreeMap::new();
        for (number, waiter) in &self.waiting {
            let entry = clients.entry(&waiter.client);
            entry.or_insert((*number, 0)).1 += 1;
        }
        let mut clients: Vec<_> = clients.into_iter().collect();
        clients.sort_by_key(|(_, (first, _))| *first);
        let counted = clients.into_iter();
        counted
            .map(|(client, (_, count))| (client.clone(), count))
            .collect()
    }

    pub(super) fn take_all(&mut self) -> Vec<oneshot::Sender<Grant>> {
        let waiting = std::mem::take(&mut self.waiting).into_values();
        waiting.map(|waiter| waiter.sender).collect()
    }
}

/// A place in the queue. Dropped, it is given up; what was granted in the meantime goes to the
/// next.
pub(super) struct Place {
    shared: Arc<Shared>,
    number: u64,
    client: Affinity,
    pub(super) word: oneshot::Receiver<Grant>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.queue.waiting.remove(&self.number);
    }
}
