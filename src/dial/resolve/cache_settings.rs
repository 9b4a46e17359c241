//! `DnsCache`: how long answers are cached. `cached_answers.rs` applies the times.

use std::{ops::RangeInclusive, time::Duration};

use crate::error::{BuildProblem, BuildProblemKind};

/// How long the connector caches answers of the resolver.
///
/// | call | default |
/// |---|---|
/// | [`ttl`](Self::ttl) | the answer's own, but at least 1 s and at most 1 h |
/// | [`without_ttl`](Self::without_ttl) | 5 s; the system's resolver returns no TTL |
/// | [`failures`](Self::failures) | 1 s, or the TTL of a negative answer up to 1 min |
/// | [`stale`](Self::stale) | 10 min ([RFC 8767](https://www.rfc-editor.org/rfc/rfc8767)) |
///
/// The cache has at most 1024 names and removes the one that was looked up least recently.
/// Concurrent look-ups of one name share one query.
///
/// # Refreshing
///
/// A look-up starts before the TTL ends in two cases: no cached address can be connected to, or
/// none has connected within an [attempt delay](crate::dial::HappyEyeballs::attempt_delay) after
/// all were tried. New addresses join the race. Such a look-up starts at most once per second, and
/// not while a failure is cached.
///
/// ```
/// use std::time::Duration;
///
/// use cdn_origin::{CdnOriginConnector, dial::{Dns, DnsCache}};
///
/// let cache = DnsCache::default()
///     .ttl(Duration::from_secs(5)..=Duration::from_secs(300))
///     .stale(Duration::from_secs(3600));
/// let connector = CdnOriginConnector::builder("http://origin.example")
///     .dns(Dns::default().cache(cache))
///     .build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "these settings do nothing until a builder is given them"]
pub struct DnsCache {
    pub(crate) ttl: RangeInclusive<Duration>,
    pub(crate) without_ttl: Duration,
    pub(crate) failures: Duration,
    pub(crate) stale: Duration,
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
    /// Turns the cache off. Concurrent look-ups of one name still share one query.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, dial::{Dns, DnsCache}};
    ///
    /// // A caching resolver runs on this machine.
    /// let connector = CdnOriginConnector::builder("http://origin.example")
    ///     .dns(Dns::default().cache(DnsCache::off()))
    ///     .build()?;
    /// # drop(connector);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn off() -> Self {
        Self {
            ttl: Duration::ZERO..=Duration::ZERO,
            without_ttl: Duration::ZERO,
            failures: Duration::ZERO,
            stale: Duration::ZERO,
        }
    }

    /// Sets the minimum and maximum TTL.
    ///
    /// The default is 1 s to 1 h. `build()` fails for an empty range.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::dial::DnsCache;
    ///
    /// // An answer with a TTL of zero is used for 2 s.
    /// let cache = DnsCache::default().ttl(Duration::from_secs(2)..=Duration::from_secs(60));
    /// # drop(cache);
    /// ```
    pub fn ttl(mut self, range: RangeInclusive<Duration>) -> Self {
        self.ttl = range;
        self
    }

    /// Sets how long answers without a TTL are cached.
    ///
    /// The default is 5 s.
    ///
    /// The system's resolver reports no TTL, so this is what it gets.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::dial::DnsCache;
    ///
    /// let cache = DnsCache::default().without_ttl(Duration::from_secs(30));
    /// # drop(cache);
    /// ```
    pub fn without_ttl(mut self, time: Duration) -> Self {
        self.without_ttl = time;
        self
    }

    /// Sets how long failures are cached, if they have no longer TTL of their own.
    ///
    /// The default is 1 s. A negative answer's TTL counts up to 1 min (RFC 2308).
    pub fn failures(mut self, time: Duration) -> Self {
        self.failures = time;
        self
    }

    /// Sets how long an answer stays usable after its TTL while look-ups fail or take too long.
    ///
    /// The default is 10 min ([RFC 8767](https://www.rfc-editor.org/rfc/rfc8767)). Zero turns it
    /// off. A negative answer, such as NXDOMAIN, removes the stale answer. A connection uses a
    /// stale answer 1.8 s after the start of the look-up, or after half of its dial timeout. The
    /// look-up goes on.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::dial::DnsCache;
    ///
    /// // The addresses of a failover name must not be used after its answer has expired.
    /// let cache = DnsCache::default().stale(Duration::ZERO);
    /// # drop(cache);
    /// ```
    pub fn stale(mut self, time: Duration) -> Self {
        self.stale = time;
        self
    }

    pub(crate) fn check(&self, problems: &mut Vec<BuildProblem>) {
        if self.ttl.start() > self.ttl.end() {
            let why = "the shortest TTL is longer than the longest";
            problems.push(BuildProblem::new(
                "DnsCache::ttl",
                BuildProblemKind::Empty,
                why,
            ));
        }
    }

    /// How long a failure with this TTL holds.
    pub(super) fn life_of_failure(&self, ttl: Option<Duration>) -> Duration {
        const LONGEST: Duration = Duration::from_secs(60);
        let ttl = ttl.unwrap_or_default().min(LONGEST).min(*self.ttl.end());
        ttl.max(self.failures)
    }

    /// How long an answer with this TTL holds.
    pub(super) fn life(&self, ttl: Option<Duration>) -> Duration {
        match ttl {
            Some(ttl) => ttl.min(*self.ttl.end()).max(*self.ttl.start()),
            None => self.without_ttl,
        }
    }
}
