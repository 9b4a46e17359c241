//! Why there is no connection.

use std::io;

use tower::BoxError;

use crate::error::{ErrorKind, Stage, chain};

/// Why there is no connection: where, what kind of failure, and what lies beneath it.
pub(crate) struct DialFailure {
    pub(crate) stage: Stage,
    pub(crate) kind: ErrorKind,
    pub(crate) source: Option<BoxError>,
}

impl DialFailure {
    pub(super) fn timed_out(stage: Stage) -> Self {
        Self {
            stage,
            kind: ErrorKind::TimedOut,
            source: None,
        }
    }

    pub(super) fn resolving(source: io::Error) -> Self {
        Self {
            stage: Stage::Resolve,
            kind: ErrorKind::ResolveFailed,
            source: Some(source.into()),
        }
    }

    /// A failed connect; the kind is that of the `io::Error` in the chain.
    pub(super) fn connecting(source: BoxError) -> Self {
        let kind = match chain::find::<io::Error>(&*source).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => ErrorKind::ConnectionRefused,
            Some(
                io::ErrorKind::BrokenPipe
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset,
            ) => ErrorKind::ConnectionReset,
            Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
                ErrorKind::Unreachable
            }
            Some(io::ErrorKind::TimedOut) => ErrorKind::TimedOut,
            Some(io::ErrorKind::UnexpectedEof) => ErrorKind::ConnectionClosed,
            _ => ErrorKind::Io,
        };
        Self {
            stage: Stage::Dial,
            kind,
            source: Some(source),
        }
    }
}
