//! `InSpan`: a future that is polled in the span of its request.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tracing::Span;

pin_project! {
    /// A future that is polled in a span, if there is one.
    ///
    /// Without one it costs a comparison. `tracing::Instrumented` is larger, and servers move
    /// futures.
    pub(super) struct InSpan<F> {
        #[pin]
        inner: F,
        span: Option<Box<Span>>,
    }
}

impl<F> InSpan<F> {
    pub(super) fn new(inner: F, span: Option<Span>) -> Self {
        Self {
            inner,
            span: span.map(Box::new),
        }
    }
}

impl<F: Future> Future for InSpan<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.span.as_ref().map(|span| span.enter());
        this.inner.poll(cx)
    }
}
