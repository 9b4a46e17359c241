//! The proxy as a service, and its settings.

use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, Once},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::BoxError;
use tower_service::Service;

use crate::{
    connector::{AppliedProfile, CdnOriginConnector},
    forwarded::ForwardedLayer,
    host_rewrite::HostRewriteLayer,
    origin::{Origin, Scheme},
    pool::{OriginPool, PoolSettings, PoolSnapshot, Retrying},
    response_rewrite::ResponseRewriteLayer,
};

use super::{
    Draining, Prewarming, ProxyBody, Proxying, Upgrades,
    answer::answer,
    downstream_body,
    edge_limits::EdgeLimits,
    exposure::Exposure,
    forward::Settings,
    grpc,
    hops::Hops,
    limits::{Limits, at_least_a_moment},
    log::{self, LoggedByGroup},
    queue::Queue,
    request_map::RequestMap,
    status::Identity,
};

/// A reverse proxy to the origin of a connector. A `Service` that never fails, for
/// `Router::fallback_service` and its like.
///
/// See the [module](super) for an example and for what it does to a request. Clones are cheap and
/// share the pool.
///
/// | call | default |
/// |---|---|
/// | [`host_rewrite`](Self::host_rewrite) | the origin's own Host |
/// | [`forwarded`](Self::forwarded) | `X-Forwarded-For`, `-Host`, `-Proto` and `X-Real-IP`; what clients claim is replaced |
/// | [`response_rewrite`](Self::response_rewrite) | redirects and cookies of the origin get the client's name |
/// | [`client_scheme`](Self::client_scheme) | `http`, unless a [`ClientConnection`](super::ClientConnection) says otherwise |
/// | [`pool`](Self::pool) | see [`PoolSettings`] |
/// | [`upgrades`](Self::upgrades) | WebSocket |
/// | [`via`](Self::via) | a name made up for this proxy and its clones |
/// | [`cdn_loop`](Self::cdn_loop) | none |
/// | [`map_request`](Self::map_request) | no change |
/// | [`expose_diagnosis`](Self::expose_diagnosis) | clients are told no causes |
///
/// What bounds a request, and what becomes of one that goes beyond. The error types are those of
/// `Proxy-Status` (RFC 9209 section 2.3):
///
/// | call | default | status | error type |
/// |---|---|---|---|
/// | [`response_timeout`](Self::response_timeout) | 60 s | 504 | `http_response_timeout` |
/// | [`body_idle_timeout`](Self::body_idle_timeout), the client's body | 60 s | 408 | `http_request_error` |
/// | [`body_idle_timeout`](Self::body_idle_timeout), the origin's body | 60 s | the response is aborted | |
/// | [`unread_timeout`](Self::unread_timeout), what the client does not read | 5 min | the response is aborted | |
/// | [`request_timeout`](Self::request_timeout) | none | 504, or the response is aborted | `http_response_timeout` |
/// | [`upgrade_idle_timeout`](Self::upgrade_idle_timeout) | 10 min | the tunnel is closed | |
/// | [`max_request_body`](Self::max_request_body) | none | 413 | `http_request_error` |
/// | [`max_request_head`](Self::max_request_head) | the server's, and the dialled [edge's](crate::connector::AppliedProfile) | 431 | `http_request_error` |
/// | the path and query of a request | the dialled [edge's](crate::connector::AppliedProfile) | 414 | `http_request_error` |
/// | [`max_request_fields`](Self::max_request_fields) | the server's | 431 | `http_request_error` |
/// | [`PoolSettings::max_response_head`] | 128 KiB | 502 | `http_response_header_section_size`; over HTTP/2 `http_protocol_error` |
/// | [`max_concurrency`](Self::max_concurrency) | none | 503 | `connection_limit_reached` |
/// | [`max_queued`](Self::max_queued) | 64 | 503 | `connection_limit_reached` |
/// | [`queue_timeout`](Self::queue_timeout) | 10 s | 503 | `connection_limit_reached` |
/// | [`PoolSettings::queue_timeout`] | 10 s | 503 | `connection_limit_reached` |
///
/// A gRPC call is told in trailers alone: `grpc-status` is 14 (UNAVAILABLE) for 502 and 503, 4
/// (DEADLINE_EXCEEDED) for 504, 13 (INTERNAL) for 400 and otherwise 2 (UNKNOWN).
///
/// Connecting has deadlines of its own: see
/// [`CdnOriginBuilder`](crate::connector::CdnOriginBuilder).
#[derive(Clone)]
#[must_use = "a proxy does nothing until it is called"]
pub struct OriginProxy {
    pub(super) settings: Arc<Settings>,
    pub(super) pool: OriginPool,
}

