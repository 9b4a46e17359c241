//! HTTP/1, spoken in the task of whoever asks (RFC 9112).
//!
//! hyper's client runs a task for each connection, and talks to it over channels: a third of what a small request costs, and twenty KiB
//! of buffers for each connection that rests. Here the request's own task writes and reads, and a connection at rest holds no buffers.
//! The syntax is httparse's, as it is hyper's; the rest is one file for each rule of RFC 9112, none of which knows a stream:
//!
//! | file | what it knows |
//! |---|---|
//! | `encode` | how a request is written down |
//! | `framing` | where content ends, and whether the connection lasts |
//! | `lines`, `head` | where a head ends, and what it says |
//! | `chunks` | the chunked coding, taken off |
//!
//! `outgoing` sends a request, `exchange` does so and reads the response at the same time, `driver` has a connection do one exchange after
//! the other, `content` is the body that comes of it, and `connection` is the pool's side of it all.

mod chunks;
mod connection;
mod content;
mod driver;
mod encode;
mod exchange;
mod framing;
mod head;
mod held;
mod input;
mod lines;
mod outgoing;
mod problem;
mod rest;
mod spares;
#[cfg(test)]
mod tests;

pub(super) use connection::{Http1, Http1Lease};
pub(crate) use content::Content;
pub(crate) use framing::one_length;
pub(crate) use held::Held;
pub(super) use outgoing::head_alone;
pub(crate) use problem::Problem;
