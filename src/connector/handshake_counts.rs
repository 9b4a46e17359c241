//! `HandshakeCounts`: the finished TLS handshakes of a connector.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{EarlyData, TlsSession};

/// The finished TLS handshakes of a connector and its clones.
///
/// ```
/// use cdn_origin::CdnOriginConnector;
///
/// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
/// let counts = connector.handshakes();
/// println!("{} full, {} resumed", counts.full, counts.resumed);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct HandshakeCounts {
    /// Counter: handshakes in which the origin sent its certificate.
    pub full: u64,
    /// Counter: handshakes that resumed an earlier session.
    ///
    /// A share that falls may mean that the origin has several servers which do not share session
    /// keys.
    ///
    /// ```
    /// # fn log(connector: &cdn_origin::CdnOriginConnector) {
    /// let counts = connector.handshakes();
    /// let all = counts.full + counts.resumed;
    /// if all > 0 {
    ///     println!("{} % of handshakes were resumed", counts.resumed * 100 / all);
    /// }
    /// # }
    /// ```
    pub resumed: u64,
    /// Counter: handshakes in which the origin accepted [early data][e].
    ///
    /// [e]: crate::connector::Sessions::early_data
    pub early_data: u64,
    /// Counter: handshakes in which the origin rejected early data.
    pub early_data_rejected: u64,
}

/// The counters behind [`HandshakeCounts`].
#[derive(Debug, Default)]
pub(super) struct HandshakeCounters {
    full: AtomicU64,
    resumed: AtomicU64,
    early_data: AtomicU64,
    early_data_rejected: AtomicU64,
}

impl HandshakeCounters {
    pub(super) fn count(&self, session: &TlsSession) {
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
