//! The rules of the RFCs as a table.
//!
//! Each row is a request and a response. `row.rs` runs it between HTTP/1 and HTTP/2 clients and
//! HTTP/1 and HTTP/2 origins. `invariants.rs` checks what holds for all.

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

/// The protocol of one side.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}
