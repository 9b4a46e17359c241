//! The futures of what a proxy does with its pool as a whole.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::error::Error;

/// The future that [`OriginProxy::drain`](super::OriginProxy::drain) and that of a group return.
/// Dropped, it undoes nothing.
#[must_use = "the proxy takes no more requests, but nobody waits for those that it has"]
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

/// The future that [`OriginProxy::prewarm`](super::OriginProxy::prewarm) and that of a group
/// return.
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
