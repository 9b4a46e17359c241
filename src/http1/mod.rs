//! An HTTP/1.1 client connection over any `AsyncRead + AsyncWrite` (RFC 9112).
//!
//! hyper's client runs a task for each connection and talks to it over channels. That is a third of
//! the cost of a small proxied request, and 20 KiB of buffers for each idle connection. Here the
//! request's own task reads and writes, and an idle connection holds no buffers. The syntax of a
//! head is parsed by httparse, as in hyper.
//!
//! # Life of a connection
//!
//! ```text
//! new() ──> not begun ──begin()──> exchange ──poll_head()──> response body ──make_idle()──┐
//!               │                     ^  │                        │                       │
//!               │ request_already_    │  │ fails                  │ fails, is dropped,    │
//!               │ sent()              │  v                        v or may not be reused  │
//!               └──> sent early ──────┤ closed <───────────────── closed                  │
//!                                     │                           ^                       │
//!                                     │     the stream ends or    │                       │
//!                                     │     is readable           │                       │
//!                                     └──────begin()──────────── idle <───────────────────┘
//! ```
//!
//! # Life of an exchange
//!
//! The two sides of an exchange make progress independently: a response may begin, and end, while
//! the request is still being sent.
//!
//! ```text
//! request   sending ──┬──> sent
//!                     ├──> stopped: the body failed, or a final response made it unnecessary
//!                     └──> write failed: a response may still arrive, for at most one second
//!
//! response  head ──> content by length, chunked or until close ──> complete
//!            │ ^
//!            └─┘ interim (1xx) responses
//! ```
//!
//! The connection can be reused if the request is sent, the response is complete and the head
//! permits it (RFC 9112 section 9.3).
//!
//! If a response begins before its request is sent, a task of its own goes on sending, whether or
//! not the client reads. It also goes on after the end of the response, until the origin closes the
//! connection.
//!
//! # Files
//!
//! | file | what it holds |
//! |---|---|
//! | `connection` | one exchange after the other, and what happens on an idle connection |
//! | `exchange`, `exchange_state` | a request and its response, and how far both have come |
//! | `request_writer`, `encode_request` | the request, its head and its chunks as bytes |
//! | `added_fields` | what a proxy adds to a request |
//! | `framing` | where content ends |
//! | `persistence` | whether the connection can be reused |
//! | `line_scanner`, `response_head`, `head_builder` | where a head ends, and its fields |
//! | `head_cache` | the lines of the previous head |
//! | `shared_state` | what the connections to one origin share |
//! | `head_flags` | what a head says about framing and reuse |
//! | `chunked_decoder` | the decoder of the chunked coding |
//! | `response_body` | the body that the pool returns |
//! | `deliver_response` | sends a request while its response is read, in a task |
//! | `read_buffer`, `buffer_pool` | buffers |
//! | `error` | why an exchange failed |
//! | `unexpected_bytes` | the start of what is no response |
//! | `idle_waker` | notices bytes on an idle connection |
//!
//! `encode_request`, `framing`, `persistence`, `line_scanner`, `response_head` and
//! `chunked_decoder` are pure: they know no stream.

mod added_fields;
mod buffer_pool;
mod chunked_decoder;
mod connection;
mod deliver_response;
mod encode_request;
mod error;
mod exchange;
mod exchange_state;
mod framing;
mod head_builder;
mod head_cache;
mod head_flags;
mod idle_waker;
mod line_scanner;
mod persistence;
mod read_buffer;
mod request_writer;
mod response_body;
mod response_head;
mod shared_state;
#[cfg(test)]
mod tests;
mod unexpected_bytes;

pub(crate) use added_fields::AddedFields;
pub(crate) use connection::{Connection, IdleState};
pub(crate) use deliver_response::AfterResponse;
pub(crate) use error::Http1Error;
pub(crate) use framing::single_content_length;
pub(crate) use head_builder::ResponseHead;
pub(crate) use request_writer::head_without_body;
pub(crate) use response_body::Http1Body;
pub(crate) use shared_state::SharedState;
pub(crate) use unexpected_bytes::UnexpectedBytes;
