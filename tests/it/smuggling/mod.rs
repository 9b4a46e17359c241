//! Bytes that two parties may read as different messages, from clients and from origins.
//!
//! Each case is refused, or normalised to what has one reading. A second request proves it: the origin sees exactly the requests that were
//! asked, and each response belongs to its request. `GET /smuggled` stands for what must never arrive.

mod from_clients;
mod from_origins;
mod http2;
mod raw_http2;
