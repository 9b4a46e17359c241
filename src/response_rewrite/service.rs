//! The service that the layer makes.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

use crate::downstream::Downstream;

use super::{future::ResponseRewriteFuture, rewrite_rules::RewriteRules};

/// Forwards requests and rewrites their responses for the client.
///
/// Made by [`ResponseRewriteLayer`](super::ResponseRewriteLayer). The [module](self::super) has an
/// example.
#[derive(Clone, Debug)]
#[expect(unnameable_types, reason = "it is `Layer::Service`")]
pub struct ResponseRewrite<S> {
    inner: S,
    rules: Arc<RewriteRules>,
}

impl<S> ResponseRewrite<S> {
    pub(super) fn new(inner: S, rules: Arc<RewriteRules>) -> Self {
        Self { inner, rules }
    }
}

impl<S, B, R> Service<Request<B>> for ResponseRewrite<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ResponseRewriteFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let downstream = Downstream::of(&parts, self.rules.client_scheme);
        let inner = self.inner.call(Request::from_parts(parts, body));
        ResponseRewriteFuture::new(inner, Arc::clone(&self.rules), downstream)
    }
}
