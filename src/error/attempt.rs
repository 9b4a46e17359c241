//! One address that was tried.

use std::{fmt, io, net::SocketAddr, time::Duration};

/// One address that was tried, and what came of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attempt {
    address: SocketAddr,
    started: Duration,
    elapsed: Duration,
    outcome: AttemptOutcome,
    why: String,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AttemptOutcome {
    /// The connection stands.
    Connected,
    /// It failed, as the system classifies it.
    Failed(io::ErrorKind),
    /// Another address was faster.
    Overtaken,
    /// The egress guard did not let it begin.
    Prohibited,
}

impl Attempt {
    pub(crate) fn new(
        address: SocketAddr,
        (started, elapsed): (Duration, Duration),
        outcome: AttemptOutcome,
    ) -> Self {
        let why = match outcome {
            AttemptOutcome::Connected => "connected".into(),
            AttemptOutcome::Failed(kind) => kind.to_string(),
            AttemptOutcome::Overtaken => "another address was faster".into(),
            AttemptOutcome::Prohibited => "prohibited by the egress guard".into(),
        };
        Self {
            address,
            started,
            elapsed,
            outcome,
            why,
        }
    }

    /// The same attempt, with more words about its end.
    pub(crate) fn because(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// When it began, counted from the first look-up.
    #[must_use]
    pub fn started(&self) -> Duration {
        self.started
    }

    /// How long it took.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// What came of it.
    #[must_use]
    pub fn outcome(&self) -> AttemptOutcome {
        self.outcome
    }

    /// Whether it neither connected nor gave way to one that did.
    #[must_use]
    pub fn is_failed(&self) -> bool {
        matches!(
            self.outcome,
            AttemptOutcome::Failed(_) | AttemptOutcome::Prohibited
        )
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.why)
    }
}
