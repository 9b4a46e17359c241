//! How many TLS handshakes a connector made, and of which kind.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::TlsSession;

/// How many TLS handshakes a connector and its clones have finished since it was built.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct HandshakeCounts {
    /// Those in which the origin sent its certificate.
    pub full: u64,
    /// Those that resumed an earlier session.
    pub resumed: u64,
}

#[derive(Debug, Default)]
pub(super) struct Handshakes {
    full: AtomicU64,
    resumed: AtomicU64,
}

impl Handshakes {
    pub(super) fn note(&self, session: &TlsSession) {
        let counter = match session.resumed {
            true => &self.resumed,
            false => &self.full,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> HandshakeCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        HandshakeCounts {
            full: read(&self.full),
            resumed: read(&self.resumed),
        }
    }
}
