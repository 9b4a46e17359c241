//! `ExchangeTry`: one attempt to send a request, on one connection.

use std::{fmt, net::SocketAddr, time::Duration};

use http::StatusCode;
use tokio::time::Instant;

use crate::error::Elapsed;

/// One attempt to send a request, on one connection.
///
/// A connect that fails is no try: [`ExchangeInfo::error`](super::ExchangeInfo::error) has its
/// facts.
///
/// ```
/// # fn log(exchange: &cdn_origin::observe::ExchangeInfo) {
/// for attempt in exchange.tries() {
///     match attempt.reason {
///         None => println!("first try: {:?}", attempt.status),
///         Some(reason) => println!("retried ({reason}): {:?}", attempt.status),
///     }
/// }
/// # }
/// ```
///
/// The slowest try of a request, each timed by itself:
///
/// ```
/// # fn slowest(exchange: &cdn_origin::observe::ExchangeInfo) {
/// let slowest = exchange.tries().filter_map(|attempt| attempt.first_byte).max();
/// # let _ = slowest;
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExchangeTry {
    /// Why the request was sent again; `None` for the first try.
    pub reason: Option<RetryReason>,
    /// The address that the connection leads to; `None` over a Unix socket or a custom transport.
    pub peer: Option<SocketAddr>,
    /// Whether the connection had served another request before.
    pub reused: bool,
    /// Whether the connection speaks HTTP/2.
    pub http2: bool,
    /// The wait for the connection, in the pool's queue or for a connect. Zero if one was idle.
    pub checkout: Duration,
    /// The time of each stage of the connect; empty on a connection that was open before.
    pub elapsed: Elapsed,
    /// The time from the checkout to the head of the response, if one arrived.
    pub first_byte: Option<Duration>,
    /// The status that the origin sent, if it sent one.
    pub status: Option<StatusCode>,
    pub(super) began: Instant,
}

/// Why a request was sent again.
///
/// The [pool](crate::pool#what-is-retried) describes each case.
///
/// ```
/// use cdn_origin::observe::RetryReason;
///
/// assert_eq!(RetryReason::IdleClosed.as_str(), "idle_closed");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum RetryReason {
    /// The HTTP/2 connection ended before the head of the response.
    ConnectionEnded,
    /// The origin sent a GOAWAY that excludes the request.
    GoAway,
    /// The connection was open before this request, and ended before the response.
    ///
    /// Over HTTP/2, only if nothing of the request was written. Otherwise the reason is
    /// [`ConnectionEnded`](Self::ConnectionEnded).
    IdleClosed,
    /// The origin answered 421 on a connection that served others too.
    Misdirected,
    /// The origin refused the HTTP/2 stream.
    StreamRefused,
    /// The origin answered 425 to a request in early data.
    TooEarly,
    /// Nothing of the request was written.
    Unwritten,
}

impl RetryReason {
    /// Every reason, in alphabetical order.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 7] = [
        Self::ConnectionEnded,
        Self::GoAway,
        Self::IdleClosed,
        Self::Misdirected,
        Self::StreamRefused,
        Self::TooEarly,
        Self::Unwritten,
    ];

    /// Returns the stable label for metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConnectionEnded => "connection_ended",
            Self::GoAway => "go_away",
            Self::IdleClosed => "idle_closed",
            Self::Misdirected => "misdirected",
            Self::StreamRefused => "stream_refused",
            Self::TooEarly => "too_early",
            Self::Unwritten => "unwritten",
        }
    }
}

impl fmt::Display for RetryReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::snake_case::snake_case;

    #[test]
    fn labels_are_the_names_in_snake_case() {
        for reason in RetryReason::ALL {
            assert_eq!(reason.as_str(), snake_case(&format!("{reason:?}")));
        }
    }
}
