//! The rules of the RFCs as a table: each row is a request and a response, run from clients of HTTP/1 and HTTP/2 to origins of HTTP/1
//! and HTTP/2. `row.rs` runs them, and `invariants.rs` is what holds for all.

pub(crate) mod client;
mod fields;
mod framing;
mod http1;
mod http2;
mod invariants;
pub(crate) mod message;
pub(crate) mod origin;
pub(crate) mod row;
mod statuses;
mod targets;

/// What a side speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}
