//! The future that rewrites a response.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;

use crate::downstream::Downstream;

use super::{
    rewrite_context::SentTarget, rewrite_fields::rewrite_fields, rewrite_rules::RewriteRules,
};

pin_project! {
    /// The future of the service.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseRewriteFuture<F> {
        #[pin]
        inner: F,
        rules: Arc<RewriteRules>,
        downstream: Downstream,
    }
}

impl<F> ResponseRewriteFuture<F> {
    pub(super) fn new(inner: F, rules: Arc<RewriteRules>, downstream: Downstream) -> Self {
        Self {
            inner,
            rules,
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
        let mut result = ready!(this.inner.poll(cx));
        if let Ok(response) = &mut result {
            let sent = SentTarget::default();
            rewrite_fields(this.rules, response.headers_mut(), this.downstream, sent);
        }
        Poll::Ready(result)
    }
}
