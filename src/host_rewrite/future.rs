//! The future of the host rewriting service.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tower::BoxError;

use crate::Error;

pin_project! {
    /// The future of the service.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct HostRewriteFuture<F> {
        #[pin]
        state: HostRewriteState<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = HostRewriteStateProjection]
    enum HostRewriteState<F> {
        Inner { #[pin] inner: F },
        Refused { error: Error },
    }
}

impl<F> HostRewriteFuture<F> {
    pub(super) fn inner(inner: F) -> Self {
        Self {
            state: HostRewriteState::Inner { inner },
        }
    }

    pub(super) fn refused(error: Error) -> Self {
        Self {
            state: HostRewriteState::Refused { error },
        }
    }
}

impl<F, R, E> Future for HostRewriteFuture<F>
where
    F: Future<Output = Result<R, E>>,
    E: Into<BoxError>,
{
    type Output = Result<R, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            HostRewriteStateProjection::Inner { inner } => inner.poll(cx).map_err(Into::into),
            HostRewriteStateProjection::Refused { error } => Poll::Ready(Err(error.clone().into())),
        }
    }
}
