//! The cached answer and failure of one name: TTL, stale answers and refreshes.
//!
//! Pure: the time is a parameter.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{DnsCache, ResolveError, Resolved};

/// The cached answer and failure of one name.
#[derive(Debug, Default)]
pub(super) struct CachedAnswers {
    answer: Option<CachedAnswer>,
    failure: Option<(ResolveError, Instant)>,
    /// No refresh before the TTL ends starts until then.
    no_refresh_until: Option<Instant>,
}

/// A cached answer with its expiry.
#[derive(Clone, Debug)]
pub(super) struct CachedAnswer {
    pub(super) resolved: Arc<Resolved>,
    pub(super) received_at: Instant,
    fresh_until: Instant,
    stale_until: Instant,
}

/// The content of the cache for a name, if no look-up is needed.
#[derive(Debug)]
pub(super) enum Cached {
    /// An answer within its TTL.
    Fresh(CachedAnswer),
    /// An answer past its TTL, because the last look-up failed.
    Stale(CachedAnswer),
    /// The error of the last look-up.
    Failure(ResolveError),
}

impl CachedAnswer {
    /// Whether its TTL has passed.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        now >= self.fresh_until
    }
}

impl CachedAnswers {
    /// The cached answer or failure, if one is usable now.
    pub(super) fn read(&self, now: Instant) -> Option<Cached> {
        if let Some(kept) = self.answer.as_ref().filter(|kept| now < kept.fresh_until) {
            return Some(Cached::Fresh(kept.clone()));
        }
        let (error, _) = self.failure.as_ref().filter(|(_, until)| now < *until)?;
        Some(match self.stale(now) {
            Some(kept) => Cached::Stale(kept),
            None => Cached::Failure(error.clone()),
        })
    }

    /// Whether a look-up may start before the TTL ends.
    ///
    /// It may not while a failure is cached, nor within 1 s of the last refresh.
    pub(super) fn may_refresh(&self, now: Instant) -> bool {
        let failure = self.failure.as_ref().map(|(_, until)| *until);
        [failure, self.no_refresh_until]
            .into_iter()
            .flatten()
            .all(|until| until <= now)
    }

    /// Notes that a look-up before the end of the TTL has started or ended.
    pub(super) fn note_refresh(&mut self, now: Instant) {
        /// Equals the default minimum TTL.
        const PAUSE: Duration = Duration::from_secs(1);
        self.no_refresh_until = Some(later(now, PAUSE));
    }

    /// The last answer, if it may be used after a failed look-up.
    pub(super) fn stale(&self, now: Instant) -> Option<CachedAnswer> {
        let kept = self.answer.as_ref()?;
        (now < kept.stale_until).then(|| kept.clone())
    }

    /// Stores the result of a look-up.
    pub(super) fn write(
        &mut self,
        now: Instant,
        outcome: &Result<Arc<Resolved>, ResolveError>,
        settings: &DnsCache,
    ) {
        match outcome {
            Ok(resolved) => {
                let fresh_until = later(now, settings.life(resolved.ttl));
                self.failure = None;
                self.answer = Some(CachedAnswer {
                    resolved: resolved.clone(),
                    received_at: now,
                    fresh_until,
                    stale_until: later(fresh_until, settings.stale),
                });
            }
            Err(error) => {
                if error.is_not_found() {
                    self.answer = None;
                }
                self.failure = Some((
                    error.clone(),
                    later(now, settings.life_of_failure(error.ttl)),
                ));
            }
        }
    }

    /// When the last answer was received.
    pub(super) fn received_at(&self) -> Option<Instant> {
        self.answer.as_ref().map(|kept| kept.received_at)
    }

    /// Whether nothing in it is usable any longer.
    pub(super) fn has_expired(&self, now: Instant) -> bool {
        let failed = self.failure.as_ref().is_some_and(|(_, until)| now < *until);
        !failed && self.stale(now).is_none()
    }
}

/// Adds the durations, capped at one year so that they do not overflow.
fn later(from: Instant, time: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    from + time.min(YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_used_until_its_ttl_has_passed() {
        let (now, ttl) = (Instant::now(), Duration::from_secs(30));
        let mut entry = CachedAnswers::default();
        let outcome = Ok(Arc::new(Resolved::new([]).ttl(ttl)));
        entry.write(now, &outcome, &DnsCache::default());
        let last = now + ttl - Duration::from_millis(1);
        assert!(matches!(entry.read(last), Some(Cached::Fresh(_))));
        assert!(entry.read(now + ttl).is_none());
    }
}