impl OriginProxy {
    /// A proxy to the connector's origin.
    ///
    /// A connector for [any origin](CdnOriginConnector::any_origin) names none, and a client must
    /// not: such a proxy answers 500.
    pub fn new(connector: CdnOriginConnector) -> Self {
        let profile = connector.profile();
        let pool = PoolSettings::default();
        let pool = match profile.and_then(AppliedProfile::idle_timeout) {
            Some(time) => pool.idle_timeout(time),
            None => pool,
        };
        let forwarded = bounded(ForwardedLayer::new(), profile);
        let edge_limits = profile.map(EdgeLimits::of);
        let origin = connector.shared_origin().cloned();
        let host_rewrite = match &origin {
            Some(origin) => HostRewriteLayer::to_authority(origin.host().clone()),
            None => HostRewriteLayer::preserve(),
        };
        let response_rewrite = origin
            .as_deref()
            .map(|origin| ResponseRewriteLayer::new().origin(origin));
        Self {
            settings: Arc::new(Settings {
                origin,
                host_rewrite,
                forwarded,
                response_rewrite,
                client_scheme: None,
                response_timeout: Duration::from_secs(60),
                upgrades: Upgrades::default(),
                upgrade_idle_timeout: Duration::from_secs(600),
                no_address: Arc::new(Once::new()),
                no_scheme: Arc::new(Once::new()),
                hops: Hops::default(),
                identity: Identity::default(),
                limits: Limits::default(),
                edge_limits,
                queue: Queue::default(),
                request_map: RequestMap::default(),
                exposure: Exposure::default(),
            }),
            pool: OriginPool::new(connector, pool),
        }
    }

    /// Which Host the origin is told.
    pub fn host_rewrite(mut self, layer: HostRewriteLayer) -> Self {
        Arc::make_mut(&mut self.settings).host_rewrite = layer;
        self
    }

    /// Which fields tell the origin who the client is, and whose claims are kept.
    pub fn forwarded(mut self, layer: ForwardedLayer) -> Self {
        let profile = self.pool.connector().profile();
        Arc::make_mut(&mut self.settings).forwarded = bounded(layer, profile);
        self
    }

    /// How responses are rewritten. The names of the origin need not be given.
    /// [`ResponseRewriteLayer::off`] lets redirects, cookies and `Alt-Svc` of the origin pass as they
    /// are.
    pub fn response_rewrite(mut self, layer: ResponseRewriteLayer) -> Self {
        let settings = Arc::make_mut(&mut self.settings);
        settings.response_rewrite = match &settings.origin {
            _ if layer.is_off() => None,
            Some(origin) => Some(layer.origin(origin)),
            None => Some(layer),
        };
        self
    }

    /// Lets redirects, cookies and `Alt-Svc` of the origin pass as they are.
    pub fn keep_responses(mut self) -> Self {
        Arc::make_mut(&mut self.settings).response_rewrite = None;
        self
    }

    /// What clients speak to the server in front of this proxy, where no
    /// [`ClientConnection`](super::ClientConnection) says so: `https` behind something that
    /// terminates TLS.
    pub fn client_scheme(mut self, scheme: Scheme) -> Self {
        Arc::make_mut(&mut self.settings).client_scheme = Some(scheme);
        self
    }

    /// The origin's name in log events; absent without a fixed origin.
    pub(crate) fn origin(&self) -> Option<&Origin> {
        self.settings.origin.as_deref()
    }

    /// Whether a request that failed here may be sent to another origin, as far as the retry budget
    /// allows. The retry lasts until the returned guard is dropped.
    pub(crate) fn begin_retry(&self) -> Option<Retrying> {
        self.pool.begin_retry()
    }

    /// The limits of the pool. Clones that were made before keep the pool that they have.
    pub fn pool(mut self, settings: PoolSettings) -> Self {
        self.pool = OriginPool::new(self.pool.connector().clone(), settings);
        self
    }

