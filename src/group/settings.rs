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
/// * [`failures`](Self::failures): 5. Envoy calls it `consecutive_5xx`; nginx's `max_fails` is 1.
/// * [`time`](Self::time): 30 s. Envoy calls it `base_ejection_time`; nginx's `fail_timeout` is
///   10 s. The nth ejection in a row lasts n times as long.
/// * [`longest`](Self::longest): 5 min. Envoy calls it `max_ejection_time`.
/// * [`trials`](Self::trials): 3.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "it does nothing until `OriginGroup::ejection` gets it"]
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
    /// Sets the number of consecutive failures that eject an origin.
    ///
    /// The default is 5. Zero counts as one.
    ///
    /// ```
    /// # use cdn_origin::group::Ejection;
    /// let ejection = Ejection::default().failures(3);
    /// ```
    pub fn failures(mut self, count: u32) -> Self {
        self.failures = count.max(1);
        self
    }

    /// Sets how long the first ejection lasts.
    ///
    /// The default is 30 seconds. Each further ejection in a row is longer by this time.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cdn_origin::group::Ejection;
    /// let ejection = Ejection::default().time(Duration::from_secs(10));
    /// ```
    pub fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Sets the maximum length of an ejection.
    ///
    /// The default is 5 minutes. It is never less than [`time`](Self::time), and at most one day.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cdn_origin::group::Ejection;
    /// let ejection = Ejection::default().longest(Duration::from_secs(60));
    /// ```
    pub fn longest(mut self, time: Duration) -> Self {
        self.longest = time;
        self
    }

    /// Sets how many trial requests have to succeed before the origin returns.
    ///
    /// The default is 3. Zero counts as one. After an ejection, the origin gets one trial request
    /// at a time. When one fails, it is ejected again.
    ///
    /// ```
    /// # use cdn_origin::group::Ejection;
    /// let ejection = Ejection::default().trials(1);
    /// ```
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
