//! The proxy type: its settings, and the calls that act on its pool.

use std::{fmt, sync::Arc};

use http::{Response, request::Parts};

use crate::{
    connector::CdnOriginConnector,
    error::Error,
    forwarded::ForwardedLayer,
    host_rewrite::HostRewriteLayer,
    origin::Origin,
    pool::{OriginPool, PoolSettings},
    response_rewrite::{PathMap, PathPrefix, ResponseRewriteLayer},
};

use super::{
    Limits, ProxyBody, ProxySnapshot, Upgrades, Via, error_response::DiagnosisDisclosure,
    proxy_settings::ProxySettings,
};

/// A reverse proxy to the origin of a connector, as a `Service`.
///
/// Pass it to axum's `Router::fallback_service` or to another tower host. Its error type is
/// `Infallible`: failures become responses. The [module](super) shows an example and describes what
/// happens to a request. Clones are cheap and share the pool.
///
/// ```
/// use axum::Router;
/// use cdn_origin::{CdnOriginConnector, OriginProxy};
///
/// let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
///     .sni("www.example.com")
///     .build()?;
/// let app: Router = Router::new().fallback_service(OriginProxy::new(connector));
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
///
/// | call | default |
/// |---|---|
/// | [`host_rewrite`](Self::host_rewrite) | the origin's own Host |
/// | [`forwarded`](Self::forwarded) | fields about the client, replacing the client's own |
/// | [`response_rewrite`](Self::response_rewrite) | redirects and cookies get the client's host |
/// | [`pool`](Self::pool) | [`PoolSettings::default`], with the edge's idle timeout |
/// | [`limits`](Self::limits) | [`Limits::default`] |
/// | [`upgrades`](Self::upgrades) | WebSocket |
/// | [`via`](Self::via) | a random pseudonym |
/// | [`map_path`](Self::map_path) | paths pass unchanged |
/// | [`map_request`](Self::map_request), [`map_response`](Self::map_response) | no change |
/// | [`disclose_diagnosis`](Self::disclose_diagnosis) | clients get no diagnosis |
#[derive(Clone)]
#[must_use = "a proxy does nothing until it is called"]
pub struct OriginProxy {
    pub(super) settings: Arc<ProxySettings>,
    pub(super) pool: OriginPool,
}

