//! The future of a proxied request.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;
use tracing::Span;

use super::ProxyBody;

/// The future that [`OriginProxy`](super::OriginProxy) returns.
#[must_use = "futures do nothing unless polled"]
pub struct Proxying {
    /// Boxed where it is made: each layer around it would move it once more.
    response: Pin<Box<dyn Future<Output = Response<ProxyBody>> + Send>>,
    /// The span that it is polled in, if one is enabled. Boxed, because servers move futures.
    span: Option<Box<Span>>,
}

impl Proxying {
    pub(crate) fn new(
        response: impl Future<Output = Response<ProxyBody>> + Send + 'static,
    ) -> Self {
        Self {
            response: Box::pin(response),
            span: None,
        }
    }

    /// Polls the future in a span, if there is one.
    pub(super) fn in_span(self, span: Option<Span>) -> Self {
        let span = span.map(Box::new);
        Self { span, ..self }
    }

    /// The size of what is boxed, in bytes.
    #[cfg(test)]
    pub(super) fn boxed_size(&self) -> usize {
        size_of_val(&*self.response)
    }
}

impl Future for Proxying {
    type Output = Result<Response<ProxyBody>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { response, span } = self.get_mut();
        let _entered = span.as_ref().map(|span| span.enter());
        response.as_mut().poll(cx).map(Ok)
    }
}

impl fmt::Debug for Proxying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxying").finish_non_exhaustive()
    }
}
