//! The layer and its service.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::observe::ExchangeCollector;

use super::future::ServerTimingFuture;

/// A layer that appends `Server-Timing` to responses. See the [module](super).
#[derive(Clone, Copy, Debug, Default)]
#[must_use = "a layer does nothing until it wraps a service"]
pub struct ServerTimingLayer(());

impl ServerTimingLayer {
    /// Creates the layer.
    ///
    /// ```
    /// let layer = cdn_origin::server_timing::ServerTimingLayer::new();
    /// # drop(layer);
    /// ```
    pub fn new() -> Self {
        Self(())
    }
}

/// A service that appends `Server-Timing` to responses. See the [module](super).
#[derive(Clone, Debug)]
#[expect(unnameable_types, reason = "it is `Layer::Service`")]
pub struct ServerTiming<S>(S);

impl<S> Layer<S> for ServerTimingLayer {
    type Service = ServerTiming<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ServerTiming(inner)
    }
}

impl<S, B, R> Service<Request<B>> for ServerTiming<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = ServerTimingFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let extensions = request.extensions_mut();
        // The proxy records a request that has one.
        if extensions.get::<ExchangeCollector>().is_none() {
            extensions.insert(ExchangeCollector::default());
        }
        ServerTimingFuture::new(self.0.call(request))
    }
}
