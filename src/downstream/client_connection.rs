//! `ClientConnection`: address and scheme of a client's connection, as a server reports them.

use std::net::{IpAddr, SocketAddr};

use http::Extensions;

use crate::origin::Scheme;

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
    ///
    /// ```
    /// use std::net::IpAddr;
    ///
    /// use cdn_origin::{downstream::ClientConnection, origin::Scheme};
    ///
    /// let mapped: IpAddr = "::ffff:203.0.113.7".parse()?;
    /// let client = ClientConnection::new(mapped, Scheme::Http);
    /// assert_eq!(client.address().to_string(), "203.0.113.7");
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
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

#[cfg(feature = "axum")]
pub(super) fn connect_info(extensions: &Extensions) -> Option<SocketAddr> {
    let info = extensions.get::<axum::extract::ConnectInfo<SocketAddr>>();
    info.map(|info| info.0)
}

#[cfg(not(feature = "axum"))]
pub(super) fn connect_info(_: &Extensions) -> Option<SocketAddr> {
    None
}
