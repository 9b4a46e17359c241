//! The service of the access log.
//!
//! Order of drops matters: the inner future or body is dropped before the entry, because the proxy
//! records the end of its exchange when its own part is dropped.

use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::{
    AccessLogLayer, future::AccessLogFuture, logged_body::LoggedBody, pending_entry::PendingEntry,
};

/// A service whose requests are logged. See the [module](super).
#[derive(Clone, Debug)]
#[expect(unnameable_types, reason = "it is `Layer::Service`")]
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
        AccessLogFuture::new(self.inner.call(request), pending)
    }
}
