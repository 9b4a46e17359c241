//! One connection attempt to one address.

use std::{fmt, io, net::SocketAddr, time::Duration};

/// A connection attempt to one address, and its outcome.
///
/// `Display` is the address and the outcome in words, as in the row `tried` of a report.
///
/// ```
/// use cdn_origin::error::DialOutcome;
///
/// # fn log(error: &cdn_origin::Error) {
/// for attempt in error.facts().attempts() {
///     if let DialOutcome::Failed(kind) = attempt.outcome() {
///         println!("{} after {:?}: {kind}", attempt.address(), attempt.elapsed());
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DialAttempt {
    address: SocketAddr,
    started: Duration,
    elapsed: Duration,
    outcome: DialOutcome,
    text: String,
}

/// The outcome of a connection attempt.
///
/// At most one attempt of a race is `Connected`, because the first connection ends it ([RFC 8305]).
///
/// [RFC 8305]: https://www.rfc-editor.org/rfc/rfc8305
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DialOutcome {
    /// The connection was established.
    Connected,
    /// The attempt failed with this kind of `io::Error`.
    Failed(io::ErrorKind),
    /// Another address connected first, so the attempt was cancelled.
    ///
    /// That is no failure, and no reason to avoid the address.
    Overtaken,
    /// The egress guard denied the address.
    ///
    /// No packet was sent. [`EgressGuard`](crate::dial::EgressGuard) describes the rules.
    Prohibited,
}

impl DialAttempt {
    pub(crate) fn new(
        address: SocketAddr,
        (started, elapsed): (Duration, Duration),
        outcome: DialOutcome,
    ) -> Self {
        let text = match outcome {
            DialOutcome::Connected => "connected".into(),
            DialOutcome::Failed(kind) => kind.to_string(),
            DialOutcome::Overtaken => "another address connected first".into(),
            DialOutcome::Prohibited => "denied by the egress guard".into(),
        };
        Self {
            address,
            started,
            elapsed,
            outcome,
            text,
        }
    }

    /// The same attempt, with a more precise text for its outcome.
    pub(crate) fn because(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Returns the address that was dialled.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// When the attempt began, counted from the start of the first DNS lookup.
    ///
    /// The second attempt of a race begins some time after the first, or when the first has failed.
    ///
    /// ```
    /// # fn log(info: &cdn_origin::connector::ConnectionInfo) {
    /// if let Some(second) = info.facts().attempts().get(1) {
    ///     println!("fell back to {} after {:?}", second.address(), second.started());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn started(&self) -> Duration {
        self.started
    }

    /// Returns how long the attempt took.
    ///
    /// Until it connected, failed or was cancelled.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// Returns the outcome of the attempt.
    #[must_use]
    pub fn outcome(&self) -> DialOutcome {
        self.outcome
    }

    /// Whether the attempt failed. Being overtaken by another address is no failure.
    pub(crate) fn is_failed(&self) -> bool {
        matches!(
            self.outcome,
            DialOutcome::Failed(_) | DialOutcome::Prohibited
        )
    }
}

impl fmt::Display for DialAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.address, self.text)
    }
}
