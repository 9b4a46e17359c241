//! What is known about one name. Pure: it is told the time.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{DnsCache, ResolveError, Resolved};

/// What is known about one name.
#[derive(Debug, Default)]
pub(super) struct Entry {
    answer: Option<Kept>,
    failure: Option<(ResolveError, Instant)>,
}

/// An answer that is kept, and until when.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) resolved: Arc<Resolved>,
    pub(super) told_at: Instant,
    holds_until: Instant,
    stale_until: Instant,
}

/// What an entry says without a look-up.
#[derive(Debug)]
pub(super) enum Known {
    /// An answer that holds.
    Answer(Kept),
    /// Name servers failed just now; the last answer is used instead.
    Stale(Kept),
    /// It failed just now.
    Failure(ResolveError),
}

impl Entry {
    /// What is known now, if anything is.
    pub(super) fn read(&self, now: Instant) -> Option<Known> {
        if let Some((error, until)) = &self.failure
            && now < *until
        {
            return Some(match self.stale(now) {
                Some(kept) => Known::Stale(kept),
                None => Known::Failure(error.clone()),
            });
        }
        let kept = self.answer.as_ref()?;
        (now < kept.holds_until).then(|| Known::Answer(kept.clone()))
    }

    /// The last answer, if it may be used where no new one comes.
    pub(super) fn stale(&self, now: Instant) -> Option<Kept> {
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
                self.answer = Some(Kept {
                    resolved: resolved.clone(),
                    told_at: now,
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
