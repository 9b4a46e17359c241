//! `StreamEnd`: holds back the end of a body that may be the reset of an HTTP/2 stream.
//!
//! A request is complete only with END_STREAM (RFC 9113 section 8.1). But hyper's server also ends
//! a body whose stream its client resets with NO_ERROR, as Envoy does. `is_end_stream` tells both
//! apart for hyper's body, but not for one that a layer has wrapped. So the end is held back until
//! the server has dropped a request that was reset:
//!
//! | the body is polled by | the server drops | the end is held back |
//! |---|---|---|
//! | the service, before the response | the service, as soon as it is pending | for one poll |
//! | an upload that outlives the head | the response's body, in another task | for 100 ms |
//!
//! Once the response has ended, the server has nothing to drop. Such an end is an error then:
//! `ClientBody::is_end_stream` stays false, and `proxy/limited_request_body.rs` checks it.

use std::{
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use tokio::time::{Sleep, sleep};

/// How long another task may take to drop the response of a request that was reset. It was woken
/// with the one that reads the request.
const MAX_DELAY: Duration = Duration::from_millis(100);

/// Holds back the end of a body without END_STREAM.
#[derive(Default)]
pub(super) struct StreamEnd {
    /// The task that polled the body first: that of the service.
    service: Option<Waker>,
    /// Present while the end is held back in another task.
    delay: Option<Pin<Box<Sleep>>>,
    /// The body has ended without END_STREAM.
    may_be_reset: bool,
    is_held: bool,
}

impl StreamEnd {
    /// Notes which task polls the body.
    pub(super) fn note_poll(&mut self, cx: &Context<'_>) {
        self.service.get_or_insert_with(|| cx.waker().clone());
    }

    /// The body has ended without END_STREAM: begins to hold back the end.
    pub(super) fn hold(&mut self, cx: &mut Context<'_>) {
        (self.may_be_reset, self.is_held) = (true, true);
        let by_service = |service: &Waker| service.will_wake(cx.waker());
        match self.service.as_ref().is_some_and(by_service) {
            true => cx.waker().wake_by_ref(),
            false => {
                let delay = self.delay.insert(Box::pin(sleep(MAX_DELAY)));
                // Registers the task.
                let _ = delay.as_mut().poll(cx);
            }
        }
    }

    /// Whether the body has ended without END_STREAM.
    pub(super) fn may_be_reset(&self) -> bool {
        self.may_be_reset
    }

    /// Whether the end is held back.
    pub(super) fn is_held(&self) -> bool {
        self.is_held
    }

    /// Ready once the end is no longer held back.
    pub(super) fn poll_released(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(delay) = &mut self.delay {
            ready!(delay.as_mut().poll(cx));
            self.delay = None;
        }
        self.is_held = false;
        Poll::Ready(())
    }
}