impl OriginProxy {
    /// Creates a proxy to the connector's origin.
    ///
    /// With a connector for [any origin](CdnOriginConnector::any_origin), the proxy answers 500:
    /// there is no fixed origin, and clients must not choose one.
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
        let pool = ProxySettings::pool_settings(&connector, PoolSettings::default());
        Self {
            settings: Arc::new(ProxySettings::new(&connector)),
            pool: OriginPool::new(connector, pool),
        }
    }

    /// Sets the Host that the origin gets.
    ///
    /// The default is the origin's own: [`CdnOriginBuilder::host`], else the SNI if it was set
    /// explicitly, else the URL's host and port. With [`HostRewriteLayer::preserve`], the client's
    /// Host passes.
    ///
    /// ```
    /// # use cdn_origin::{HostRewriteLayer, OriginProxy};
    /// # let set = |proxy: OriginProxy|
    /// proxy.host_rewrite(HostRewriteLayer::preserve());
    /// ```
    ///
    /// [`CdnOriginBuilder::host`]: crate::connector::CdnOriginBuilder::host
    pub fn host_rewrite(mut self, layer: HostRewriteLayer) -> Self {
        self.settings_mut().set_host_rewrite(layer);
        self
    }

    /// Sets the fields that describe the client to the origin, and the peers to trust.
    ///
    /// The default is `ForwardedLayer::new()`: `X-Forwarded-For`, `-Proto`, `-Host` and
    /// `X-Real-IP`; no peer is trusted. The edge's profile may limit `X-Forwarded-For` if the layer
    /// does not.
    ///
    /// Redirects are rewritten to the scheme that the layer finds. If a load balancer in front
    /// terminates TLS, set the scheme with [`client_scheme`](ForwardedLayer::client_scheme):
    ///
    /// ```
    /// # use cdn_origin::{ForwardedLayer, OriginProxy, origin::Scheme};
    /// # let set = |proxy: OriginProxy|
    /// proxy.forwarded(ForwardedLayer::new().client_scheme(Scheme::Https));
    /// ```
    pub fn forwarded(mut self, layer: ForwardedLayer) -> Self {
        let profile = self.pool.connector().applied_profile();
        Arc::make_mut(&mut self.settings).set_forwarded(layer, profile);
        self
    }

    /// Sets how redirects, cookies and `Alt-Svc` of responses are rewritten.
    ///
    /// The proxy adds the origin's names to the layer. With [`ResponseRewriteLayer::off`],
    /// responses pass unchanged, as with nginx's `proxy_redirect off`.
    ///
    /// ```
    /// # use cdn_origin::{OriginProxy, ResponseRewriteLayer};
    /// # let set = |proxy: OriginProxy|
    /// proxy.response_rewrite(ResponseRewriteLayer::off());
    /// ```
    pub fn response_rewrite(mut self, layer: ResponseRewriteLayer) -> Self {
        self.settings_mut().set_response_rewrite(layer);
        self
    }

    /// Sets the limits of the connection pool.
    ///
    /// The proxy gets a new pool. Clones that were made before keep the old one.
    ///
    /// ```
    /// # use cdn_origin::{OriginProxy, pool::PoolSettings};
    /// # let set = |proxy: OriginProxy|
    /// proxy.pool(PoolSettings::default().max_connections(1000));
    /// ```
    pub fn pool(mut self, settings: PoolSettings) -> Self {
        let settings = ProxySettings::pool_settings(self.pool.connector(), settings);
        self.pool = self.pool.replacement(settings);
        self
    }

    /// Sets the deadlines, sizes and concurrency of requests.
    ///
    /// [`Limits`] lists the defaults, and what happens beyond each limit. The call replaces all
    /// limits. Clones that were made before keep theirs.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cdn_origin::{OriginProxy, proxy::Limits};
    /// # let set = |proxy: OriginProxy|
    /// proxy.limits(Limits::default().request_timeout(Duration::from_secs(60)));
    /// ```
    pub fn limits(mut self, limits: Limits) -> Self {
        let profile = self.pool.connector().applied_profile();
        Arc::make_mut(&mut self.settings).set_limits(limits, profile);
        self
    }

    /// Sets the protocols that clients may switch to, and how long a tunnel may be idle.
    ///
    /// The default is WebSocket, with an idle timeout of 10 minutes.
    ///
    /// ```
    /// # use cdn_origin::{OriginProxy, proxy::Upgrades};
    /// # let set = |proxy: OriginProxy|
    /// proxy.upgrades(Upgrades::none());
    /// ```
    pub fn upgrades(mut self, upgrades: Upgrades) -> Self {
        self.settings_mut().upgrades = upgrades;
        self
    }

    /// Sets the proxy's name in `Via` and `CDN-Loop`, by which it detects loops.
    ///
    /// The default is a random pseudonym in `Via`, and no `CDN-Loop`. A name is also used in
    /// `Proxy-Status`.
    ///
    /// ```
    /// # use cdn_origin::{OriginProxy, proxy::Via};
    /// # fn set(proxy: OriginProxy) -> Result<(), Box<dyn std::error::Error>> {
    /// proxy.via(Via::named("edge-7.example")?.cdn_loop("cdn.example")?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn via(mut self, via: Via) -> Self {
        self.settings_mut().set_via(via);
        self
    }

    /// Replaces a prefix of the client's paths with one of the origin's, and back in responses.
    ///
    /// This is `proxy_pass` with a path in nginx, and `http-request set-path` in HAProxy. The rest
    /// of the path and the query stay as they are. A path without the prefix passes unchanged. If
    /// the call is made several times, the first prefix that matches applies. In redirects and the
    /// `Path` of cookies, the response gets the client's prefix, unless
    /// [`ResponseRewriteLayer::off`] is set.
    ///
    /// A path that the origin could resolve to a place outside of its prefix gets 400: one with a
    /// `..` segment in any encoding, or one that would start with `//`.
    ///
    /// ```
    /// # fn set(proxy: cdn_origin::OriginProxy) -> Result<(), Box<dyn std::error::Error>> {
    /// // `/shop/cart?id=1` becomes `/v2/cart?id=1`.
    /// proxy.map_path("/shop".parse()?, "/v2".parse()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn map_path(mut self, client: PathPrefix, origin: PathPrefix) -> Self {
        let map = PathMap { origin, client };
        self.settings_mut().path_maps.add(map);
        self
    }

    /// Adds a function that changes each request just before it is sent.
    ///
    /// The function runs after the proxy has removed the fields that the client's `Connection`
    /// names, and has added its own. So a client cannot remove a field that the function adds. It
    /// can remove one that a layer in front adds.
    ///
    /// Several functions run in the order of the calls. They may change path and query too. Changes
    /// to Host, `Content-Length`, `Transfer-Encoding`, `Connection`, `TE` and `Upgrade` are undone.
    /// For a recognised edge, its own fields, such as Cloudflare's `CF-Connecting-IP`, are removed
    /// after the functions.
    ///
    /// ```
    /// # let set = |proxy: cdn_origin::OriginProxy, secret: http::HeaderValue|
    /// proxy.map_request(move |parts| {
    ///     parts.headers.insert("x-origin-secret", secret.clone());
    /// });
    /// ```
    pub fn map_request(mut self, function: impl Fn(&mut Parts) + Send + Sync + 'static) -> Self {
        self.settings_mut().request_hooks.add(function);
        self
    }

    /// Adds a function that changes each response just before the client gets it.
    ///
    /// The function gets the origin's responses, and the proxy's own, which have the [`Error`] in
    /// their extensions. Several functions run in the order of the calls. Whatever they return, the
    /// error stays in the extensions, and a response to HEAD gets no content. Responses that switch
    /// protocols skip the functions.
    ///
    /// For error pages, use [`problem_details`] and [`replace_content`]. If an
    /// [`OriginGroup`](crate::group::OriginGroup) has no member for a request, its response skips
    /// the function: put tower's `map_response` around the group.
    ///
    /// ```
    /// # let set = |proxy: cdn_origin::OriginProxy|
    /// proxy.map_response(|mut response| {
    ///     response.headers_mut().remove("x-powered-by");
    ///     response
    /// });
    /// ```
    ///
    /// [`problem_details`]: super::problem_details
    /// [`replace_content`]: super::replace_content
    pub fn map_response(
        mut self,
        function: impl Fn(Response<ProxyBody>) -> Response<ProxyBody> + Send + Sync + 'static,
    ) -> Self {
        self.settings_mut().response_hooks.add(function);
        self
    }

    /// Sends clients the likeliest cause of a failure and its fix.
    ///
    /// By default, a diagnosis is only in the log and in the response's extensions. With this call,
    /// it is also in the `details` of `Proxy-Status` ([RFC 9209 section 2.1.5]), in the proxy's
    /// errors and the edge's. Use it for staging, or if a layer in front removes the field. Fixes
    /// contain names of your configuration, and maybe the hash of a public key to pin, but no IP
    /// address, field value or path.
    ///
    /// ```
    /// # let set = |proxy: cdn_origin::OriginProxy|
    /// proxy.disclose_diagnosis();
    /// ```
    ///
    /// [RFC 9209 section 2.1.5]: https://www.rfc-editor.org/rfc/rfc9209#section-2.1.5
    pub fn disclose_diagnosis(mut self) -> Self {
        self.settings_mut().disclosure = DiagnosisDisclosure::Disclosed;
        self
    }

    /// Undoes `disclose_diagnosis`.
    #[cfg(feature = "serde")]
    pub(crate) fn conceal_diagnosis(mut self) -> Self {
        self.settings_mut().disclosure = DiagnosisDisclosure::Hidden;
        self
    }

    /// Returns the current gauges and counters of the proxy and its pool.
    ///
    /// ```
    /// # let log = |proxy: cdn_origin::OriginProxy|
    /// println!("{} connections are open", proxy.snapshot().pool.open);
    /// ```
    #[must_use]
    pub fn snapshot(&self) -> ProxySnapshot {
        ProxySnapshot::new(self.pool.snapshot(), self.settings.queue.snapshot())
    }

    /// Opens [`PoolSettings::min_idle`] connections in advance, at least one.
    ///
    /// From then on, the pool keeps that minimum open while requests arrive. While the origin
    /// cannot be reached, the pool tries again with growing pauses.
    ///
    /// # Errors
    ///
    /// The future resolves to the error of the first connect that fails, so you learn of a wrong
    /// name before the first request. With the [PROXY protocol](crate::dial::ProxyProtocol), it
    /// always fails with [`PrewarmUnsupported`](crate::ErrorKind::PrewarmUnsupported).
    ///
    /// ```no_run
    /// # async fn start(proxy: cdn_origin::OriginProxy) -> Result<(), cdn_origin::Error> {
    /// proxy.prewarm().await
    /// # }
    /// ```
    pub fn prewarm(&self) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        self.pool.clone().prewarm()
    }

    /// Retires all open connections: idle ones close now, others after their current requests.
    ///
    /// New requests open new connections. Call this after a change at the origin or in the network.
    ///
    /// ```
    /// # let reload = |proxy: cdn_origin::OriginProxy|
    /// proxy.retire_connections();
    /// ```
    pub fn retire_connections(&self) {
        self.pool.retire();
    }

    /// Stops accepting requests, for a shutdown, and waits for those in flight.
    ///
    /// From this call on, the proxy and its clones answer new requests with 503. The future
    /// resolves when the bodies of all requests and responses have ended or were dropped, and the
    /// tunnels of all upgrades have closed. No request is cut off: put a timeout around the future.
    /// A tunnel whose sides send pings may last forever, unless
    /// [`close_tunnels`](Self::close_tunnels) ends it. Dropping the future does not undo the drain.
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
    /// An upgrade in progress is closed as soon as it becomes a tunnel. Later upgrades are not
    /// affected: to refuse them, call [`drain`](Self::drain).
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
            .field("snapshot", &self.snapshot())
            .finish()
    }
}
