//! `ConnectionLife`: why a connection was closed, and how many requests it served.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

use crate::observe::CloseReason;

/// What all parts of a connection share that may learn how its life ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionLife(Arc<Life>);

#[derive(Debug, Default)]
struct Life {
    close_reason: OnceLock<CloseReason>,
    uses: AtomicU64,
}

impl ConnectionLife {
    /// Keeps the reason, unless there is one.
    pub(crate) fn note(&self, reason: CloseReason) {
        let _ = self.0.close_reason.set(reason);
    }

    /// The first reason that was noted.
    pub(crate) fn close_reason(&self) -> CloseReason {
        let reason = self.0.close_reason.get().copied();
        reason.unwrap_or(CloseReason::Origin)
    }

    /// Counts a request.
    pub(crate) fn count_use(&self) {
        self.0.uses.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of requests.
    pub(crate) fn uses(&self) -> u64 {
        self.0.uses.load(Ordering::Relaxed)
    }
}
