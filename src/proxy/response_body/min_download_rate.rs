//! `MinDownloadRate`: how long a client may leave the rest of a body unread, given how much the
//! server in front has taken already.
//!
//! `unread_limit.rs` makes a deadline of it. `min_upload_rate.rs` is its counterpart.

use std::time::Duration;

use tokio::time::Instant;

use crate::proxy::min_rate::MinRate;

/// The most that a server and the system buffer for a client, in bytes.
const BUFFERED: u64 = 4 * 1024 * 1024;

/// A timeout, and the pace by what the server in front has taken.
#[derive(Debug)]
pub(in crate::proxy) struct MinDownloadRate {
    pub(super) timeout: Duration,
    rate: MinRate,
    /// When a client of the least rate has read all that its server has taken.
    read_by: Option<Instant>,
}

impl MinDownloadRate {
    pub(super) fn new(timeout: Duration, rate: MinRate) -> Self {
        Self {
            timeout,
            rate,
            read_by: None,
        }
    }

    pub(super) fn taken(&mut self, bytes: u64, now: Instant) {
        let unread = self
            .unread_time(now)
            .saturating_add(self.rate.time_of(bytes));
        let unread = unread.min(self.rate.time_of(BUFFERED));
        self.read_by = now.checked_add(unread);
    }

    /// How long the client may leave the body unread from now on.
    pub(super) fn patience(&self, now: Instant) -> Duration {
        self.unread_time(now).saturating_add(self.rate.grace)
    }

    fn unread_time(&self, now: Instant) -> Duration {
        let read_by = self.read_by.unwrap_or(now);
        read_by.saturating_duration_since(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn pace() -> MinDownloadRate {
        let rate = MinRate::new(1000, 5 * SECOND);
        MinDownloadRate::new(300 * SECOND, rate.expect("a rate of more than zero"))
    }

    #[test]
    fn a_client_may_need_the_time_of_what_was_taken_and_the_grace() {
        let (mut pace, now) = (pace(), Instant::now());
        assert_eq!(pace.patience(now), 5 * SECOND);
        pace.taken(3000, now);
        pace.taken(4000, now + SECOND);
        assert_eq!(pace.patience(now + SECOND), 11 * SECOND);
        // Time with nothing left to read costs nothing.
        assert_eq!(pace.patience(now + 100 * SECOND), 5 * SECOND);
    }

    #[test]
    fn a_fast_beginning_is_worth_what_may_be_buffered() {
        let (mut pace, now) = (pace(), Instant::now());
        for _ in 0..1000 {
            pace.taken(1024 * 1024, now);
        }
        assert_eq!(pace.patience(now).as_secs(), 4 * 1024 * 1024 / 1000 + 5);
    }
}
