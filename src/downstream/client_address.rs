//! The two ends of a client's connection, for origins that are told of it by the PROXY protocol.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::Extensions;

use super::{ClientConnection, ProxyTlv, connect_info};

/// The two ends of a client's connection, and what else is known of it: what
/// [`proxy_protocol`](crate::connector::CdnOriginBuilder::proxy_protocol) tells the origin.
///
/// [`OriginProxy`](crate::OriginProxy) takes it from the request's extensions, or else makes it of
/// a [`ClientConnection`] or of axum's `ConnectInfo`, without a destination. It is for the PROXY
/// protocol alone: whoever inserts one inserts a [`ClientConnection`] too, so that
/// `X-Forwarded-For` says the same. Two of them are the same client only if all of this is equal.
///
/// ```
/// use std::net::SocketAddr;
///
/// use cdn_origin::downstream::{ClientAddress, ProxyTlv};
///
/// let client: SocketAddr = "203.0.113.7:40001".parse()?;
/// let listener: SocketAddr = "198.51.100.1:443".parse()?;
/// let client = ClientAddress::new(client)
///     .to(listener)
///     .tlv(ProxyTlv::authority("www.example.com")?);
/// # drop(client);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[must_use = "an address does nothing until a connector or a request is given it"]
pub struct ClientAddress {
    source: SocketAddr,
    destination: Option<SocketAddr>,
    /// By their types, of which there is one each: that bounds them.
    tlvs: Vec<ProxyTlv>,
}

impl ClientAddress {
    /// A client who connects from here. A port that is not known is 0.
    pub fn new(source: impl Into<SocketAddr>) -> Self {
        Self {
            source: canonical(source.into()),
            destination: None,
            tlvs: Vec::new(),
        }
    }

    /// The address that the client connected to. Without it, the origin is told zeros of the
    /// client's family.
    pub fn to(mut self, destination: impl Into<SocketAddr>) -> Self {
        self.destination = Some(canonical(destination.into()));
        self
    }

    /// Tells this too, where version 2 of the protocol is spoken. Of each type the last counts.
    pub fn tlv(mut self, tlv: ProxyTlv) -> Self {
        self.tlvs.retain(|other| other.kind() != tlv.kind());
        self.tlvs.push(tlv);
        self.tlvs.sort_by_key(ProxyTlv::kind);
        self
    }

    /// What the extensions of a request say.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        if let Some(told) = extensions.get::<Self>() {
            return Some(told.clone());
        }
        if let Some(client) = extensions.get::<ClientConnection>() {
            return Some(Self::new((client.address(), 0)));
        }
        connect_info(extensions).map(Self::new)
    }

    /// Source and destination, of one family.
    pub(crate) fn ends(&self) -> (SocketAddr, SocketAddr) {
        let source = self.source;
        let destination = self.destination.unwrap_or_else(|| nowhere(source));
        match source.is_ipv4() == destination.is_ipv4() {
            true => (source, destination),
            false => (as_ipv6(source), as_ipv6(destination)),
        }
    }

    pub(crate) fn tlvs(&self) -> &[ProxyTlv] {
        &self.tlvs
    }
}

/// An IPv4 client of a dual-stack socket is an IPv4 client. Flow and scope mean nothing elsewhere.
fn canonical(address: SocketAddr) -> SocketAddr {
    (address.ip().to_canonical(), address.port()).into()
}

fn nowhere(source: SocketAddr) -> SocketAddr {
    let address: IpAddr = match source {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    (address, 0).into()
}

fn as_ipv6(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    (ip, address.port()).into()
}
