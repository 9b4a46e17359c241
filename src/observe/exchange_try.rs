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
///     match attempt.reason() {
///         None => println!("first try: {:?}", attempt.status()),
///         Some(reason) => println!("retried ({}): {:?}", reason.as_str(), attempt.status()),
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ExchangeTry {
    pub(super) reason: Option<RetryReason>,
    pub(super) peer: Option<SocketAddr>,
    pub(super) is_reused: bool,
    pub(super) is_http2: bool,
    pub(super) checkout: Duration,
    pub(super) elapsed: Elapsed,
    pub(super) began: Instant,
    /// When the head of the response arrived.
    pub(super) first_byte_at: Option<Instant>,
    pub(super) status: Option<StatusCode>,
}

impl ExchangeTry {
    /// Returns why the request was sent again; `None` for the first try.
    #[must_use]
    pub fn reason(&self) -> Option<RetryReason> {
        self.reason
    }

    /// Returns the address that the connection leads to; `None` over a Unix socket or a custom
    /// transport.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Returns whether the connection had served another request before.
    #[must_use]
    pub fn is_reused(&self) -> bool {
        self.is_reused
    }

    /// Returns whether the connection speaks HTTP/2.
    #[must_use]
    pub fn is_http2(&self) -> bool {
        self.is_http2
    }

    /// Returns the wait for the connection, in the pool's queue or for a connect. Zero if one was
    /// idle.
    #[must_use]
    pub fn checkout(&self) -> Duration {
        self.checkout
    }

    /// Returns the time of each stage of the connect; empty on a connection that was open before.
    #[must_use]
    pub fn elapsed(&self) -> Elapsed {
        self.elapsed
    }

    /// Returns the time from the checkout to the head of the response, if one arrived.
    ///
    /// Each try is timed by itself.
    ///
    /// ```
    /// # fn slowest(exchange: &cdn_origin::observe::ExchangeInfo) {
    /// let slowest = exchange.tries().filter_map(|attempt| attempt.first_byte()).max();
    /// # let _ = slowest;
    /// # }
    /// ```
    #[must_use]
    pub fn first_byte(&self) -> Option<Duration> {
        Some(self.first_byte_at?.duration_since(self.began))
    }

    /// Returns the status that the origin sent, if it sent one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.status
    }
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
