//! Who is asking: the connection that a request came in on, and the name that the client asked for.

mod client_address;
mod tlv;

use std::net::{IpAddr, SocketAddr};

use http::{Extensions, HeaderMap, header::HOST, request::Parts, uri::PathAndQuery};

use crate::{name::HostAuthority, origin::Scheme};

pub use client_address::ClientAddress;
pub use tlv::{ClientTls, ProxyTlv, ProxyTlvError};

pub(crate) use tlv::TlvContent;

/// The client's connection, as a server tells it in the request's extensions.
///
/// It takes precedence over axum's `ConnectInfo`, and it is how a server that terminates TLS itself
/// says so.
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
    /// A connection from this address that spoke this scheme.
    #[must_use]
    pub fn new(address: impl Into<IpAddr>, scheme: Scheme) -> Self {
        Self {
            // An IPv4 client of a dual-stack socket is an IPv4 client.
            address: address.into().to_canonical(),
            scheme,
        }
    }

    /// The client's address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// What was spoken on the connection.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }
}

/// What is known about the client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Downstream {
    /// Unknown if no server told it.
    pub(crate) address: Option<IpAddr>,
    pub(crate) scheme: Scheme,
    /// Whether somebody told the scheme, or it is only what was to be assumed.
    pub(crate) is_told: bool,
    /// Absent in an HTTP/1.0 request that names no host.
    pub(crate) host: Option<HostAuthority>,
    /// The path and query that it asks for.
    pub(crate) target: Option<PathAndQuery>,
}

impl Downstream {
    /// What the extensions say; `scheme` where they know only an address, or nothing.
    pub(crate) fn new(parts: &Parts, scheme: Scheme, host: Option<HostAuthority>) -> Self {
        let client = parts.extensions.get::<ClientConnection>();
        let connect_info = || connect_info(&parts.extensions).map(|peer| peer.ip().to_canonical());
        Self {
            address: client.map(|client| client.address).or_else(connect_info),
            scheme: client.map_or(scheme, |client| client.scheme),
            is_told: client.is_some(),
            host,
            target: parts.uri.path_and_query().cloned(),
        }
    }

    /// The same, with the name that the request is for if it is one name and valid.
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
