//! Why a connection ended.

use std::sync::{Arc, OnceLock};

/// Why a connection ended. The first reason that somebody knew counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reason {
    Age,
    Cancelled,
    Error,
    Idle,
    /// The origin's doing. Also where nobody here had a reason.
    Origin,
    Retired,
    Surplus,
    Upgrade,
    Uses,
    Vanished,
}

/// The reason, shared by all who may have one.
#[derive(Clone, Debug, Default)]
pub(super) struct Ending(Arc<OnceLock<Reason>>);

impl Ending {
    /// Says why, unless somebody said it before.
    pub(super) fn note(&self, reason: Reason) {
        let _ = self.0.set(reason);
    }

    pub(super) fn reason(&self) -> Reason {
        self.0.get().copied().unwrap_or(Reason::Origin)
    }
}
