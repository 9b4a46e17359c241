//! How long answers of a resolver are kept.

use std::{ops::RangeInclusive, time::Duration};

use crate::error::{BuildProblem, BuildProblemKind};

/// How long answers are kept, and what is used when no answer comes.
///
/// | call | default |
/// |---|---|
/// | [`ttl`](Self::ttl) | the answer's own, but 1 s at least and 1 h at most |
/// | [`without_ttl`](Self::without_ttl) | 5 s: the system's resolver tells no TTL |
/// | [`failures`](Self::failures) | 1 s, or as long as a negative answer says, 1 min at most |
/// | [`stale`](Self::stale) | 10 min, when name servers fail ([RFC 8767](https://www.rfc-editor.org/rfc/rfc8767)) |
///
/// Up to 1024 names are kept. When no address of a kept answer can be connected to, or none has
/// connected when all of them were tried for an [attempt
/// delay](crate::dial::HappyEyeballs::attempt_delay), the resolver is asked again at once, and what
/// it tells joins the race: but not while it is known to fail, and once a second at most.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "these settings do nothing until a builder is given them"]
pub struct DnsCache {
    pub(super) ttl: RangeInclusive<Duration>,
    pub(super) without_ttl: Duration,
    pub(super) failures: Duration,
    pub(super) stale: Duration,
}

impl Default for DnsCache {
    fn default() -> Self {
        Self {
            ttl: Duration::from_secs(1)..=Duration::from_secs(3600),
            without_ttl: Duration::from_secs(5),
            failures: Duration::from_secs(1),
            stale: Duration::from_secs(600),
        }
    }
}

impl DnsCache {
    /// Keeps nothing. Look-ups of one name at one time are still one look-up.
    pub fn off() -> Self {
        Self {
            ttl: Duration::ZERO..=Duration::ZERO,
            without_ttl: Duration::ZERO,
            failures: Duration::ZERO,
            stale: Duration::ZERO,
        }
    }

    /// Keeps answers for their TTL, but not for less or more than this.
    pub fn ttl(mut self, range: RangeInclusive<Duration>) -> Self {
        self.ttl = range;
        self
    }

    /// Keeps answers without a TTL for this long.
    pub fn without_ttl(mut self, time: Duration) -> Self {
        self.without_ttl = time;
        self
    }

    /// Does not ask again for this long after a failure, or for longer where the failure says so.
    pub fn failures(mut self, time: Duration) -> Self {
        self.failures = time;
        self
    }

    /// Uses the last answer for this long after its end where name servers fail. A name that is
    /// known not to exist has no stale answer.
    pub fn stale(mut self, time: Duration) -> Self {
        self.stale = time;
        self
    }

    pub(crate) fn check(&self, problems: &mut Vec<BuildProblem>) {
        if self.ttl.start() > self.ttl.end() {
            let why = "the shortest TTL is longer than the longest";
            problems.push(BuildProblem::new(
                "DnsCache::ttl",
                BuildProblemKind::EmptyRange,
                why,
            ));
        }
    }

    /// How long a failure with this TTL holds.
    pub(super) fn life_of_failure(&self, ttl: Option<Duration>) -> Duration {
        const LONGEST: Duration = Duration::from_secs(60);
        let told = ttl.unwrap_or_default().min(LONGEST).min(*self.ttl.end());
        told.max(self.failures)
    }

    /// How long an answer with this TTL holds.
    pub(super) fn life(&self, ttl: Option<Duration>) -> Duration {
        match ttl {
            Some(ttl) => ttl.min(*self.ttl.end()).max(*self.ttl.start()),
            None => self.without_ttl,
        }
    }
}
