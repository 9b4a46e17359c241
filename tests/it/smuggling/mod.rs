//! Request and response smuggling: bytes that two parties may read as different messages.
//!
//! Each case is refused or normalised to an unambiguous message. A second request proves it: the
//! origin receives exactly the requests that were sent, and each response belongs to its request.
//! `GET /smuggled` must never arrive.

mod from_clients;
mod from_origins;
mod http2;
mod raw_http2;
mod resets;
