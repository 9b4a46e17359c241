//! What an origin's answer means for the group.

use http::{Method, Response, StatusCode};

use crate::error::{Error, ErrorKind, Fault, Stage};

use super::health::Verdict;

/// What an origin's answer means for the group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Answer {
    /// The origin's word, for the client.
    Final,
    /// The request was refused before it reached an origin, or was spoilt by its client.
    Refused,
    /// There was no place for the request: it was not written.
    Full,
    /// No connection came about: the request was not written.
    Unreached,
    /// The request may have been seen, and there is no response.
    Lost,
    /// A response that is asked for elsewhere.
    Unwanted(StatusCode),
}

impl Answer {
    pub(super) fn of<B>(response: &Response<B>, unwanted: &[StatusCode]) -> Self {
        let status = response.status();
        match response.extensions().get::<Error>() {
            Some(error) => Self::of_error(error),
            None if unwanted.contains(&status) => Self::Unwanted(status),
            None => Self::Final,
        }
    }

    fn of_error(error: &Error) -> Self {
        match (error.kind(), error.stage()) {
            (ErrorKind::Draining | ErrorKind::Overloaded | ErrorKind::PoolExhausted, _) => {
                Self::Full
            }
            (_, Stage::Prepare) => Self::Refused,
            _ if error.fault() == Fault::Client => Self::Refused,
            (_, Stage::Resolve | Stage::Dial | Stage::Handshake) => Self::Unreached,
            (_, Stage::Send | Stage::Receive) => Self::Lost,
        }
    }

    /// What it says of the origin's health. What an origin refuses, such as a 404, does not speak
    /// of it.
    pub(super) fn verdict(self) -> Verdict {
        match self {
            Self::Unreached | Self::Lost => Verdict::Bad,
            Self::Unwanted(status) if status.is_server_error() => Verdict::Bad,
            Self::Full | Self::Refused => Verdict::Neither,
            Self::Final | Self::Unwanted(_) => Verdict::Good,
        }
    }

    /// Whether nothing of the request was written.
    pub(super) fn was_unwritten(self) -> bool {
        matches!(self, Self::Full | Self::Unreached)
    }

    /// Whether another origin may be asked, as far as the method goes (RFC 9110 section 9.2).
    pub(super) fn may_be_sought_elsewhere(self, method: &Method) -> bool {
        match self {
            Self::Final | Self::Refused => false,
            Self::Full | Self::Unreached => true,
            Self::Lost => method.is_idempotent(),
            Self::Unwanted(_) => is_safe(method),
        }
    }
}

/// Whether a request of this method may be answered by another origin instead, whatever became of
/// it. TRACE is not forwarded.
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}
