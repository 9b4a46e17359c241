//! The service of the access log, its future and its body.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Buf;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::observe::ExchangeInfo;

use super::{AccessLogLayer, pending_entry::PendingEntry};

/// A service whose requests are logged. See the [module](super).
#[derive(Clone, Debug)]
pub struct AccessLog<S> {
    inner: S,
    layer: AccessLogLayer,
}

impl<S> Layer<S> for AccessLogLayer {
    type Service = AccessLog<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AccessLog {
            inner,
            layer: self.clone(),
        }
    }
}

impl<S, B, R> Service<Request<B>> for AccessLog<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    R: Body,
{
    type Response = Response<LoggedBody<R>>;
    type Error = S::Error;
    type Future = AccessLogFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let pending = PendingEntry::of(&mut request, &self.layer);
        AccessLogFuture {
            inner: self.inner.call(request),
            pending: Some(pending),
        }
    }
}

pin_project! {
    /// The future returned by [`AccessLog`].
    #[must_use = "futures do nothing unless polled"]
    pub struct AccessLogFuture<F> {
        // Dropped first: the exchange ends before its line is written.
        #[pin]
        inner: F,
        pending: Option<PendingEntry>,
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
        let response = ready!(this.inner.poll(cx))?;
        let mut pending = this.pending.take();
        if let Some(pending) = &mut pending {
            let current = response.extensions().get::<ExchangeInfo>();
            pending.entry.begin_response(response.status(), current);
            pending.entry.has_ended = response.body().is_end_stream();
        }
        Poll::Ready(Ok(response.map(|inner| LoggedBody { inner, pending })))
    }
}

impl<F> fmt::Debug for AccessLogFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessLogFuture").finish_non_exhaustive()
    }
}

pin_project! {
    /// The body of a response that is logged when the body is dropped.
    pub struct LoggedBody<B> {
        // Dropped first, as above.
        #[pin]
        inner: B,
        pending: Option<PendingEntry>,
    }
}

impl<B: Body> Body for LoggedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        if let Some(pending) = this.pending {
            if let Some(Ok(frame)) = &frame {
                pending.entry.bytes += frame.data_ref().map_or(0, Buf::remaining) as u64;
            }
            pending.entry.has_ended |= frame.is_none() || this.inner.is_end_stream();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: Default> Default for LoggedBody<B> {
    /// An empty body, which is not logged.
    fn default() -> Self {
        Self {
            inner: B::default(),
            pending: None,
        }
    }
}

impl<B> fmt::Debug for LoggedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedBody").finish_non_exhaustive()
    }
}
