//! The load of a member: its latency, and its recent failures. Reads no clock.
//!
//! tower's `PeakEwma` and `PendingRequests` are not used. They count a response that comes at once
//! as a sign of little load, even if it is a failure: a dead origin is the fastest. They wrap a
//! service, and so can neither exclude failures nor count a request until the end of its body.
//! tower's `Balance` has no weights and no tiers, and cannot send a request to another member.

use std::time::Duration;

use tokio::time::Instant;

/// The time in which an estimate decays to 37 %. Finagle and Linkerd have the same default.
const DECAY: Duration = Duration::from_secs(10);

/// The latency that counts for all faster responses: what is below is noise.
const LEAST_LATENCY: f64 = 0.001;

/// The latency and the recent failures of a member. Both decay.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// The highest recent latency, in seconds ("peak EWMA"). Unknown at first.
    latency: Option<f64>,
    /// Each failure counts as a request in flight, and ever less.
    failures: f64,
    updated: Option<Instant>,
}

impl Load {
    /// Notes how long a response took.
    pub(super) fn responded(&mut self, after: Duration, now: Instant) {
        self.decay(now);
        let latency = after.as_secs_f64();
        self.latency = Some(self.latency.unwrap_or_default().max(latency));
    }

    /// Notes a failure. It says nothing about the latency.
    pub(super) fn failed(&mut self, now: Instant) {
        self.decay(now);
        self.failures += 1.0;
    }

    /// Forgets the failures: the member responds again.
    pub(super) fn recovered(&mut self) {
        self.failures = 0.0;
    }

    /// The latency in seconds, if one was measured.
    pub(super) fn latency(&mut self, now: Instant) -> Option<f64> {
        self.decay(now);
        Some(self.latency?.max(LEAST_LATENCY))
    }

    /// The recent failures, each as a part of a request in flight.
    pub(super) fn failures(&mut self, now: Instant) -> f64 {
        self.decay(now);
        self.failures
    }

    fn decay(&mut self, now: Instant) {
        let updated = self.updated.replace(now).unwrap_or(now);
        let elapsed = now.saturating_duration_since(updated);
        if elapsed.is_zero() {
            return;
        }
        let left = (-elapsed.as_secs_f64() / DECAY.as_secs_f64()).exp();
        self.failures *= left;
        if let Some(latency) = &mut self.latency {
            *latency *= left;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latency_is_that_of_the_slowest_recent_response() {
        let now = Instant::now();
        let mut load = Load::default();
        assert_eq!(load.latency(now), None);
        load.responded(Duration::from_millis(100), now);
        load.responded(Duration::from_millis(20), now);
        assert_eq!(load.latency(now), Some(0.1));
        let later = load.latency(now + DECAY).unwrap();
        assert!((0.036..0.037).contains(&later), "{later}");
        assert_eq!(load.latency(now + 100 * DECAY), Some(LEAST_LATENCY));
    }

    #[test]
    fn failures_count_for_some_time_and_leave_the_latency_alone() {
        let now = Instant::now();
        let mut load = Load::default();
        load.responded(Duration::from_millis(100), now);
        load.failed(now);
        load.failed(now);
        assert_eq!((load.failures(now), load.latency(now)), (2.0, Some(0.1)));
        assert!(load.failures(now + DECAY) < 1.0);
        load.recovered();
        assert_eq!(load.failures(now), 0.0);
    }
}
