//! The service of the host rewriting layer.

use std::task::{Context, Poll};

use http::Request;
use tower::BoxError;
use tower_layer::Layer;
use tower_service::Service;

use super::{HostRewriteFuture, HostRewriteLayer};

/// A service that rewrites the Host of requests. See the [module](self::super).
#[derive(Clone, Debug)]
pub struct HostRewrite<S> {
    inner: S,
    layer: HostRewriteLayer,
}

impl<S> Layer<S> for HostRewriteLayer {
    type Service = HostRewrite<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HostRewrite {
            inner,
            layer: self.clone(),
        }
    }
}

impl<S, B> Service<Request<B>> for HostRewrite<S>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = HostRewriteFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        match self.layer.apply(&mut parts) {
            Ok(_) => HostRewriteFuture::inner(self.inner.call(Request::from_parts(parts, body))),
            Err(error) => HostRewriteFuture::refused(error),
        }
    }
}
