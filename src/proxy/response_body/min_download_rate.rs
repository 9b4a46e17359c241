//! `ReadLimit`: how long a client may leave a response unread, by `unread_timeout` and
//! `min_download_rate`.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    error::ExchangeTimeout,
    proxy::{Limits, deadline::Deadline, min_rate::MinRate},
};

/// The most that a server and the system buffer for a client, in bytes.
const BUFFERED: u64 = 4 * 1024 * 1024;

/// How long the client of one response may leave it unread. It reads no clock.
#[derive(Debug)]
pub(in crate::proxy) enum ReadLimit {
    Timeout(Duration),
    /// Boxed because it is rare.
    Rate(Box<MinDownloadRate>),
}

/// A timeout, and the pace by what the server in front has taken.
#[derive(Debug)]
pub(in crate::proxy) struct MinDownloadRate {
    timeout: Duration,
    rate: MinRate,
    /// When a client of the least rate has read all that its server has taken.
    read_by: Option<Instant>,
}

impl ReadLimit {
    /// A gRPC stream has no least rate: it may pause for as long as its peers want.
    pub(in crate::proxy) fn new(limits: &Limits, is_grpc: bool) -> Self {
        let timeout = limits.unread_timeout;
        match limits.min_download_rate.filter(|_| !is_grpc) {
            Some(rate) => Self::Rate(Box::new(MinDownloadRate::new(timeout, rate))),
            None => Self::Timeout(timeout),
        }
    }

    /// Notes that the server has taken this number of bytes.
    pub(super) fn taken(&mut self, bytes: u64, now: impl FnOnce() -> Instant) {
        if let Self::Rate(pace) = self {
            pace.taken(bytes, now());
        }
    }

    /// The deadline of a client that has had to read since then.
    pub(super) fn deadline(&self, since: Instant) -> Deadline {
        match self {
            Self::Rate(pace) if pace.patience(since) < pace.timeout => {
                let patience = pace.patience(since);
                Deadline::new(since, patience, ExchangeTimeout::DownloadRate)
            }
            _ => Deadline::new(since, self.timeout(), ExchangeTimeout::Unread),
        }
    }

    /// The timeout of a client that reads nothing.
    pub(super) fn timeout(&self) -> Duration {
        match self {
            Self::Timeout(timeout) => *timeout,
            Self::Rate(pace) => pace.timeout,
        }
    }
}

impl MinDownloadRate {
    fn new(timeout: Duration, rate: MinRate) -> Self {
        Self {
            timeout,
            rate,
            read_by: None,
        }
    }

    fn taken(&mut self, bytes: u64, now: Instant) {
        let unread = self
            .unread_time(now)
            .saturating_add(self.rate.time_of(bytes));
        let unread = unread.min(self.rate.time_of(BUFFERED));
        self.read_by = now.checked_add(unread);
    }

    /// How long the client may leave the body unread from now on.
    fn patience(&self, now: Instant) -> Duration {
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
