//! One line of the queue: the waiters of one key, and the connects that are under way for them.

use std::collections::BTreeMap;

use tokio::sync::oneshot;

use crate::error::CurrentStage;

/// A place in the queue. Earlier ones are less.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct QueuePlace {
    pub(super) generation: u64,
    pub(super) number: u64,
}

/// The waiters of one key, and the connects that are under way for them.
pub(super) struct Line<T> {
    pub(super) waiters: BTreeMap<QueuePlace, oneshot::Sender<T>>,
    pub(super) connects: usize,
    /// The stage of the connect that has begun last.
    pub(super) stage: CurrentStage,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self {
            waiters: BTreeMap::new(),
            connects: 0,
            stage: CurrentStage::default(),
        }
    }
}

impl<T> Line<T> {
    /// The place of the first waiter.
    pub(super) fn first(&self) -> Option<QueuePlace> {
        self.waiters.keys().next().copied()
    }
}
