//! The assembly: what happens to a request, in order.

use std::{
    collections::VecDeque,
    convert::Infallible,
    fmt,
    sync::{Arc, Once},
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response, StatusCode, Uri, request::Parts, uri::PathAndQuery};
use http_body::Body;
use hyper::body::Incoming;
use tower::BoxError;
use tower_service::Service;

use crate::{
    connector::CdnOriginConnector,
    diagnosis::{Cause, Certainty, Diagnosis, ResponseEvidence},
    error::{Error, ErrorKind, Facts, Fault, Stage},
    host_rewrite::{HostRewriteLayer, Rewritten},
    name::HostAuthority,
    origin::{Origin, Scheme},
    pool::{Lease, OriginPool, PoolSettings, PoolSnapshot, RequestBody, Target},
};

use super::{
    ProxyBody, Proxying, answer::answer, body::OriginBody, client_connection::Told, forwarded,
    hop_by_hop, message, peek,
};

/// A reverse proxy to the origin of a connector. A `Service` that never fails, for `Router::fallback_service` and its like.
///
/// See the [module](super) for an example and for what it does to a request. Clones are cheap and share the pool.
///
/// | call | default |
/// |---|---|
/// | [`host_rewrite`](Self::host_rewrite) | the origin's own Host |
/// | [`client_scheme`](Self::client_scheme) | `http`, unless a [`ClientConnection`](super::ClientConnection) says otherwise |
/// | [`pool`](Self::pool) | see [`PoolSettings`] |
/// | [`response_timeout`](Self::response_timeout) | 60 s |
#[derive(Clone)]
#[must_use = "a proxy does nothing until it is called"]
pub struct OriginProxy {
    settings: Arc<Settings>,
    pool: OriginPool,
}

#[derive(Clone, Debug)]
struct Settings {
    /// Absent if the connector has no fixed origin: nobody has said where requests shall go.
    origin: Option<Arc<Origin>>,
    host_rewrite: HostRewriteLayer,
    client_scheme: Scheme,
    response_timeout: Duration,
    /// Said once that visitors' addresses are not known.
    no_address: Arc<Once>,
}

impl OriginProxy {
    /// A proxy to the connector's origin.
    ///
    /// A connector for [any origin](CdnOriginConnector::any_origin) names none, and a visitor must not: such a proxy answers 500.
    pub fn new(connector: CdnOriginConnector) -> Self {
        let origin = connector.shared_origin().cloned();
        let host_rewrite = match &origin {
            Some(origin) => HostRewriteLayer::to_parsed(origin.host().clone()),
            None => HostRewriteLayer::preserve(),
        };
        Self {
            settings: Arc::new(Settings {
                origin,
                host_rewrite,
                client_scheme: Scheme::Http,
                response_timeout: Duration::from_secs(60),
                no_address: Arc::new(Once::new()),
            }),
            pool: OriginPool::new(connector, PoolSettings::default()),
        }
    }

    /// Which Host the origin is told.
    pub fn host_rewrite(mut self, layer: HostRewriteLayer) -> Self {
        Arc::make_mut(&mut self.settings).host_rewrite = layer;
        self
    }

    /// What visitors speak to the server in front of this proxy, where no
    /// [`ClientConnection`](super::ClientConnection) says so: `https` behind something that terminates TLS.
    pub fn client_scheme(mut self, scheme: Scheme) -> Self {
        Arc::make_mut(&mut self.settings).client_scheme = scheme;
        self
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

    /// Bounds the wait for the head of the response, once the request has a connection. While the request's body is still moving,
    /// the wait starts anew.
    pub fn response_timeout(mut self, deadline: Duration) -> Self {
        Arc::make_mut(&mut self.settings).response_timeout = deadline;
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

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self { settings, pool } = self.clone();
        let version = request.version();
        let request = request.map(RequestBody::new);
        Proxying::new(async move {
            let mut response = match settings.forward(&pool, request).await {
                Ok(response) => response,
                Err(error) => {
                    log(&error);
                    answer(error)
                }
            };
            // The two sides speak versions of their own.
            *response.version_mut() = version;
            response
        })
    }
}

impl Settings {
    async fn forward(
        &self,
        pool: &OriginPool,
        request: Request<RequestBody>,
    ) -> Result<Response<ProxyBody>, Error> {
        let Some(origin) = &self.origin else {
            return Err(refused(ErrorKind::UnsupportedUri));
        };
        let (mut parts, body) = request.into_parts();
        let host = self.rewrite(&mut parts)?;
        message::frame(&mut parts, &body);
        let target = target(&parts.uri, origin, &host);
        let request = Request::from_parts(parts, body);
        let outcome = pool.send(request, &target, self.response_timeout).await;
        let (response, lease) = outcome.map_err(|error| error.about(host.clone(), origin))?;
        match unusable(&response) {
            None => Ok(pass(response, lease, origin, &host).await),
            Some(kind) => {
                let facts = lease.info().facts().clone();
                Err(Error::new(kind, Stage::Receive, facts).about(host, origin))
            }
        }
    }

