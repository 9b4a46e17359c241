//! `Ejection`: the settings of ejection. `health/ejection.rs` ejects members and brings them back,
//! `tiers.rs` enforces `max_share`.

use std::time::Duration;

/// When an [`OriginGroup`](super::OriginGroup) ejects a member, and how the member returns.
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
///     .trials(1)
///     .max_share(30)
///     .slow_start(Duration::from_secs(60));
/// ```
///
/// | call | default | in Envoy or another proxy |
/// |---|---|---|
/// | [`failures`](Self::failures) | 5 in a row | `consecutive_5xx`, 5; nginx's `max_fails`, 1 |
/// | [`time`](Self::time) | 30 s, the nth in a row n times as long | `base_ejection_time`, 30 s |
/// | [`longest`](Self::longest) | 5 min | `max_ejection_time`, 5 min |
/// | [`trials`](Self::trials) | 3 | |
/// | [`max_share`](Self::max_share) | 50 % | `max_ejection_percent`, 10 % |
/// | [`slow_start`](Self::slow_start) | 10 s | HAProxy's `slowstart`, off |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use = "it does nothing until `OriginGroupBuilder::ejection` gets it"]
pub struct Ejection {
    pub(super) failures: u32,
    pub(super) time: Duration,
    pub(super) longest: Duration,
    pub(super) trials: u32,
    max_share: u32,
    pub(super) slow_start: Duration,
}

impl Default for Ejection {
    fn default() -> Self {
        Self {
            failures: 5,
            time: Duration::from_secs(30),
            longest: Duration::from_secs(300),
            trials: 3,
            max_share: 50,
            slow_start: Duration::from_secs(10),
        }
    }
}

impl Ejection {
    /// Sets the number of consecutive failures that eject a member.
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
    /// The default is 30 seconds. Each further ejection in a row lasts longer by this time.
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

    /// Sets how many trial requests have to succeed before the member returns.
    ///
    /// The default is 3. Zero counts as one. After an ejection, the member gets one trial request
    /// at a time. A trial succeeds when the head of its response arrives, since a body may be long.
    /// When one fails, or a body of one breaks off before the return, the member is ejected again.
    ///
    /// ```
    /// # use cdn_origin::group::Ejection;
    /// let ejection = Ejection::default().trials(1);
    /// ```
    pub fn trials(mut self, count: u32) -> Self {
        self.trials = count.max(1);
        self
    }

    /// Sets the maximum share of the members of the last tier that may be ejected, in percent.
    ///
    /// The default is 50. The number is rounded up, so that one of two may be ejected, and two of
    /// three. Members of weight 0 do not count. Beyond it, members that fail stay in use, because
    /// the few that are left could not carry the load.
    ///
    /// All members of another tier may be ejected. Until the last one is, it gets all requests of
    /// the [tier](super::OriginGroupBuilder::tier), as far as its limits allow.
    ///
    /// Members whose [health checks](super::HealthCheck) fail are down in addition, so all members
    /// may be out. Then [the first tier serves as if none were
    /// out](super::OriginGroup#which-member-gets-a-request), including ejected members. See also
    /// [`panic_threshold`](super::OriginGroupBuilder::panic_threshold).
    ///
    /// ```
    /// # use cdn_origin::group::Ejection;
    /// let ejection = Ejection::default().max_share(30);
    /// ```
    pub fn max_share(mut self, percent: u32) -> Self {
        self.max_share = percent.min(100);
        self
    }

    /// Sets how long the share of a member grows after its return.
    ///
    /// The default is 10 seconds. A member that was ejected, or down by its health checks, begins
    /// with a tenth of its weight, because its caches may be cold. Zero turns it off. A tier with
    /// one member is not affected.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cdn_origin::group::Ejection;
    /// let ejection = Ejection::default().slow_start(Duration::from_secs(60));
    /// ```
    pub fn slow_start(mut self, time: Duration) -> Self {
        self.slow_start = time;
        self
    }

    /// How many of `count` members may be ejected.
    pub(super) fn max_of(&self, count: usize) -> usize {
        let share = count.saturating_mul(self.max_share as usize);
        share.div_ceil(100)
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
