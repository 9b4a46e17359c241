//! The service of the forwarded layer.

use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

use crate::downstream::Downstream;

use super::ForwardedLayer;

/// A service that describes the client to the origin. See the [module](self::super).
#[derive(Clone, Debug)]
#[expect(unnameable_types, reason = "it is `Layer::Service`")]
pub struct Forwarded<S> {
    inner: S,
    layer: ForwardedLayer,
}

impl<S> Layer<S> for ForwardedLayer {
    type Service = Forwarded<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Forwarded {
            inner,
            layer: self.clone(),
        }
    }
}

impl<S, B> Service<Request<B>> for Forwarded<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let peer = Downstream::of(&parts, self.layer.scheme());
        self.layer.apply(&mut parts.headers, peer);
        self.inner.call(Request::from_parts(parts, body))
    }
}
