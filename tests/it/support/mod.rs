//! An edge in a box: an in-process server that behaves like the edge of a CDN, with its own CA.
//!
//! [`Authority`] makes certificates, [`Edge`] serves them and records what it sees, [`Blackhole`]
//! and [`Refused`] are addresses that no connect gets through to. Tests and examples share it:
//! examples say `#[path = "../tests/it/support/mod.rs"] mod support;`. It knows nothing of the
//! crate under test.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::expect_used,
    reason = "every test binary and example uses a part of it, and none ships it"
)]

mod answer;
mod authority;
mod bare_client;
mod blackhole;
mod builder;
mod certified;
mod check;
mod edge;
mod ending;
mod handshake;
mod http;
mod pages;
mod policy;
mod raw;
mod record;
mod site;
mod tasks;

pub use authority::{AUTHORITY_NAME, Authority};
pub use bare_client::{ClientError, Requests, client_hello, tls_client, tls_connect};
pub use blackhole::{Blackhole, Refused, refused_address};
pub use builder::EdgeBuilder;
pub use certified::Certified;
pub use check::contains_in_order;
pub use edge::Edge;
pub use pages::echo;
pub use policy::{Behaviour, HostMismatch, NoName};
pub use record::{SeenHello, SeenRequest};
pub use site::Site;
