//! `DialFailure`: why dialling failed.

use std::io;

use tower::BoxError;

use crate::error::{ErrorKind, Stage, source_chain};

use super::ResolveError;

/// Why dialling failed: the stage, the kind of error and its source.
pub(crate) struct DialFailure {
    pub(crate) stage: Stage,
    pub(crate) kind: ErrorKind,
    pub(crate) source: Option<BoxError>,
    /// Whether the dial timeout passed, rather than a timeout of the system.
    pub(super) at_deadline: bool,
}

impl DialFailure {
    pub(super) fn timed_out(stage: Stage) -> Self {
        Self {
            stage,
            kind: ErrorKind::TimedOut,
            source: None,
            at_deadline: true,
        }
    }

    pub(super) fn resolving(source: ResolveError) -> Self {
        Self {
            stage: Stage::Resolve,
            kind: ErrorKind::ResolveFailed,
            source: Some(source.into()),
            at_deadline: false,
        }
    }

    pub(super) fn prohibited(stage: Stage) -> Self {
        Self {
            stage,
            kind: ErrorKind::AddressProhibited,
            source: None,
            at_deadline: false,
        }
    }

    /// A failed connect. Its kind comes from the `io::Error` in the chain.
    pub(super) fn connecting(source: BoxError) -> Self {
        let kind =
            source_chain::find::<io::Error>(&*source).map_or(ErrorKind::Io, ErrorKind::of_io);
        Self {
            stage: Stage::Dial,
            kind,
            source: Some(source),
            at_deadline: false,
        }
    }
}
