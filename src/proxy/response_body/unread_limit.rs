//! `UnreadLimit`: the deadline of a client that leaves a response unread, by `unread_timeout` and
//! `min_download_rate`.
//!
//! `slow_reader.rs` enforces it.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    error::{Deadline, ExchangeTimeout},
    proxy::Limits,
};

use super::min_download_rate::MinDownloadRate;

/// How long the client of one response may leave it unread. It reads no clock.
#[derive(Debug)]
pub(in crate::proxy) enum UnreadLimit {
    Timeout(Duration),
    /// Boxed because it is rare.
    Rate(Box<MinDownloadRate>),
}

impl UnreadLimit {
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
