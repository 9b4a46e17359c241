//! The test edge: an in-process server that behaves like the edge of a CDN, with its own CA.
//!
//! [`Authority`] issues certificates. [`Edge`] presents them and records what it receives.
//! [`Blackhole`] and [`Refused`] are addresses to which no connect succeeds. Tests and examples
//! share this module. It does not depend on the crate under test.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::expect_used,
    reason = "each test binary and example uses a part of it"
)]

mod assertions;
mod authority;
mod bare_client;
mod blackhole;
mod builder;
mod certified;
mod closing;
mod edge;
mod handshake;
mod http;
mod pages;
mod policy;
mod raw;
mod record;
mod respond;
mod shared;
mod site;
mod tasks;

pub use assertions::contains_in_order;
pub use authority::{AUTHORITY_NAME, Authority};
pub use bare_client::{ClientError, Requests, client_hello, tls_client, tls_connect};
pub use blackhole::{Blackhole, Refused, refused_address};
pub use builder::EdgeBuilder;
pub use certified::Certified;
pub use edge::Edge;
pub use pages::echo;
pub use policy::{Behaviour, HostMismatch, SniRefusal};
pub use record::{RecordedHello, RecordedRequest};
pub use site::Site;
