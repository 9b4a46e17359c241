//! The future of a response that is rewritten.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;

use crate::downstream::Downstream;

use super::ResponseRewriteLayer;

pin_project! {
    /// The future that [`ResponseRewrite`](super::ResponseRewrite) returns.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseRewriteFuture<F> {
        #[pin]
        inner: F,
        layer: ResponseRewriteLayer,
        downstream: Downstream,
    }
}

impl<F> ResponseRewriteFuture<F> {
    pub(super) fn new(inner: F, layer: ResponseRewriteLayer, downstream: Downstream) -> Self {
        Self {
            inner,
            layer,
            downstream,
        }
    }
}

impl<F, B, E> Future for ResponseRewriteFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut outcome = ready!(this.inner.poll(cx));
        if let Ok(response) = &mut outcome {
            this.layer
                .apply(response.headers_mut(), this.downstream, None);
        }
        Poll::Ready(outcome)
    }
}