    /// What the pool looks like now.
    #[must_use]
    pub fn pool_snapshot(&self) -> PoolSnapshot {
        self.pool.snapshot()
    }

    /// Opens [`PoolSettings::min_idle`] connections in advance, but one at least, and keeps that
    /// minimum ready from then on while requests come. While the origin refuses, it is asked ever
    /// more rarely.
    ///
    /// # Errors
    ///
    /// The future resolves to the error of the first connect that fails: a wrong name is known
    /// before the first client comes.
    pub fn prewarm(&self) -> Prewarming {
        Prewarming::new(self.pool.clone().prewarm())
    }

    /// Lets go of all present connections: idle ones close now, busy ones after what they carry.
    /// New requests open new ones, so that what changed at the origin, or on the way there, is
    /// noticed.
    pub fn retire_connections(&self) {
        self.pool.retire();
    }

    /// Ends the service of requests, for a shutdown: from this call on, new requests are answered
    /// 503 on all clones. The future resolves when the bodies of all responses have ended, or were
    /// given up by their clients, and the tunnels of all upgrades with them: one whose sides send
    /// pings may go on for ever, unless [`close_tunnels`](Self::close_tunnels) ends it. No request
    /// is cut off: whoever cannot wait for ever puts a deadline around the future.
    ///
    /// ```
    /// # async fn shut_down(proxy: cdn_origin::OriginProxy) {
    /// use std::time::Duration;
    ///
    /// let drained = proxy.drain();
    /// proxy.close_tunnels();
    /// let drained = tokio::time::timeout(Duration::from_secs(30), drained).await;
    /// if drained.is_err() {
    ///     println!("{} requests did not end in time", proxy.pool_snapshot().active());
    /// }
    /// # }
    /// ```
    pub fn drain(&self) -> Draining {
        self.pool.close();
        Draining::new(self.pool.clone().drained())
    }

    /// Closes all tunnels of upgrades, on both sides and in the middle of what passes in them; one
    /// that a client has asked for by now is closed as soon as it stands. Later ones are not
    /// concerned: [`drain`](Self::drain) is what lets no more begin.
    pub fn close_tunnels(&self) {
        self.pool.close_tunnels();
    }

    /// Which protocols clients may switch to.
    pub fn upgrades(mut self, upgrades: Upgrades) -> Self {
        Arc::make_mut(&mut self.settings).upgrades = upgrades;
        self
    }

    /// A tunnel in which no byte moved for so long, either way, is closed. Applications that are
    /// silent for longer send pings. Zero counts as one millisecond.
    pub fn upgrade_idle_timeout(mut self, time: Duration) -> Self {
        Arc::make_mut(&mut self.settings).upgrade_idle_timeout = at_least_a_moment(time);
        self
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

impl<B> Service<Request<B>> for OriginProxy
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    type Response = Response<ProxyBody>;
    type Error = Infallible;
    type Future = Proxying;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let Self { settings, pool } = self.clone();
        let logged_by_group = request.extensions_mut().remove::<LoggedByGroup>();
        let version = request.version();
        let method = request.method().clone();
        let limits = &settings.limits;
        let call = grpc::Call::of(&request);
        let request = request.map(|body| downstream_body::within(limits, body));
        let prepared = settings.prepare(request);
        Proxying::new(async move {
            let outcome = match prepared {
                Ok(Some(ready)) => settings.forward_in_time(&pool, ready).await,
                Ok(None) => Ok(Response::new(ProxyBody::own(Bytes::new()))),
                Err(error) => Err(error),
            };
            let mut response = match outcome {
                Ok(response) => response,
                Err(error) => {
                    if logged_by_group.is_none() {
                        log::answered(&error);
                    }
                    let answer = answer(&settings.identity, error, &method, settings.exposure);
                    match call {
                        Some(call) => call.answer(answer),
                        None => answer,
                    }
                }
            };
            // The two sides speak versions of their own.
            *response.version_mut() = version;
            response
        })
    }
}

/// The layer, which the profile bounds where nobody else does.
fn bounded(layer: ForwardedLayer, profile: Option<&AppliedProfile>) -> ForwardedLayer {
    match profile.and_then(AppliedProfile::forwarded_for_limit) {
        Some(bytes) => layer.max_chain_unless_set(bytes),
        None => layer,
    }
}
