//! `ClientAddress`: source and destination of a client's connection, for the PROXY protocol.
//!
//! `dial/proxy_protocol.rs` writes the header. Reading one from a client is up to the server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::Extensions;

use crate::invalid_value::InvalidValue;

use super::{ClientConnection, ClientTls, ProxyTlv, client_connection::connect_info};

/// Source, destination and further facts of a client's connection, for the PROXY protocol.
///
/// [`proxy_protocol`](crate::connector::CdnOriginBuilder::proxy_protocol) sends it to the origin.
/// [`OriginProxy`](crate::OriginProxy) takes it from the request's extensions. If there is none, it
/// is made from the [`ClientConnection`] or from axum's `ConnectInfo`, without a destination.
///
/// It does not affect `X-Forwarded-For`: insert a [`ClientConnection`] too. Pooled connections are
/// shared only between requests whose `ClientAddress` is equal in all parts.
///
/// Version 2 of the protocol sends all that is set here, in TLVs (section 2.2 of [its
/// specification]). Many receivers limit their size: nginx 1.22 accepts 107 bytes in total.
///
/// ```
/// use std::net::SocketAddr;
///
/// use cdn_origin::downstream::{ClientAddress, ClientTls};
///
/// let client: SocketAddr = "203.0.113.7:40001".parse()?;
/// let listener: SocketAddr = "198.51.100.1:443".parse()?;
/// let client = ClientAddress::new(client)
///     .destination(listener)
///     .authority("www.example.com")?
///     .tls(ClientTls::new("TLSv1.3").cipher("TLS_AES_128_GCM_SHA256"))?
///     .custom(0xE0, "tenant-7")?;
/// # drop(client);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [its specification]: https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[must_use = "an address does nothing until a request's extensions hold it"]
pub struct ClientAddress {
    source: SocketAddr,
    destination: Option<SocketAddr>,
    /// Sorted by type, at most one of each.
    tlvs: Vec<ProxyTlv>,
}

impl ClientAddress {
    /// A client that connects from `source`. Use port 0 if it is unknown.
    ///
    /// ```
    /// use std::net::SocketAddr;
    ///
    /// use cdn_origin::downstream::ClientAddress;
    ///
    /// let mut request = http::Request::new(());
    /// let source: SocketAddr = "203.0.113.7:40001".parse()?;
    /// request.extensions_mut().insert(ClientAddress::new(source));
    /// # Ok::<(), std::net::AddrParseError>(())
    /// ```
    pub fn new(source: impl Into<SocketAddr>) -> Self {
        Self {
            source: canonical(source.into()),
            destination: None,
            tlvs: Vec::new(),
        }
    }

    /// Sets the address that the client connected to. Default: the unspecified address of the
    /// source's family, port 0.
    ///
    /// ```
    /// use std::net::SocketAddr;
    ///
    /// use cdn_origin::downstream::ClientAddress;
    /// use tokio::net::TcpStream;
    ///
    /// /// The origin learns to which of our addresses the client connected.
    /// fn client(stream: &TcpStream) -> std::io::Result<ClientAddress> {
    ///     let (client, listener): (SocketAddr, _) = (stream.peer_addr()?, stream.local_addr()?);
    ///     Ok(ClientAddress::new(client).destination(listener))
    /// }
    /// ```
    pub fn destination(mut self, destination: impl Into<SocketAddr>) -> Self {
        self.destination = Some(canonical(destination.into()));
        self
    }

    /// Sets the ALPN protocol of the client's connection, such as `h2`. At most 255 bytes.
    ///
    /// # Errors
    ///
    /// Fails if the value is empty, or longer than that.
    pub fn alpn(self, protocol: impl Into<Vec<u8>>) -> Result<Self, InvalidValue> {
        Ok(self.with(ProxyTlv::alpn(protocol)?))
    }

    /// Sets the host that the client requested: with TLS, its SNI. At most 255 bytes.
    ///
    /// ```
    /// use cdn_origin::downstream::ClientAddress;
    ///
    /// let client = ClientAddress::new(([203, 0, 113, 7], 40_001));
    /// let client = client.authority("www.example.com")?.alpn("h2")?;
    /// # drop(client);
    /// # Ok::<(), cdn_origin::error::InvalidValue>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the value is empty, or longer than that.
    pub fn authority(self, name: impl Into<String>) -> Result<Self, InvalidValue> {
        Ok(self.with(ProxyTlv::authority(name)?))
    }

