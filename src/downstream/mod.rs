//! The client of a request: its connection, address and requested host.
//!
//! A server inserts what it knows into the request's extensions:
//!
//! * [`ClientConnection`]: address and scheme, for `X-Forwarded-For` and the other forwarded
//!   fields. With feature `axum`, axum's `ConnectInfo` supplies the address.
//! * [`ClientAddress`]: source, destination and TLVs, for the PROXY protocol.
//!
//! ```
//! use std::net::{Ipv4Addr, SocketAddr};
//!
//! use cdn_origin::{
//!     downstream::{ClientAddress, ClientConnection},
//!     origin::Scheme,
//! };
//!
//! let peer: SocketAddr = "203.0.113.7:40001".parse()?;
//! let mut request = http::Request::new(());
//! let extensions = request.extensions_mut();
//! extensions.insert(ClientConnection::new(peer.ip(), Scheme::Https));
//! extensions.insert(ClientAddress::new(peer));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod client_address;
mod client_connection;
mod client_of_request;
mod proxy_tlv;

pub use client_address::ClientAddress;
pub use client_connection::ClientConnection;
pub use proxy_tlv::ClientTls;

pub(crate) use client_of_request::Downstream;
pub(crate) use proxy_tlv::{ProxyTlv, TlvContent};
