//! The future of a proxied request.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;

use super::ProxyBody;

/// The future that [`OriginProxy`](super::OriginProxy) returns.
#[must_use = "futures do nothing unless polled"]
pub struct Proxying(Pin<Box<dyn Future<Output = Response<ProxyBody>> + Send>>);

impl Proxying {
    pub(crate) fn new(
        response: impl Future<Output = Response<ProxyBody>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(response))
    }
}

impl Future for Proxying {
    type Output = Result<Response<ProxyBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for Proxying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxying").finish_non_exhaustive()
    }
}
