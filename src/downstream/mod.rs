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
mod proxy_tlv;

use std::net::{IpAddr, SocketAddr};

use http::{Extensions, HeaderMap, header::HOST, request::Parts, uri::PathAndQuery};

use crate::{name::HostAuthority, origin::Scheme};

pub use client_address::ClientAddress;
pub use proxy_tlv::{ClientTls, ProxyTlv, ProxyTlvError};

pub(crate) use proxy_tlv::TlvContent;

/// Address and scheme of the client's connection, for the request's extensions.
///
/// Takes precedence over axum's `ConnectInfo`. A server that terminates TLS itself needs it:
/// `ConnectInfo` has no scheme.
///
/// ```
/// use std::net::Ipv4Addr;
///
/// use cdn_origin::{downstream::ClientConnection, origin::Scheme};
///
/// let mut request = http::Request::new(());
/// let client = ClientConnection::new(Ipv4Addr::new(203, 0, 113, 7), Scheme::Https);
/// request.extensions_mut().insert(client);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ClientConnection {
    address: IpAddr,
    scheme: Scheme,
}

impl ClientConnection {
    /// A connection from `address` with `scheme`. IPv4-mapped addresses become IPv4.
    #[must_use]
    pub fn new(address: impl Into<IpAddr>, scheme: Scheme) -> Self {
        Self {
            // A dual-stack socket reports IPv4 clients with IPv4-mapped addresses.
            address: address.into().to_canonical(),
            scheme,
        }
    }

    /// Returns the client's address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Returns the scheme of the connection: `https` if it uses TLS.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }
}

/// What is known about the client of a request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Downstream {
    /// `None` if the server supplied none.
    pub(crate) address: Option<IpAddr>,
    pub(crate) scheme: Scheme,
    /// Whether the server or a trusted peer supplied the scheme. Otherwise it is a default.
    pub(crate) is_scheme_known: bool,
    /// `None` in an HTTP/1.0 request without a host.
    pub(crate) host: Option<HostAuthority>,
    /// Path and query of the request.
    pub(crate) target: Option<PathAndQuery>,
}

impl Downstream {
    /// Reads the request's extensions. `scheme` is the default if they hold none.
    pub(crate) fn new(parts: &Parts, scheme: Scheme, host: Option<HostAuthority>) -> Self {
        let client = parts.extensions.get::<ClientConnection>();
        let connect_info = || connect_info(&parts.extensions).map(|peer| peer.ip().to_canonical());
        Self {
            address: client.map(|client| client.address).or_else(connect_info),
            scheme: client.map_or(scheme, |client| client.scheme),
            is_scheme_known: client.is_some(),
            host,
            target: parts.uri.path_and_query().cloned(),
        }
    }

    /// The client's address in a request's extensions.
    pub(crate) fn address_of(extensions: &Extensions) -> Option<IpAddr> {
        let client = extensions.get::<ClientConnection>();
        let connect_info = || connect_info(extensions).map(|peer| peer.ip().to_canonical());
        client.map(|client| client.address).or_else(connect_info)
    }

    /// Reads the request's extensions and its host. An invalid or repeated host is `None`.
    pub(crate) fn of(parts: &Parts, scheme: Scheme) -> Self {
        let host = match parts.uri.authority() {
            Some(authority) => authority.as_str().parse().ok(),
            None => host_field(&parts.headers),
        };
        Self::new(parts, scheme, host)
    }
}

fn host_field(headers: &HeaderMap) -> Option<HostAuthority> {
    let mut fields = headers.get_all(HOST).iter();
    match (fields.next(), fields.next()) {
        (Some(field), None) => field.to_str().ok()?.parse().ok(),
        _ => None,
    }
}

#[cfg(feature = "axum")]
fn connect_info(extensions: &Extensions) -> Option<SocketAddr> {
    let info = extensions.get::<axum::extract::ConnectInfo<SocketAddr>>();
    info.map(|info| info.0)
}

#[cfg(not(feature = "axum"))]
fn connect_info(_: &Extensions) -> Option<SocketAddr> {
    None
}
