//! `Traffic`: what has passed through a tunnel, and which side of it failed.

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

/// A side of a tunnel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Client,
    Origin,
}

/// The bytes that were copied, and when; and the side that failed.
pub(super) struct Traffic {
    pub(super) began: Instant,
    counts: Mutex<Counts>,
}

pub(super) struct Counts {
    pub(super) to_origin: u64,
    pub(super) to_downstream: u64,
    pub(super) last: Instant,
    /// The first side that failed.
    pub(super) failed: Option<Side>,
}

impl Traffic {
    pub(super) fn new() -> Self {
        let began = Instant::now();
        Self {
            began,
            counts: Mutex::new(Counts {
                to_origin: 0,
                to_downstream: 0,
                last: began,
                failed: None,
            }),
        }
    }

    /// Notes bytes that were read.
    pub(super) fn read(&self) {
        self.counts().last = Instant::now();
    }

    /// Notes bytes that were written to a side.
    pub(super) fn written(&self, to: Side, bytes: usize) {
        let mut counts = self.counts();
        counts.last = Instant::now();
        match to {
            Side::Client => counts.to_downstream += bytes as u64,
            Side::Origin => counts.to_origin += bytes as u64,
        }
    }

    /// Notes an error of a side. The first counts.
    pub(super) fn failed(&self, side: Side) {
        self.counts().failed.get_or_insert(side);
    }

    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client => "client",
            Self::Origin => "origin",
        })
    }
}
