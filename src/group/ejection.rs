//! When an origin of a group is left alone, and how it returns.

use std::time::Duration;

/// When an origin of a group is left alone, and how it returns.
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
    /// After as many failures in a row. Zero counts as one.
    pub fn failures(mut self, count: u32) -> Self {
        self.failures = count.max(1);
        self
    }

    /// For so long, and each further time in a row for so much longer.
    pub fn time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// But never longer than this, or than [`time`](Self::time) if that is more.
    pub fn longest(mut self, time: Duration) -> Self {
        self.longest = time;
        self
    }

    /// After that time, one request at a time is sent to the origin. When as many have gone well,
    /// it serves as before; when one fails, it is ejected again. Zero counts as one.
    pub fn trials(mut self, count: u32) -> Self {
        self.trials = count.max(1);
        self
    }

    /// How long the ejection lasts that is this one in a row. A day is as good as for ever.
    pub(super) fn time_of(&self, in_a_row: u32) -> Duration {
        let most = self
            .longest
            .max(self.time)
            .min(Duration::from_secs(24 * 3600));
        self.time.saturating_mul(in_a_row).min(most)
    }
}
