//! Why a connection ended.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// Why a connection ended. The first reason that somebody knew counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(super) enum Reason {
    /// Nobody here had a reason: the origin's doing.
    Origin,
    Idle,
    Age,
    Uses,
    Surplus,
    Error,
    Cancelled,
    Retired,
    Vanished,
}

const ALL: [Reason; 9] = [
    Reason::Origin,
    Reason::Idle,
    Reason::Age,
    Reason::Uses,
    Reason::Surplus,
    Reason::Error,
    Reason::Cancelled,
    Reason::Retired,
    Reason::Vanished,
];

/// The reason, shared by all who may have one.
#[derive(Clone, Debug, Default)]
pub(super) struct Ending(Arc<AtomicU8>);

impl Ending {
    /// Says why, unless somebody said it before.
    pub(super) fn note(&self, reason: Reason) {
        let unsaid = Reason::Origin as u8;
        let (order, failed) = (Ordering::Relaxed, Ordering::Relaxed);
        let _ = self.0.compare_exchange(unsaid, reason as u8, order, failed);
    }

    pub(super) fn reason(&self) -> Reason {
        let said = self.0.load(Ordering::Relaxed);
        let known = ALL.into_iter().find(|reason| *reason as u8 == said);
        known.unwrap_or(Reason::Origin)
    }
}
