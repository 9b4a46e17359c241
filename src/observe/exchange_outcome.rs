//! `ExchangeOutcome`: how an exchange ended.

use std::fmt;

use crate::error::{Error, ErrorKind, Fault, RequestProblem, Stage};

/// How an exchange ended.
///
/// ```
/// use cdn_origin::observe::ExchangeOutcome;
///
/// assert_eq!(ExchangeOutcome::ClientLeft.as_str(), "client_left");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ExchangeOutcome {
    /// The client left: it closed its connection or reset its stream, before or within the
    /// response, or reset the connection of a tunnel.
    ClientLeft,
    /// The response is complete, whatever its status.
    Complete,
    /// A deadline passed, before or within the response.
    Deadline,
    /// A group discarded the response before the end of its body, and tried another origin.
    Discarded,
    /// The origin sent no usable response: no connection, an error before the head of the response,
    /// a failed upgrade, or a tunnel that the origin broke. Also used if a function of the
    /// application panicked.
    Failed,
    /// The origin broke off the response: its body is not complete.
    OriginBrokeOff,
    /// The proxy did not forward the request: it is not allowed, too many run, or the proxy drains.
    Refused,
}

impl ExchangeOutcome {
    /// Every outcome, in alphabetical order.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 7] = [
        Self::ClientLeft,
        Self::Complete,
        Self::Deadline,
        Self::Discarded,
        Self::Failed,
        Self::OriginBrokeOff,
        Self::Refused,
    ];

    /// Returns the stable label for metrics.
    ///
    /// ```
    /// use cdn_origin::observe::ExchangeOutcome;
    ///
    /// assert_eq!(ExchangeOutcome::ClientLeft.as_str(), "client_left");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientLeft => "client_left",
            Self::Complete => "complete",
            Self::Deadline => "deadline",
            Self::Discarded => "discarded",
            Self::Failed => "failed",
            Self::OriginBrokeOff => "origin_broke_off",
            Self::Refused => "refused",
        }
    }

    /// The outcome of an exchange that is dropped before its end.
    pub(crate) fn of_drop() -> Self {
        match std::thread::panicking() {
            true => Self::Failed,
            false => Self::ClientLeft,
        }
    }

    /// The outcome of an exchange that ended with this error within the response.
    pub(super) fn of_abort(error: &Error) -> Self {
        match Self::of_failure(error) {
            Self::Failed => Self::OriginBrokeOff,
            other => other,
        }
    }

    /// The outcome of an exchange that ended with this error before the response.
    pub(super) fn of_failure(error: &Error) -> Self {
        const CLIENT_FAILED: ErrorKind = ErrorKind::Request(RequestProblem::BodyFailed);
        match (error.kind(), error.stage()) {
            (ErrorKind::TimedOut, _) => Self::Deadline,
            (CLIENT_FAILED, _) => Self::ClientLeft,
            (
                ErrorKind::Draining
                | ErrorKind::Overloaded
                | ErrorKind::PoolExhausted
                | ErrorKind::Request(RequestProblem::BodyNotAllowed | RequestProblem::BodyTooLarge),
                _,
            )
            | (_, Stage::Prepare) => Self::Refused,
            _ if error.fault() == Fault::Client => Self::Refused,
            _ => Self::Failed,
        }
    }
}

impl fmt::Display for ExchangeOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::snake_case::snake_case;

    #[test]
    fn labels_are_the_names_in_snake_case() {
        for outcome in ExchangeOutcome::ALL {
            assert_eq!(outcome.as_str(), snake_case(&format!("{outcome:?}")));
        }
    }
}
