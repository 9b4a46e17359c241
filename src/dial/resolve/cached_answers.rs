//! What is known about one name. Pure: it is told the time.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{DnsCache, ResolveError, Resolved};

/// What is known about one name.
#[derive(Debug, Default)]
pub(super) struct CachedAnswers {
    answer: Option<CachedAnswer>,
    failure: Option<(ResolveError, Instant)>,
    /// The end of the time in which it is not asked again before its time.
    settled_until: Option<Instant>,
}

/// An answer that is kept, and until when.
#[derive(Clone, Debug)]
pub(super) struct CachedAnswer {
    pub(super) resolved: Arc<Resolved>,
    pub(super) received_at: Instant,
    holds_until: Instant,
    stale_until: Instant,
}

/// What an entry says without a look-up.
#[derive(Debug)]
pub(super) enum Cached {
    /// An answer that holds.
    DnsAnswer(CachedAnswer),
    /// Name servers failed just now; the last answer is used instead.
    Stale(CachedAnswer),
    /// It failed just now.
    Failure(ResolveError),
}

impl CachedAnswer {
    /// Whether its time has passed.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        now >= self.holds_until
    }
}

impl CachedAnswers {
    /// What is known now, if anything is.
    pub(super) fn read(&self, now: Instant) -> Option<Cached> {
        if let Some(kept) = self.answer.as_ref().filter(|kept| now < kept.holds_until) {
            return Some(Cached::DnsAnswer(kept.clone()));
        }
        let (error, _) = self.failure.as_ref().filter(|(_, until)| now < *until)?;
        Some(match self.stale(now) {
            Some(kept) => Cached::Stale(kept),
            None => Cached::Failure(error.clone()),
        })
    }

    /// Whether it may be asked again though something is known: not while name servers are known to
    /// fail, nor just after it was.
    pub(super) fn may_refresh(&self, now: Instant) -> bool {
        let failure = self.failure.as_ref().map(|(_, until)| *until);
        [failure, self.settled_until]
            .into_iter()
            .flatten()
            .all(|until| until <= now)
    }

    /// It is asked, or was asked, again before its time.
    pub(super) fn settle(&mut self, now: Instant) {
        /// As long as the shortest TTL that is honoured by default.
        const PAUSE: Duration = Duration::from_secs(1);
        self.settled_until = Some(later(now, PAUSE));
    }

    /// The last answer, if it may be used where no new one comes.
    pub(super) fn stale(&self, now: Instant) -> Option<CachedAnswer> {
        let kept = self.answer.as_ref()?;
        (now < kept.stale_until).then(|| kept.clone())
    }

    /// Keeps the outcome of a look-up.
    pub(super) fn write(
        &mut self,
        now: Instant,
        outcome: &Result<Arc<Resolved>, ResolveError>,
        settings: &DnsCache,
    ) {
        match outcome {
            Ok(resolved) => {
                let holds_until = later(now, settings.life(resolved.ttl));
                self.failure = None;
                self.answer = Some(CachedAnswer {
                    resolved: resolved.clone(),
                    received_at: now,
                    holds_until,
                    stale_until: later(holds_until, settings.stale),
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

    /// When the last answer was told.
    pub(super) fn received_at(&self) -> Option<Instant> {
        self.answer.as_ref().map(|kept| kept.received_at)
    }

    /// Whether nothing in it is of use any more.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let failed = self.failure.as_ref().is_some_and(|(_, until)| now < *until);
        !failed && self.stale(now).is_none()
    }
}

/// Times that no clock can hold are as good as a year.
fn later(from: Instant, time: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    from + time.min(YEAR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_until_its_time_has_passed_and_no_longer() {
        let (now, ttl) = (Instant::now(), Duration::from_secs(30));
        let mut entry = CachedAnswers::default();
        let outcome = Ok(Arc::new(Resolved::new([]).ttl(ttl)));
        entry.write(now, &outcome, &DnsCache::default());
        let last = now + ttl - Duration::from_millis(1);
        assert!(matches!(entry.read(last), Some(Cached::DnsAnswer(_))));
        assert!(entry.read(now + ttl).is_none());
    }
}