    /// Makes of the visitor's request the one that goes to the origin.
    fn rewrite(&self, parts: &mut Parts) -> Result<HostAuthority, Error> {
        message::check(parts)?;
        let Rewritten { visitor, name } = self.host_rewrite.apply(parts)?;
        let told = Told::in_extensions(&parts.extensions);
        if told.address.is_none() {
            self.no_address.call_once(|| {
                tracing::warn!(
                    "visitors' addresses are not known, so X-Forwarded-For and X-Real-IP are not sent: serve the router by \
                     `into_make_service_with_connect_info::<SocketAddr>()`, or put a `ClientConnection` into the extensions"
                );
            });
        }
        let visitor = forwarded::Visitor {
            address: told.address,
            scheme: told.scheme.unwrap_or(self.client_scheme),
            host: visitor,
        };
        hop_by_hop::remove_from_request(&mut parts.headers);
        forwarded::write(&mut parts.headers, &visitor);
        message::join_cookies(&mut parts.headers);
        Ok(name)
    }
}

/// A response that must not be passed on.
fn unusable(response: &Response<Incoming>) -> Option<ErrorKind> {
    // Nothing was asked to be switched to.
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Some(ErrorKind::HttpProtocol);
    }
    message::has_foreign_coding(response.headers()).then_some(ErrorKind::HttpProtocol)
}

async fn pass(
    response: Response<Incoming>,
    lease: Lease,
    origin: &Origin,
    host: &HostAuthority,
) -> Response<ProxyBody> {
    let (mut parts, body) = response.into_parts();
    parts.extensions.insert(lease.info().clone());
    let mut body = OriginBody {
        read_ahead: VecDeque::new(),
        rest: body,
        lease: Some(lease),
    };
    body.finish_at_end(false);
    let (body, diagnosis) = examine(&parts, body, origin, host).await;
    if let Some(diagnosis) = diagnosis {
        log_refusal(parts.status, &diagnosis);
        parts.extensions.insert(diagnosis);
    }
    hop_by_hop::remove(&mut parts.headers);
    Response::from_parts(parts, ProxyBody::origin(body))
}

/// Looks whether the response is an edge's refusal. Its bytes stay as they are.
async fn examine(
    parts: &http::response::Parts,
    body: OriginBody,
    origin: &Origin,
    host: &HostAuthority,
) -> (OriginBody, Option<Diagnosis>) {
    let evidence = ResponseEvidence::new(origin, host, parts.status, &parts.headers);
    if !evidence.wants_body() {
        let diagnosis = evidence.diagnosis();
        return (body, diagnosis);
    }
    let body = peek::ahead(body).await;
    let diagnosis = evidence.body(&peek::start_of(&body)).diagnosis();
    (body, diagnosis)
}

/// What a visitor got wrong is no news to whoever runs the proxy.
fn log(error: &Error) {
    match error.fault() {
        Fault::Client => tracing::debug!(%error, "refused"),
        _ => tracing::warn!(%error, diagnosis = %error.diagnosis(), "request not forwarded"),
    }
}

/// A cause that is only possible is no news either: the response may well be the application's own.
fn log_refusal(status: StatusCode, diagnosis: &Diagnosis) {
    let status = status.as_u16();
    match diagnosis.likeliest().map(Cause::certainty) {
        Some(Certainty::Certain | Certainty::Likely) => {
            tracing::warn!(status, %diagnosis, "the edge refused");
        }
        _ => tracing::debug!(status, %diagnosis, "the edge may have refused"),
    }
}

fn refused(kind: ErrorKind) -> Error {
    Error::new(kind, Stage::Prepare, Facts::default())
}

/// Where the pool sends the request: the origin's scheme, the Host, the visitor's path and query.
fn target(uri: &Uri, origin: &Origin, host: &HostAuthority) -> Target {
    let path_and_query = uri.clone().into_parts().path_and_query;
    Target {
        scheme: match origin.scheme() {
            Scheme::Http => http::uri::Scheme::HTTP,
            Scheme::Https => http::uri::Scheme::HTTPS,
        },
        authority: host.without_port(origin.scheme().default_port()),
        host: host.to_header_value(),
        path_and_query: path_and_query.unwrap_or_else(|| PathAndQuery::from_static("/")),
    }
}
