//! Deadlines: of a whole request, and of a body that is idle.
//!
//! `forward_request.rs` enforces that of a request until its response begins. `IdleDeadline` is
//! part of the body.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::{Deadline, ExchangeTimeout};

/// At least one millisecond: a timeout of zero would pass before the wait begins.
pub(super) fn non_zero(time: Duration) -> Duration {
    time.max(Duration::from_millis(1))
}

/// The deadline of an idle body, and of the request it belongs to.
///
/// No timer exists until the body is pending. One timer serves all waits: it is reset when it
/// fires, not with each frame.
#[derive(Debug)]
pub(super) struct IdleDeadline {
    pub(super) idle: Duration,
    end: Option<Deadline>,
    waiting_since: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl IdleDeadline {
    /// A deadline of `idle` after each frame, and of `end` for the whole body.
    pub(super) fn new(idle: Duration, end: Option<Deadline>) -> Self {
        Self {
            idle,
            end,
            waiting_since: None,
            sleep: None,
        }
    }

    /// The end, if it has passed. A slow reader never makes the body pending, so no timer fires.
    pub(super) fn end_passed(&self) -> Option<Deadline> {
        let end = self.end.filter(|end| end.at <= Instant::now())?;
        Some(match self.waiting_since {
            Some(_) => end,
            None => end.while_client_is_awaited(),
        })
    }

    /// This deadline, or the end if that is earlier.
    pub(super) fn or_end(&self, deadline: Deadline) -> Deadline {
        self.end
            .filter(|end| end.at < deadline.at)
            .unwrap_or(deadline)
    }

    /// Restarts the idle time: the body has yielded a frame.
    pub(super) fn restart(&mut self) {
        self.waiting_since = None;
    }

    /// Resolves to the deadline that has passed, while the body is pending.
    pub(super) fn poll_passed(&mut self, cx: &mut Context<'_>) -> Poll<Deadline> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let silence = Deadline::new(since, self.idle, ExchangeTimeout::BodyIdle);
        let deadline = self.or_end(silence);
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(deadline.at)));
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= deadline.at {
                return Poll::Ready(deadline);
            }
            sleep.as_mut().reset(deadline.at);
        }
    }
}
