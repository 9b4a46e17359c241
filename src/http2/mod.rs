//! An HTTP/2 client connection over any `AsyncRead + AsyncWrite` (RFC 9113), on the h2 crate.
//!
//! hyper's client puts a dispatcher between a request and h2. When a peer answers and closes the
//! connection at once, as nginx does after `keepalive_requests`, the dispatcher may end first and
//! drop the answer. It also hides which streams a GOAWAY left unprocessed, ignores interim
//! responses, and runs a task for each request. Here the request's own task talks to h2.
//!
//! ```text
//!  handshake ──> ConnectionTask (a future, polled by its own task)
//!      │             ├─ frames in and out
//!      │             └─ PING after a silence: pong, or the end of the connection
//!      └──────> RequestSender ──> Http2Exchange
//!                                    ├─ upload: the request body, within the peer's windows
//!                                    ├─ interim (1xx) responses, up to the size of one head
//!                                    └─ response head ──> Http2Body
//!                                                           └─ upload goes on in a task,
//!                                                              also after the end of the body
//! ```
//!
//! This module knows neither a pool nor a connector.
//!
//! What an exchange's error means for a retry (RFC 9113 section 8.7):
//!
//! | the peer or the stream | error | may be retried |
//! |---|---|---|
//! | the connection had ended before | `NotSent` | any request, with its body |
//! | failed before a byte was written | `NotWritten` | any request whose body can be replayed |
//! | RST_STREAM with REFUSED_STREAM | `H2` | the same: `is_unprocessed` |
//! | GOAWAY below this stream | `H2` | the same: `is_unprocessed` |
//! | closed after GOAWAY, stream open | `ClosedAfterGoAway` | idempotent methods |
//! | any other reset or failure | `H2`, `Io`, `Silent` | idempotent methods |

// | file | what it holds |
// |---|---|
// | `connection` | the handshake, and the future that moves frames |
// | `request_sender` | the handle by which requests open streams |
// | `exchange` | one request and the head of its response |
// | `send_body` | sends a request body within the windows of the peer |
// | `response_body` | the body of a response |
// | `connection_state` | open streams, and whether the peer takes more |
// | `ping_silent_peer` | PING frames to a silent peer, and the end of the connection |
// | `activity_io` | when bytes last arrived, and how many were written |
// | `error` | why an exchange failed |

mod activity_io;
mod connection;
mod connection_state;
mod error;
mod exchange;
mod ping_silent_peer;
mod request_sender;
mod response_body;
mod send_body;
#[cfg(test)]
mod tests;

pub(crate) use connection::{ConnectionTask, Http2Parameters, handshake};
pub(crate) use error::Http2Error;
pub(crate) use exchange::Http2Exchange;
pub(crate) use request_sender::{ReadyToSend, RequestSender};
pub(crate) use response_body::Http2Body;
