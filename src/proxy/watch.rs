//! How long a body may keep silent.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::{ExchangeTimeout, Facts};

/// What stands for "never" on a clock that cannot go there.
const FAR_AWAY: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// A point in time, and the setting that it comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline {
    pub(super) at: Instant,
    after: Duration,
    timeout: ExchangeTimeout,
}

impl Deadline {
    pub(super) fn new(since: Instant, after: Duration, timeout: ExchangeTimeout) -> Self {
        Self {
            at: since + after.min(FAR_AWAY),
            after,
            timeout,
        }
    }

    /// What is known when it has passed.
    pub(super) fn added_to(self, facts: Facts) -> Facts {
        facts.after(self.after).with_timeout(self.timeout)
    }
}

/// Watches a body. No timer runs before the body makes somebody wait, and one serves for all waits:
/// it is set anew when it goes off, not with each frame.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) idle: Duration,
    end: Option<Deadline>,
    waiting_since: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Watch {
    /// Allows this much silence at a time, and nothing after the end if there is one.
    pub(super) fn new(idle: Duration, end: Option<Deadline>) -> Self {
        Self {
            idle,
            end,
            waiting_since: None,
            sleep: None,
        }
    }

    /// The end, if it has passed: whoever reads slowly never makes the body wait.
    pub(super) fn end_passed(&self) -> Option<Deadline> {
        self.end.filter(|end| end.at <= Instant::now())
    }

    /// This deadline, or the end if that is earlier.
    pub(super) fn or_end(&self, deadline: Deadline) -> Deadline {
        self.end
            .filter(|end| end.at < deadline.at)
            .unwrap_or(deadline)
    }

    /// The body has moved.
    pub(super) fn moved(&mut self) {
        self.waiting_since = None;
    }

    /// The body makes us wait: ready with the deadline that has passed.
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
