//! The futures of `drain` and `prewarm`.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::error::Error;

/// The future of [`OriginProxy::drain`](super::OriginProxy::drain), and of a group's `drain`.
///
/// Dropping it does not undo the drain.
#[must_use = "the proxy refuses new requests, but running requests are not waited for"]
pub struct Draining(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Draining {
    pub(crate) fn new(drained: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Box::pin(drained))
    }
}

impl Future for Draining {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Draining {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draining").finish_non_exhaustive()
    }
}

/// The future of [`OriginProxy::prewarm`](super::OriginProxy::prewarm), and of a group's `prewarm`.
#[must_use = "futures do nothing unless polled"]
pub struct Prewarming(Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>);

impl Prewarming {
    pub(crate) fn new(warm: impl Future<Output = Result<(), Error>> + Send + 'static) -> Self {
        Self(Box::pin(warm))
    }
}

impl Future for Prewarming {
    type Output = Result<(), Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Prewarming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prewarming").finish_non_exhaustive()
    }
}
