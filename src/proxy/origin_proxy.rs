//! The proxy type: its settings, and the calls that act on its pool.

use std::{fmt, sync::Arc};

use http::request::Parts;

use crate::{
    connector::CdnOriginConnector,
    error::Error,
    forwarded::ForwardedLayer,
    host_rewrite::HostRewriteLayer,
    origin::{Origin, Scheme},
    pool::{OriginPool, PoolSettings, PoolSnapshot},
    response_rewrite::ResponseRewriteLayer,
};

use super::{
    Limits, LoadSnapshot, Upgrades, Via, error_response::DiagnosisDisclosure,
    settings::ProxySettings,
};

/// A reverse proxy to the origin of a connector: a `Service` that never fails.
///
/// Give it to axum's `Router::fallback_service`, or to any other tower host. The [module](super)
/// shows an example, and describes what happens to a request. Clones are cheap and share the pool.
///
/// | call | default |
/// |---|---|
/// | [`host_rewrite`] | the origin's own Host |
/// | [`forwarded`] | `X-Forwarded-For`, `-Host`, `-Proto` and `X-Real-IP`, replacing clients' own |
/// | [`response_rewrite`] | redirects and cookies of the origin get the client's host |
/// | [`client_scheme`] | `http`, unless a [`ClientConnection`] is known |
/// | [`pool`] | [`PoolSettings::default`], with the idle timeout of the edge's profile |
/// | [`limits`] | [`Limits::default`] |
/// | [`upgrades`] | [`Upgrades::websocket`] |
/// | [`via`] | a random pseudonym |
/// | [`map_request`] | no change |
/// | [`disclose_diagnosis`] | clients get no diagnosis |
///
/// [`ClientConnection`]: super::ClientConnection
/// [`client_scheme`]: Self::client_scheme
/// [`disclose_diagnosis`]: Self::disclose_diagnosis
/// [`forwarded`]: Self::forwarded
/// [`host_rewrite`]: Self::host_rewrite
/// [`limits`]: Self::limits
/// [`map_request`]: Self::map_request
/// [`pool`]: Self::pool
/// [`response_rewrite`]: Self::response_rewrite
/// [`upgrades`]: Self::upgrades
/// [`via`]: Self::via
#[derive(Clone)]
#[must_use = "a proxy does nothing until it is called"]
pub struct OriginProxy {
    pub(super) settings: Arc<ProxySettings>,
    pub(super) pool: OriginPool,
}

