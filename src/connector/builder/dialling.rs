//! The builder's calls for dialling.

use http::Uri;
use hyper::rt;
use tower::{BoxError, ServiceExt, util::BoxCloneSyncService};
use tower_service::Service;

use crate::{
    connector::{CdnOriginBuilder, Timeouts},
    dial::{Dns, EgressGuard, HappyEyeballs, ProxyProtocol, SocketOptions, Transport, TransportIo},
};

/// # Dialling
impl CdnOriginBuilder {
    /// Sets how long connecting may take.
    ///
    /// The defaults are 10 s to dial, 10 s for the TLS handshake, and 15 s in all. See
    /// [`Timeouts`].
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::{CdnOriginConnector, connector::Timeouts};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example")
    ///     .timeouts(Timeouts::default().dial(Duration::from_secs(2)))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.settings.timeouts = timeouts;
        self
    }

    /// Sets how the dialled name is resolved: resolver, fixed addresses, cache.
    ///
    /// By default, the connector asks the system's resolver, and keeps answers for 5 s. See
    /// [`Dns`].
    ///
    /// ```
    /// use std::net::Ipv4Addr;
    ///
    /// use cdn_origin::{CdnOriginConnector, dial::Dns};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example")
    ///     .dns(Dns::default().resolve_to("origin.example", [Ipv4Addr::LOCALHOST.into()]))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn dns(mut self, dns: Dns) -> Self {
        self.settings.dial.dns = dns;
        self
    }

    /// Sets which address families are dialled, and how addresses race ([RFC 8305]).
    ///
    /// By default, IPv4 and IPv6 addresses race, and attempts start 250 ms apart. See
    /// [`HappyEyeballs`].
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, dial::{HappyEyeballs, IpFamilies}};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example")
    ///     .happy_eyeballs(HappyEyeballs::default().families(IpFamilies::OnlyV4))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    ///
    /// [RFC 8305]: https://www.rfc-editor.org/rfc/rfc8305
    pub fn happy_eyeballs(mut self, settings: HappyEyeballs) -> Self {
        self.settings.dial.happy_eyeballs = settings;
        self
    }

    /// Sets the options of dialled TCP sockets.
    ///
    /// By default, Nagle's algorithm is off, keepalive probes start after 15 s, and all other
    /// options are the system's. A [`transport`](Self::transport) sets its own options. See
    /// [`SocketOptions`].
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, dial::SocketOptions};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example")
    ///     .socket_options(SocketOptions::default().dscp(10))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn socket_options(mut self, options: SocketOptions) -> Self {
        self.settings.dial.socket_options = options;
        self
    }

    /// Sends the client's address to the origin in a PROXY protocol header.
    ///
    /// The default is no header. [`OriginProxy`](crate::OriginProxy) sends the address of each
    /// client, and never gives one client's connection to another client. A connector without a
    /// proxy sends a header without an address, unless it was created [for a
    /// client](crate::CdnOriginConnector::with_client).
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, dial::ProxyProtocol};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example")
    ///     .proxy_protocol(ProxyProtocol::V2)
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn proxy_protocol(mut self, protocol: ProxyProtocol) -> Self {
        self.settings.dial.proxy_protocol = Some(protocol);
        self
    }

    /// Connects only to addresses that this guard allows.
    ///
    /// The default is no guard. The guard checks every address, including those of the URL and of
    /// [`Dns::resolve_to`]. `build()` fails if a [`transport`](Self::transport) or a Unix socket is
    /// set too, because the guard cannot check where they lead.
    ///
    /// ```
    /// # use cdn_origin::{SpkiPin, VerifyPolicy};
    /// use cdn_origin::{CdnOriginConnector, dial::EgressGuard};
    ///
    /// let connector = CdnOriginConnector::any_origin()
    ///     .egress_guard(EgressGuard::deny_private())
    /// #   .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn egress_guard(mut self, guard: EgressGuard) -> Self {
        self.settings.dial.guard = Some(guard);
        self
    }

    /// Dials through this service instead of the resolver and TCP.
    ///
    /// The service can be an egress proxy, such as hyper-util's `Tunnel` or `SocksV5`, or an
    /// in-memory stream in a test. The connector calls it with a URI of `http://`, the dialled host
    /// and the port. It returns a byte stream with hyper's `Read` and `Write`: hyper-util's
    /// `TokioIo` makes one of a stream of tokio. The connector speaks TLS over it if the origin is
    /// an `https` one.
    ///
    /// The transport resolves names itself, so `build()` fails if [`Dns::resolver`] or
    /// [`Dns::resolve_to`] is set too. [`happy_eyeballs`](Self::happy_eyeballs) and
    /// [`socket_options`](Self::socket_options) have no effect.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    /// use hyper_util::client::legacy::connect::{HttpConnector, proxy::Tunnel};
    ///
    /// let proxy = http::Uri::from_static("http://egress.internal:3128");
    /// let connector = CdnOriginConnector::builder("http://origin.example")
    ///     .transport(Tunnel::new(proxy, HttpConnector::new()))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn transport<S>(mut self, service: S) -> Self
    where
        S: Service<Uri> + Clone + Send + Sync + 'static,
        S::Response: rt::Read + rt::Write + Send + Unpin + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
    {
        let service = service
            .map_response(|io| -> Box<dyn TransportIo> { Box::new(io) })
            .map_err(Into::into);
        let service = BoxCloneSyncService::new(service);
        self.settings.dial.transport = Some(Transport::Custom(service));
        self
    }
}
