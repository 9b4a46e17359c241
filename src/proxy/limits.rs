//! How large and how slow a request may be.

use std::time::Duration;

use http::{HeaderMap, header::CONTENT_LENGTH};
use tokio::time::Instant;

use crate::error::{Error, ErrorKind, ExchangeTimeout, RequestBodyProblem, RequestProblem};

use super::watch::Deadline;

/// What bounds each request and its response.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    pub(super) body_idle: Duration,
    pub(super) unread: Duration,
    pub(super) request_timeout: Option<Duration>,
    pub(super) request_body: u64,
    pub(super) request_head: usize,
    pub(super) request_fields: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_idle: Duration::from_secs(60),
            unread: Duration::from_secs(5 * 60),
            request_timeout: None,
            request_body: u64::MAX,
            request_head: usize::MAX,
            request_fields: usize::MAX,
        }
    }
}

impl Limits {
    /// When a request that begins now has to be over.
    pub(super) fn end(&self) -> Option<Deadline> {
        let after = self.request_timeout?;
        Some(Deadline::new(
            Instant::now(),
            after,
            ExchangeTimeout::Request,
        ))
    }

    /// Refuses what says of itself that it is too large. `body` is the least number of bytes that
    /// will come.
    pub(super) fn check(&self, headers: &HeaderMap, body: u64) -> Result<(), Error> {
        let too_many = headers.len() > self.request_fields;
        let kind =
            if too_many || (self.request_head < usize::MAX && size(headers) > self.request_head) {
                ErrorKind::Request(RequestProblem::HeadTooLarge)
            } else if body > self.request_body || self.is_announced_too_large(headers) {
                ErrorKind::RequestBody(RequestBodyProblem::TooLarge)
            } else {
                return Ok(());
            };
        Err(Error::refused(kind))
    }

    fn is_announced_too_large(&self, headers: &HeaderMap) -> bool {
        if self.request_body == u64::MAX {
            return false;
        }
        let announced = headers.get(CONTENT_LENGTH).and_then(|length| {
            let length = length.to_str().ok()?;
            length.parse::<u64>().ok()
        });
        announced.is_some_and(|length| length > self.request_body)
    }
}

/// The bytes of the fields, each with its colon, space and line end.
pub(super) fn size(headers: &HeaderMap) -> usize {
    let fields = headers.iter();
    fields
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum()
}

/// Zero would be over before it began: it counts as one millisecond.
pub(super) fn at_least_a_moment(time: Duration) -> Duration {
    time.max(Duration::from_millis(1))
}