impl OriginProxy {
    /// Makes a proxy to the connector's origin.
    ///
    /// A connector for [any origin](CdnOriginConnector::any_origin) has no fixed origin, and
    /// clients must not choose one: such a proxy answers 500.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy};
    ///
    /// let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net").build()?;
    /// let proxy = OriginProxy::new(connector);
    /// # drop(proxy);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn new(connector: CdnOriginConnector) -> Self {
        let pool = ProxySettings::pool_settings(&connector);
        Self {
            settings: Arc::new(ProxySettings::new(&connector)),
            pool: OriginPool::new(connector, pool),
        }
    }

    /// Sets the Host that the origin gets.
    ///
    /// The default is the origin's own: [`CdnOriginBuilder::host`], else its SNI, else its URL.
    /// With [`HostRewriteLayer::preserve`], the client's Host passes.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, HostRewriteLayer, OriginProxy};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let proxy = OriginProxy::new(connector).host_rewrite(HostRewriteLayer::preserve());
    /// # drop(proxy);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    ///
    /// [`CdnOriginBuilder::host`]: crate::connector::CdnOriginBuilder::host
    pub fn host_rewrite(mut self, layer: HostRewriteLayer) -> Self {
        self.settings_mut().set_host_rewrite(layer);
        self
    }

    /// Sets the fields that describe the client to the origin, and whose claims are trusted.
    ///
    /// The default is `ForwardedLayer::new()`: `X-Forwarded-For`, `-Proto`, `-Host` and
    /// `X-Real-IP`, and no claim is trusted. A limit of the edge's profile for `X-Forwarded-For`
    /// applies, unless the layer has one.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, ForwardedLayer, OriginProxy};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let proxy = OriginProxy::new(connector).forwarded(ForwardedLayer::new());
    /// # drop(proxy);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn forwarded(mut self, layer: ForwardedLayer) -> Self {
        let profile = self.pool.connector().profile();
        Arc::make_mut(&mut self.settings).set_forwarded(layer, profile);
        self
    }

    /// Sets how redirects, cookies and `Alt-Svc` of responses are rewritten.
    ///
    /// The names of the origin are added to the layer. [`ResponseRewriteLayer::off`] lets responses
    /// pass unchanged, as nginx's `proxy_redirect off` does.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, ResponseRewriteLayer};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let proxy = OriginProxy::new(connector).response_rewrite(ResponseRewriteLayer::off());
    /// # drop(proxy);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn response_rewrite(mut self, layer: ResponseRewriteLayer) -> Self {
        self.settings_mut().set_response_rewrite(layer);
        self
    }

    /// Sets the scheme of clients, where no [`ClientConnection`](super::ClientConnection) has it.
    ///
    /// The default is `http`. Set `https` if a load balancer in front terminates TLS. The origin
    /// gets the scheme in `X-Forwarded-Proto`, and redirects are rewritten to it.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, origin::Scheme};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let proxy = OriginProxy::new(connector).client_scheme(Scheme::Https);
    /// # drop(proxy);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn client_scheme(mut self, scheme: Scheme) -> Self {
        self.settings_mut().client_scheme = Some(scheme);
        self
    }

    /// Sets the limits of the connection pool.
    ///
    /// The proxy gets a new pool. Clones that were made before keep the old one.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, pool::PoolSettings};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let settings = PoolSettings::default().max_connections(1000);
    /// let proxy = OriginProxy::new(connector).pool(settings);
    /// # drop(proxy);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn pool(mut self, settings: PoolSettings) -> Self {
        self.pool = OriginPool::new(self.pool.connector().clone(), settings);
        self
    }

    /// Sets the deadlines, sizes and concurrency of requests.
    ///
    /// [`Limits`] lists the defaults, and what happens beyond each limit. The call replaces all
    /// limits. Clones that were made before keep theirs.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::Limits};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let limits = Limits::default().request_timeout(Duration::from_secs(60));
    /// let proxy = OriginProxy::new(connector).limits(limits);
    /// # drop(proxy);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn limits(mut self, limits: Limits) -> Self {
        let profile = self.pool.connector().profile();
        Arc::make_mut(&mut self.settings).set_limits(limits, profile);
        self
    }

    /// Sets the protocols that clients may switch to, and how long a tunnel may be idle.
    ///
    /// The default is WebSocket, and 10 minutes.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::Upgrades};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let proxy = OriginProxy::new(connector).upgrades(Upgrades::none());
    /// # drop(proxy);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn upgrades(mut self, upgrades: Upgrades) -> Self {
        self.settings_mut().upgrades = upgrades;
        self
    }

    /// Sets how requests are signed in `Via` and `CDN-Loop`, and so how loops are detected.
    ///
    /// The default is a random pseudonym in `Via`, and no `CDN-Loop`. A named proxy uses its name
    /// in `Proxy-Status` too.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::Via};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let via = Via::named("edge-7.example".parse()?).cdn_loop("cdn.example".parse()?);
    /// let proxy = OriginProxy::new(connector).via(via);
    /// # drop(proxy);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn via(mut self, via: Via) -> Self {
        self.settings_mut().set_via(via);
        self
    }

    /// Adds a function that changes each request just before it is sent.
    ///
    /// The function runs after the fields that the client's `Connection` names were removed and
    /// after the proxy's own fields were added. So a field that is added here reaches the origin; a
    /// client can remove one that a layer in front adds. Several functions run in their order. They
    /// may change path and query too. The Host and the framing stay the proxy's: changes to
    /// `Content-Length`, `Transfer-Encoding`, `Connection`, `TE` and `Upgrade` are undone.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy};
    /// use http::HeaderValue;
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let proxy = OriginProxy::new(connector).map_request(|parts| {
    ///     let secret = HeaderValue::from_static("only the origin knows");
    ///     parts.headers.insert("x-origin-secret", secret);
    /// });
    /// # drop(proxy);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn map_request(mut self, function: impl Fn(&mut Parts) + Send + Sync + 'static) -> Self {
        self.settings_mut().request_hooks.add(function);
        self
    }

    /// Sends clients the likeliest cause of a failure and its fix.
    ///
    /// By default, a diagnosis is in the log and in the response's extensions only. With this call
    /// it is also in the `details` of `Proxy-Status` ([RFC 9209 section 2.1.5]): for the proxy's
    /// own errors, and for the error responses of an edge that pass. Use it for staging, or where a
    /// layer in front removes the field. Fixes contain names of your configuration, and maybe the
    /// hash of a public key to pin. They contain no IP address, no field value and no path.
    ///
    /// ```text
    /// proxy-status: cdn-origin;error=tls_alert_received;alert-id=40;
    ///     alert-message="handshake_failure";
    ///     details="SniNotServed, likely; fix: .sni(\"www.example.com\")"
    /// ```
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, OriginProxy};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let proxy = OriginProxy::new(connector).disclose_diagnosis();
    /// # drop(proxy);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    ///
    /// [RFC 9209 section 2.1.5]: https://www.rfc-editor.org/rfc/rfc9209#section-2.1.5
    pub fn disclose_diagnosis(mut self) -> Self {
        self.settings_mut().disclosure = DiagnosisDisclosure::Disclosed;
        self
    }

    /// Returns the state of the pool: its connections, and what happened to them.
    ///
    /// ```
    /// # let log = |proxy: cdn_origin::OriginProxy|
    /// println!("{:?}", proxy.pool_snapshot());
    /// ```
    #[must_use]
    pub fn pool_snapshot(&self) -> PoolSnapshot {
        self.pool.snapshot()
    }

    /// Returns how many requests are admitted, wait and were refused.
    ///
    /// ```
    /// # let log = |proxy: cdn_origin::OriginProxy|
    /// println!("{:?}", proxy.load_snapshot());
    /// ```
    #[must_use]
    pub fn load_snapshot(&self) -> LoadSnapshot {
        self.settings.queue.snapshot()
    }

    /// Opens [`PoolSettings::min_idle`] connections in advance, at least one.
    ///
    /// From then on, the pool keeps that minimum ready while requests come. While the origin cannot
    /// be reached, it tries with growing pauses.
    ///
    /// # Errors
    ///
    /// The future resolves to the error of the first connect that fails. So a wrong name shows
    /// before the first request. With the [PROXY protocol](crate::dial::ProxyProtocol), [none can
    /// be opened](crate::ErrorKind::PrewarmUnsupported).
    ///
    /// ```no_run
    /// # async fn start(proxy: cdn_origin::OriginProxy) -> Result<(), cdn_origin::Error> {
    /// proxy.prewarm().await
    /// # }
    /// ```
    pub fn prewarm(&self) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        self.pool.clone().prewarm()
    }

    /// Retires all present connections: idle ones close now, others after their current requests.
    ///
    /// New requests open new connections. Call this when something changed at the origin or on the
    /// way to it.
    ///
    /// ```
    /// # let reload = |proxy: cdn_origin::OriginProxy|
    /// proxy.retire_connections();
    /// ```
    pub fn retire_connections(&self) {
        self.pool.retire();
    }

    /// Stops accepting requests, for a shutdown, and waits for those that run.
    ///
    /// From this call on, all clones answer new requests with 503. The future resolves when the
    /// bodies of all requests and responses have ended, or were dropped, and all tunnels of
    /// upgrades have closed. No request is cut off: put a timeout around the future. A tunnel whose
    /// sides send pings may last forever, unless [`close_tunnels`](Self::close_tunnels) ends it.
    /// Dropping the future does not undo the drain.
    ///
    /// ```
    /// # async fn shut_down(proxy: cdn_origin::OriginProxy) {
    /// let (drained, ()) = (proxy.drain(), proxy.close_tunnels());
    /// let _ = tokio::time::timeout(std::time::Duration::from_secs(30), drained).await;
    /// # }
    /// ```
    pub fn drain(&self) -> impl Future<Output = ()> + Send + use<> {
        self.pool.close();
        self.pool.clone().drained()
    }

    /// Closes all tunnels of upgrades, on both sides and at once.
    ///
    /// An upgrade that is under way is closed as soon as it is a tunnel. Later upgrades are not
    /// affected: [`drain`](Self::drain) refuses them.
    ///
    /// ```
    /// # let shut_down = |proxy: cdn_origin::OriginProxy|
    /// proxy.close_tunnels();
    /// ```
    pub fn close_tunnels(&self) {
        self.pool.close_tunnels();
    }

    /// Requests in flight, from their call to the end of both bodies. Takes no lock.
    pub(crate) fn in_flight(&self) -> usize {
        self.pool.in_flight()
    }

    /// The origin with its four names; absent without a fixed origin.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.settings.origin.as_deref()
    }

    /// The pool, whose retry budget bounds failover to another origin.
    pub(crate) fn origin_pool(&self) -> &OriginPool {
        &self.pool
    }

    fn settings_mut(&mut self) -> &mut ProxySettings {
        Arc::make_mut(&mut self.settings)
    }
}

impl fmt::Debug for OriginProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginProxy")
            .field("settings", &self.settings)
            .field("pool", &self.pool_snapshot())
            .finish()
    }
}
