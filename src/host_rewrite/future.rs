//! The future of a rewritten request.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tower::BoxError;

use crate::Error;

pin_project! {
    /// The future that [`HostRewrite`](super::HostRewrite) returns.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct HostRewriteFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = StateProjected]
    enum State<F> {
        Passed { #[pin] inner: F },
        Refused { error: Error },
    }
}

impl<F> HostRewriteFuture<F> {
    pub(super) fn passed(inner: F) -> Self {
        Self {
            state: State::Passed { inner },
        }
    }

    pub(super) fn refused(error: Error) -> Self {
        Self {
            state: State::Refused { error },
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
            StateProjected::Passed { inner } => inner.poll(cx).map_err(Into::into),
            StateProjected::Refused { error } => Poll::Ready(Err(error.clone().into())),
        }
    }
}
