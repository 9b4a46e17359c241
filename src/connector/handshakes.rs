//! How many TLS handshakes a connector made, and of which kind.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{EarlyData, TlsSession};

/// How many TLS handshakes a connector and its clones have finished since it was built.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct HandshakeCounts {
    /// Those in which the origin sent its certificate.
    pub full: u64,
    /// Those that resumed an earlier session.
    pub resumed: u64,
    /// Those in which the origin took [early data](crate::connector::CdnOriginBuilder::early_data).
    pub early_data: u64,
    /// Those in which early data was sent that the origin did not look at.
    pub early_data_rejected: u64,
}

#[derive(Debug, Default)]
pub(super) struct Handshakes {
    full: AtomicU64,
    resumed: AtomicU64,
    early_data: AtomicU64,
    early_data_rejected: AtomicU64,
}

impl Handshakes {
    pub(super) fn note(&self, session: &TlsSession) {
        let counter = match session.resumed {
            true => &self.resumed,
            false => &self.full,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let counter = match session.early_data {
            EarlyData::NotSent => return,
            EarlyData::Accepted => &self.early_data,
            EarlyData::Rejected => &self.early_data_rejected,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> HandshakeCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        HandshakeCounts {
            full: read(&self.full),
            resumed: read(&self.resumed),
            early_data: read(&self.early_data),
            early_data_rejected: read(&self.early_data_rejected),
        }
    }
}
