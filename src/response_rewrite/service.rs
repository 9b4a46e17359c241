//! The service that a layer makes.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;

use crate::downstream::Downstream;

use super::{ResponseRewriteFuture, ResponseRewriteLayer};

/// Remembers who asked, passes the request on and rewrites the response. See the
/// [module](self::super).
#[derive(Clone, Debug)]
pub struct ResponseRewrite<S> {
    inner: S,
    layer: ResponseRewriteLayer,
}

impl<S> ResponseRewrite<S> {
    pub(super) fn new(inner: S, layer: ResponseRewriteLayer) -> Self {
        Self { inner, layer }
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
        let downstream = Downstream::of(&parts, self.layer.rules.client_scheme);
        let inner = self.inner.call(Request::from_parts(parts, body));
        ResponseRewriteFuture::new(inner, self.layer.clone(), downstream)
    }
}
