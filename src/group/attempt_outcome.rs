//! The outcome of an attempt, and what it means for the group.
//!
//! An origin's `Retry-After` is not read: it neither delays a retry nor ejects the member.

use http::{Method, Response, StatusCode};

use crate::error::{Error, ErrorKind, ExchangeTimeout, Fault, LocalObstacle, Stage};

use super::health::HealthSignal;

/// The outcome of sending a request to one origin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum AttemptOutcome {
    /// A response for the client.
    Final,
    /// The proxy refused the request, or its client failed.
    Refused,
    /// The proxy or its pool was full: nothing of the request was written.
    Full,
    /// No connection was opened: nothing of the request was written.
    NotConnected,
    /// The origin may have received the request, and did not respond.
    NoResponse,
    /// A response with a status that asks for failover.
    FailoverStatus(StatusCode),
}

impl AttemptOutcome {
    pub(super) fn of<B>(response: &Response<B>, unwanted: &[StatusCode]) -> Self {
        let status = response.status();
        match response.extensions().get::<Error>() {
            Some(error) => Self::of_error(error),
            None if unwanted.contains(&status) => Self::FailoverStatus(status),
            None => Self::Final,
        }
    }

    fn of_error(error: &Error) -> Self {
        match (error.kind(), error.stage()) {
            (ErrorKind::Draining | ErrorKind::Overloaded | ErrorKind::PoolExhausted, _) => {
                Self::Full
            }
            // The queue is longer than the client's deadline allows.
            (ErrorKind::TimedOut, Stage::Prepare) => Self::Full,
            // It would keep every member from being reached.
            _ if LocalObstacle::of(error).is_some_and(LocalObstacle::is_exhaustion) => Self::Full,
            (_, Stage::Prepare) => Self::Refused,
            _ if error.fault() == Fault::Client => Self::Refused,
            // The origin may well wait for a client that sends nothing.
            _ if error.facts().timeout == ExchangeTimeout::ResponseToStream => Self::Refused,
            (_, Stage::Resolve | Stage::Dial | Stage::Handshake) => Self::NotConnected,
            (_, Stage::Send | Stage::Receive) => Self::NoResponse,
        }
    }

    /// What the outcome means for the member's health, once its body has ended. A refusal such as a
    /// 404 is no failure.
    pub(super) fn health(self) -> HealthSignal {
        match self {
            Self::NotConnected => HealthSignal::Unreachable,
            Self::NoResponse => HealthSignal::Failure,
            Self::FailoverStatus(status) if status.is_server_error() => HealthSignal::Failure,
            Self::Full | Self::Refused => HealthSignal::None,
            Self::Final | Self::FailoverStatus(_) => HealthSignal::Success,
        }
    }

    /// Whether nothing of the request was written.
    pub(super) fn was_unwritten(self) -> bool {
        matches!(self, Self::Full | Self::NotConnected)
    }

    /// Whether the method allows another origin to be tried (RFC 9110 section 9.2).
    pub(super) fn allows_failover(self, method: &Method) -> bool {
        match self {
            Self::Final | Self::Refused => false,
            Self::Full | Self::NotConnected => true,
            Self::NoResponse => method.is_idempotent(),
            Self::FailoverStatus(_) => is_safe(method),
        }
    }
}

/// Whether the method is safe (RFC 9110 section 9.2.1). TRACE is not forwarded.
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}
