//! `Deadline`: a point in time by which something has to be complete.

use std::time::Duration;

use tokio::time::Instant;

use super::{Error, ErrorKind, ExchangeTimeout, Facts, Stage};

/// Longer timeouts count as this one: the clock cannot hold them.
const FAR_AWAY: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// This time after `since`, as far as the clock goes.
pub(crate) fn far_away(since: Instant, after: Duration) -> Instant {
    since + after.min(FAR_AWAY)
}

/// A point in time, and the timeout that it comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    pub(crate) at: Instant,
    after: Duration,
    timeout: ExchangeTimeout,
}

impl Deadline {
    pub(crate) fn new(since: Instant, after: Duration, timeout: ExchangeTimeout) -> Self {
        Self {
            at: far_away(since, after),
            after,
            timeout,
        }
    }

    /// The earlier one of two.
    pub(crate) fn earlier(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        one.into_iter().chain(other).min_by_key(|it| it.at)
    }

    /// Whether the client set it, or was to act.
    pub(crate) fn is_of_client(self) -> bool {
        self.timeout.is_of_client()
    }

    /// The same deadline, which has passed while the client was to act.
    pub(crate) fn while_client_is_awaited(self) -> Self {
        Self {
            timeout: self.timeout.while_client_is_awaited(),
            ..self
        }
    }

    /// The same deadline, which has passed while either side may wait for the other.
    pub(crate) fn while_either_is_awaited(self) -> Self {
        Self {
            timeout: self.timeout.while_either_is_awaited(),
            ..self
        }
    }

    /// Adds the timeout to the facts of an error.
    pub(crate) fn added_to(self, facts: Facts) -> Facts {
        facts.after(self.after).with_timeout(self.timeout)
    }

    /// The error of a request that waited at a limit until this deadline. Nothing of it was sent,
    /// so a deadline of the client could not be met. Otherwise, kind and stage are the limit's.
    pub(crate) fn passed_at_limit(self, kind: ErrorKind, stage: Stage, facts: Facts) -> Error {
        let (kind, stage) = match self.is_of_client() {
            true => (ErrorKind::TimedOut, Stage::Prepare),
            false => (kind, stage),
        };
        Error::new(kind, stage, self.added_to(facts))
    }
}