    /// Sets an identifier of the connection, to correlate logs. At most 128 bytes.
    ///
    /// # Errors
    ///
    /// Fails if the value is empty, or longer than that.
    ///
    /// ```
    /// use cdn_origin::downstream::ClientAddress;
    ///
    /// let client = ClientAddress::new(([203, 0, 113, 7], 40001));
    /// let client = client.unique_id("4bf92f3577b34da6a3ce929d0e0e4736")?;
    /// assert!(client.unique_id("").is_err());
    /// # Ok::<(), cdn_origin::error::InvalidValue>(())
    /// ```
    pub fn unique_id(self, id: impl Into<Vec<u8>>) -> Result<Self, InvalidValue> {
        Ok(self.with(ProxyTlv::unique_id(id)?))
    }

    /// Sets the TLS parameters of the client's connection. Each at most 255 bytes.
    ///
    /// ```
    /// use cdn_origin::downstream::{ClientAddress, ClientTls};
    ///
    /// // The server in front has verified the client's certificate.
    /// let tls = ClientTls::new("TLSv1.3").verified_common_name("device-7.example");
    /// let client = ClientAddress::new(([203, 0, 113, 7], 40_001)).tls(tls)?;
    /// # drop(client);
    /// # Ok::<(), cdn_origin::error::InvalidValue>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if a parameter is empty, or longer than that.
    pub fn tls(self, tls: ClientTls) -> Result<Self, InvalidValue> {
        Ok(self.with(ProxyTlv::tls(tls)?))
    }

    /// Sets a value of a custom type. Types 0xE0 to 0xEF are for applications, 0xF0 to 0xF7 for
    /// experiments. At most 512 bytes.
    ///
    /// # Errors
    ///
    /// Fails if the type is outside of these ranges, or the value is longer than that.
    ///
    /// ```
    /// use cdn_origin::downstream::ClientAddress;
    ///
    /// let client = ClientAddress::new(([203, 0, 113, 7], 40001)).custom(0xE0, "tenant-7")?;
    /// assert!(client.custom(0x01, "h2").is_err(), "the type of ALPN");
    /// # Ok::<(), cdn_origin::error::InvalidValue>(())
    /// ```
    pub fn custom(self, kind: u8, value: impl Into<Vec<u8>>) -> Result<Self, InvalidValue> {
        Ok(self.with(ProxyTlv::custom(kind, value)?))
    }

    /// Adds a TLV. Replaces an earlier one of the same type.
    fn with(mut self, tlv: ProxyTlv) -> Self {
        self.tlvs.retain(|other| other.kind() != tlv.kind());
        self.tlvs.push(tlv);
        self.tlvs.sort_by_key(ProxyTlv::kind);
        self
    }

    /// The client address in a request's extensions, if any.
    pub(crate) fn of(extensions: &Extensions) -> Option<Self> {
        if let Some(configured) = extensions.get::<Self>() {
            return Some(configured.clone());
        }
        if let Some(client) = extensions.get::<ClientConnection>() {
            return Some(Self::new((client.address(), 0)));
        }
        connect_info(extensions).map(Self::new)
    }

    /// Source and destination, mapped to IPv6 if their families differ.
    pub(crate) fn ends(&self) -> (SocketAddr, SocketAddr) {
        let source = self.source;
        let destination = self.destination.unwrap_or_else(|| unspecified(source));
        match source.is_ipv4() == destination.is_ipv4() {
            true => (source, destination),
            false => (as_ipv6(source), as_ipv6(destination)),
        }
    }

    pub(crate) fn tlvs(&self) -> &[ProxyTlv] {
        &self.tlvs
    }
}

/// Converts the IPv4-mapped address of a dual-stack socket to IPv4. Drops flow label and scope,
/// which have no meaning on another host.
fn canonical(address: SocketAddr) -> SocketAddr {
    (address.ip().to_canonical(), address.port()).into()
}

/// The unspecified address of the same family.
fn unspecified(source: SocketAddr) -> SocketAddr {
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
