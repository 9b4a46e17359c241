//! HTTP/1, spoken in the task of whoever asks (RFC 9112).
//!
//! hyper's client runs a task for each connection, and talks to it over channels: a third of what a
//! small request costs, and twenty KiB of buffers for each connection that rests. Here the
//! request's own task writes and reads, and a connection at rest holds no buffers. The syntax is
//! httparse's, as it is hyper's; the rest is one file for each rule of RFC 9112, none of which
//! knows a stream:
//!
//! | file | what it knows |
//! |---|---|
//! | `encode` | how a request is written down |
//! | `framing` | where content ends, and whether the connection lasts |
//! | `line_scanner`, `response_head` | where a head ends, and what it says |
//! | `chunked` | the chunked coding, taken off |
//!
//! `request_writer` sends a request, `exchange` does so and reads the response at the same time,
//! `connection` has a connection do one exchange after the other, and `response_body` is the body
//! that comes of it.

mod buffer_pool;
mod chunked;
mod connection;
mod encode;
mod error;
mod exchange;
mod framing;
mod idle_waker;
mod line_scanner;
mod read_buffer;
mod request_writer;
mod response_body;
mod response_head;
#[cfg(test)]
mod tests;

pub(crate) use connection::{Connection, IdleState};
pub(crate) use error::Http1Error;
pub(crate) use framing::one_length;
pub(crate) use request_writer::head_alone;
pub(crate) use response_body::ResponseBody;
pub(crate) use response_head::ResponseHead;
