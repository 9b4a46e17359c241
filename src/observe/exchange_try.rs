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

/// Why a request was sent again: a stable label for metrics and logs.
///
/// * `connection_ended`: the HTTP/2 connection ended before the head of the response.
/// * `go_away`: the origin sent a GOAWAY that excludes the request.
/// * `idle_closed`: the connection was open before this request, and ended before the response.
///   Over HTTP/2, only if nothing of the request was written.
/// * `misdirected`: the origin answered 421 on a connection that served others too.
/// * `stream_refused`: the origin refused the HTTP/2 stream.
/// * `too_early`: the origin answered 425 to a request in early data.
/// * `unwritten`: nothing of the request was written.
///
/// The [pool](crate::pool#what-is-retried) describes each case.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct RetryReason(&'static str);

impl RetryReason {
    pub(crate) const CONNECTION_ENDED: Self = Self("connection_ended");
    pub(crate) const GO_AWAY: Self = Self("go_away");
    pub(crate) const IDLE_CLOSED: Self = Self("idle_closed");
    pub(crate) const MISDIRECTED: Self = Self("misdirected");
    pub(crate) const STREAM_REFUSED: Self = Self("stream_refused");
    pub(crate) const TOO_EARLY: Self = Self("too_early");
    pub(crate) const UNWRITTEN: Self = Self("unwritten");

    /// Returns the label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for RetryReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
