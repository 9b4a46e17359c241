//! `CloseReason`: why a connection was closed.

use std::sync::{Arc, OnceLock};

/// Why a connection was closed. The first reason that was known counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CloseReason {
    Age,
    Cancelled,
    Error,
    Idle,
    /// The origin closed it. Also where no other reason is known.
    Origin,
    Retired,
    Surplus,
    Upgrade,
    Uses,
    Vanished,
}

/// The reason, shared by all parts of a connection that may learn of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct CloseReasonCell(Arc<OnceLock<CloseReason>>);

impl CloseReasonCell {
    /// Keeps the reason, unless there is one.
    pub(crate) fn note(&self, reason: CloseReason) {
        let _ = self.0.set(reason);
    }

    pub(crate) fn get(&self) -> CloseReason {
        self.0.get().copied().unwrap_or(CloseReason::Origin)
    }
}
