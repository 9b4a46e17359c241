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
///     if let DialOutcome::Failed(kind) = attempt.outcome {
///         println!("{} after {:?}: {kind}", attempt.address, attempt.elapsed);
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DialAttempt {
    /// The address that was dialled.
    pub address: SocketAddr,
    /// When the attempt began, counted from the start of the first DNS look-up.
    ///
    /// The second attempt of a race begins some time after the first, or when the first has failed.
    pub started: Duration,
    /// How long it took until the attempt connected, failed or was cancelled.
    pub elapsed: Duration,
    /// The outcome of the attempt.
    pub outcome: DialOutcome,
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
