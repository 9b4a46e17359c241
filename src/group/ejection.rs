//! The ejection of failing origins, and their return.

use std::time::Duration;

/// When an [`OriginGroup`](super::OriginGroup) ejects an origin, and how the origin returns.
///
/// ```
/// use std::time::Duration;
///
/// use cdn_origin::group::Ejection;
///
/// let ejection = Ejection::default()
///     .failures(3)
///     .time(Duration::from_secs(10))
///     .longest(Duration::from_secs(60))
///     .trials(1);
/// ```
///
/// | setting | default | elsewhere |
/// |---|---|---|
/// | [`failures`](Self::failures) | 5 in a row | Envoy's `consecutive_5xx`; nginx's `max_fails` is 1 |
/// | [`time`](Self::time) | 30 s, each time in a row as much longer | Envoy's `base_ejection_time`; nginx's `fail_timeout` is 10 s |
/// | [`longest`](Self::longest) | 5 min | Envoy's `max_ejection_time` |
/// | [`trials`](Self::trials) | 3 | |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "it does nothing until a group is given it"]
pub struct Ejection {
    pub(super) failures: u32,
    pub(super) time: Duration,
    pub(super) longest: Duration,
    pub(super) trials: u32,
}

impl Default for Ejection {
    fn default() -> Self {
        Self {
            failures: 5,
            time: Duration::from_secs(30),
            longest: Duration::from_secs(300),
            trials: 3,
        }
    }
}

impl Ejection {
    /// Sets how many failures in a row eject an origin. The default is 5. Zero counts as one.
    pub fn failures(mut self, count: u32) -> Self {
        self.failures = count.max(1);
        self
    }

    /// Sets how long the first ejection lasts.
    ///
    /// The default is 30 seconds. Each further ejection in a row is longer by this time.
    pub fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Sets the maximum length of an ejection.
    ///
    /// The default is 5 minutes. It is never less than [`time`](Self::time), and at most one day.
    pub fn longest(mut self, time: Duration) -> Self {
        self.longest = time;
        self
    }

    /// Sets how many trial requests have to succeed before the origin returns.
    ///
    /// The default is 3. Zero counts as one. After an ejection, the origin gets one trial request at
    /// a time. When one fails, it is ejected again.
    pub fn trials(mut self, count: u32) -> Self {
        self.trials = count.max(1);
        self
    }

    /// The length of the nth ejection in a row, at most one day.
    pub(super) fn time_of(&self, in_a_row: u32) -> Duration {
        let most = self
            .longest
            .max(self.time)
            .min(Duration::from_secs(24 * 3600));
        self.time.saturating_mul(in_a_row).min(most)
    }
}
