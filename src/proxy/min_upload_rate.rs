//! `MinUploadRate`: how long a client may keep its origin waiting for the request body.
//! `response_body/min_download_rate.rs` is its counterpart.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::error::{Deadline, ExchangeTimeout, far_away};

use super::min_rate::MinRate;

/// The pace of one body.
///
/// `grace` is a budget of time. Waiting for the client spends it; each byte sent earns some back,
/// up to `grace`. Time in which the origin does not read costs nothing.
#[derive(Debug)]
pub(super) struct MinUploadRate {
    rate: MinRate,
    left: Duration,
    waiting_since: Option<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl MinUploadRate {
    pub(super) fn new(rate: MinRate) -> Self {
        Self {
            left: rate.grace,
            rate,
            waiting_since: None,
            sleep: None,
        }
    }

    /// Notes that the client has sent this number of bytes.
    pub(super) fn received(&mut self, bytes: u64) {
        if let Some(since) = self.waiting_since.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
        let earned = self.rate.time_of(bytes);
        self.left = self.left.saturating_add(earned).min(self.rate.grace);
    }

    /// Resolves when the client has been too slow, while the body is pending.
    pub(super) fn poll_too_slow(&mut self, cx: &mut Context<'_>) -> Poll<Deadline> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let end = far_away(since, self.left);
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(end)));
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= end {
                return Poll::Ready(Deadline::new(
                    since,
                    self.rate.grace,
                    ExchangeTimeout::UploadRate,
                ));
            }
            sleep.as_mut().reset(end);
        }
    }
}
