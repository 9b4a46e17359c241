//! The future of a logged request.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::observe::ExchangeOutcome;

use super::{logged_body::LoggedBody, pending_entry::PendingEntry};

pin_project! {
    /// The future of the service.
    #[must_use = "futures do nothing unless polled"]
    pub struct AccessLogFuture<F> {
        // Dropped first: the exchange ends before its line is written.
        #[pin]
        inner: F,
        pending: Option<PendingEntry>,
    }
}

impl<F> AccessLogFuture<F> {
    pub(super) fn new(inner: F, pending: PendingEntry) -> Self {
        Self {
            inner,
            pending: Some(pending),
        }
    }
}

impl<F, R, E> Future for AccessLogFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    R: Body,
{
    type Output = Result<Response<LoggedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        let mut pending = this.pending.take();
        if let Some(pending) = &mut pending {
            match &result {
                Ok(response) => pending.entry.begin_response(response),
                Err(_) => pending.entry.end(ExchangeOutcome::Failed),
            }
        }
        Poll::Ready(result.map(|response| response.map(|inner| LoggedBody::new(inner, pending))))
    }
}

impl<F> fmt::Debug for AccessLogFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLogFuture").finish_non_exhaustive()
    }
}
