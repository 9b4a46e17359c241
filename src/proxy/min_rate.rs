//! `MinRate`: the least rate at which a client has to send or read a body.

use std::time::Duration;

use super::deadline::non_zero;

/// The least rate of a body: bytes in each second, and for how long the client may pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct MinRate {
    bytes: u64,
    pub(super) grace: Duration,
}

impl MinRate {
    /// A rate of this many bytes in each second. Zero is no least rate.
    pub(super) fn new(bytes: u64, grace: Duration) -> Option<Self> {
        let grace = non_zero(grace);
        (bytes > 0).then_some(Self { bytes, grace })
    }

    /// How long this number of bytes takes at this rate.
    pub(super) fn time_of(self, bytes: u64) -> Duration {
        let seconds = bytes as f64 / self.bytes as f64;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }
}
