//! The service of the host rewriting layer.

use std::task::{Context, Poll};

use http::{Request, header::HOST};
use tower::BoxError;
use tower_layer::Layer;
use tower_service::Service;

use super::{HostRewriteLayer, future::HostRewriteFuture};

/// Request extension: the client sent a `Host`, and the layer removed it, because the URI has an
/// authority.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HostMovedToUri;

/// A service that rewrites the Host of requests. See the [module](self::super).
#[derive(Clone, Debug)]
#[expect(unnameable_types, reason = "it is `Layer::Service`")]
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
        let had_field = parts.headers.contains_key(HOST);
        if let Err(error) = self.layer.apply(&mut parts) {
            return HostRewriteFuture::refused(error);
        }
        if had_field && !parts.headers.contains_key(HOST) {
            parts.extensions.insert(HostMovedToUri);
        }
        HostRewriteFuture::inner(self.inner.call(Request::from_parts(parts, body)))
    }
}
