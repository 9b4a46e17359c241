//! Who is asking: the connection that a request came in on.

use std::net::{IpAddr, SocketAddr};

use http::Extensions;

use crate::origin::Scheme;

/// The visitor's connection, as a server tells it to the proxy in the request's extensions.
///
/// It takes precedence over axum's `ConnectInfo`, and it is how a server that terminates TLS itself says so.
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
            // An IPv4 visitor of a dual-stack socket is an IPv4 visitor.
            address: address.into().to_canonical(),
            scheme,
        }
    }

    /// The visitor's address.
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

/// What the request's extensions say of the visitor.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    pub(super) address: Option<IpAddr>,
    /// Unknown where only an address was told.
    pub(super) scheme: Option<Scheme>,
}

impl Told {
    pub(super) fn in_extensions(extensions: &Extensions) -> Self {
        if let Some(client) = extensions.get::<ClientConnection>() {
            return Self {
                address: Some(client.address),
                scheme: Some(client.scheme),
            };
        }
        Self {
            address: connect_info(extensions).map(|peer| peer.ip().to_canonical()),
            scheme: None,
        }
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
