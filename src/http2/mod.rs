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

mod connection;
mod error;
mod exchange;
mod io;
mod keep_alive;
mod response_body;
mod sender;
mod state;
#[cfg(test)]
mod tests;
mod upload;

pub(crate) use connection::{ConnectionTask, Http2Parameters, handshake};
pub(crate) use error::Http2Error;
pub(crate) use exchange::Http2Exchange;
pub(crate) use response_body::Http2Body;
pub(crate) use sender::RequestSender;
