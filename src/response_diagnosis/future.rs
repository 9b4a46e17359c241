//! The future that diagnoses a response.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;
use http_body::Body;

use super::PeekedBody;

/// The future that [`ResponseDiagnosis`](super::ResponseDiagnosis) returns.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseDiagnosisFuture<R: Body, E>(Pin<Box<DynDiagnosis<R, E>>>);

type DynDiagnosis<R, E> = dyn Future<Output = Result<Response<PeekedBody<R>>, E>> + Send;

impl<R: Body, E> ResponseDiagnosisFuture<R, E> {
    pub(super) fn new(
        response: impl Future<Output = Result<Response<PeekedBody<R>>, E>> + Send + 'static,
    ) -> Self {
        Self(Box::pin(response))
    }
}

impl<R: Body, E> Future for ResponseDiagnosisFuture<R, E> {
    type Output = Result<Response<PeekedBody<R>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl<R: Body, E> fmt::Debug for ResponseDiagnosisFuture<R, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseDiagnosisFuture")
            .finish_non_exhaustive()
    }
}
