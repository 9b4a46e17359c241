//! `Connecting`: the future of an attempt to connect.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::error::{CurrentStage, Error};

use super::OriginStream;

/// The future that [`CdnOriginConnector`](super::CdnOriginConnector) returns.
///
/// Dropping it cancels the attempt.
///
/// # Errors
///
/// If connecting fails, it resolves to an [`Error`] with the stage, the kind and the facts of the
/// attempt.
#[must_use = "futures do nothing unless polled"]
pub struct Connecting {
    connect: Pin<Box<dyn Future<Output = Result<OriginStream, Error>> + Send>>,
    stage: CurrentStage,
}

impl Connecting {
    pub(super) fn new(
        stage: CurrentStage,
        connect: impl Future<Output = Result<OriginStream, Error>> + Send + 'static,
    ) -> Self {
        Self {
            connect: Box::pin(connect),
            stage,
        }
    }

    /// The stage that the attempt is in.
    pub(crate) fn stage(&self) -> &CurrentStage {
        &self.stage
    }
}

impl Future for Connecting {
    type Output = Result<OriginStream, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.connect.as_mut().poll(cx)
    }
}

impl fmt::Debug for Connecting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connecting").finish_non_exhaustive()
    }
}
