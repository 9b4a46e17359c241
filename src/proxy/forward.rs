//! The assembly: what happens to a request, in order.

use std::{
    sync::{Arc, Once},
    time::Duration,
};

use http::{Method, Request, Response, header::CONTENT_LENGTH};
use http_body::Body;
use tokio::time::timeout_at;

use crate::{
    connector::ConnectionInfo,
    error::{Error, ErrorKind, Facts, Stage},
    forwarded::ForwardedLayer,
    host_rewrite::HostRewriteLayer,
    name::HostAuthority,
    origin::{Origin, Scheme},
    pool::{Lease, OriginPool, RequestBody, ResponseBody, Target},
    response_diagnosis::{Asked, PeekedBody, examine, tell},
    response_rewrite::ResponseRewriteLayer,
    visitor::Visitor,
};

use super::{
    ProxyBody, Upgrades,
    body::OriginBody,
    edge_limits::EdgeLimits,
    exposure::Exposure,
    hop_by_hop,
    hops::Hops,
    limits::Limits,
    message,
    prepare::Ready,
    queue::{Place, Queue},
    request_map::RequestMap,
    status,
    upgrade::{self, Outcome},
    watch::{Deadline, Watch},
};

/// What an [`OriginProxy`](super::OriginProxy) was told.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Absent if the connector has no fixed origin: nobody has said where requests shall go.
    pub(super) origin: Option<Arc<Origin>>,
    pub(super) host_rewrite: HostRewriteLayer,
    pub(super) forwarded: ForwardedLayer,
    /// Absent where responses pass as they are.
    pub(super) response_rewrite: Option<ResponseRewriteLayer>,
    /// Absent as long as nobody has said it.
    pub(super) client_scheme: Option<Scheme>,
    pub(super) response_timeout: Duration,
    pub(super) upgrades: Upgrades,
    pub(super) upgrade_idle_timeout: Duration,
    /// Said once that visitors' addresses are not known.
    pub(super) no_address: Arc<Once>,
    /// Said once that visitors may come by https, and nothing tells it.
    pub(super) no_scheme: Arc<Once>,
    pub(super) hops: Hops,
    pub(super) limits: Limits,
    /// Absent where nothing is known of the dialled edge.
    pub(super) edge_limits: Option<EdgeLimits>,
    pub(super) queue: Queue,
    pub(super) request_map: RequestMap,
    pub(super) exposure: Exposure,
}

/// What a response's body depends on, apart from itself.
struct Terms {
    /// Whether the visitor is told trailers.
    trailers: bool,
    end: Option<Deadline>,
    body_idle: Duration,
    place: Option<Place>,
}

impl Settings {
    /// Forwards a request, and is done with it by the deadline for the whole, if there is one.
    pub(super) async fn forward_in_time(
        &self,
        pool: &OriginPool,
        ready: Box<Ready>,
    ) -> Result<Response<ProxyBody>, Error> {
        let Some(end) = self.limits.end() else {
            return self.forward(pool, ready, None).await;
        };
        let origin = ready.origin.clone();
        // Boxed, as all that is rare: what waits for a request is moved about whole.
        let forwarding = Box::pin(self.forward(pool, ready, Some(end)));
        let outcome = timeout_at(end.at, forwarding).await;
        outcome.unwrap_or_else(|_elapsed| Err(too_late(end, &origin)))
    }

    async fn forward(
        &self,
        pool: &OriginPool,
        mut ready: Box<Ready>,
        end: Option<Deadline>,
    ) -> Result<Response<ProxyBody>, Error> {
        ready.target.client = pool.client(ready.request.extensions());
        let (origin, host) = (&ready.origin, &ready.target.host);
        let about = |error: Error| error.about(host.clone(), origin);
        let has_content = !ready.request.body().is_end_stream();
        let terms = Terms {
            trailers: ready.trailers,
            end,
            body_idle: self.limits.body_idle,
            place: self.queue.enter().await.map_err(about)?,
        };
        let outcome = self.ask(pool, &mut ready.request, &ready.target, ready.asked.take());
        let (response, lease) = match outcome.await.map_err(about)? {
            Outcome::Switched(response) => return Ok(self.rewritten(response, &ready)),
            Outcome::Declined(response, lease) => (response, lease),
        };
        if let Some(kind) = unusable(&response) {
            let facts = lease.info().facts().clone();
            return Err(about(Error::new(kind, Stage::Receive, facts)));
        }
        let mut response = received(response, lease, terms);
        // Most responses are no errors.
        if !response.status().is_success() {
            let asked = Asked {
                method: ready.request.method().clone(),
                target: ready.target.path_and_query.clone(),
                has_content,
            };
            let diagnosed = self.diagnosed(response, asked, origin, host, &ready.visitor);
            // Boxed, as all that is rare.
            response = Box::pin(diagnosed).await;
        }
        let response = passed(response, ready.request.method());
        Ok(self.rewritten(response, &ready))
    }

    /// The response, with the visitor's names in it.
    fn rewritten(&self, mut response: Response<ProxyBody>, ready: &Ready) -> Response<ProxyBody> {
        if let Some(layer) = &self.response_rewrite {
            layer.apply(
                response.headers_mut(),
                &ready.visitor,
                Some(&ready.target.host),
            );
        }
        response
    }

    /// Asks the origin, as usual or to switch protocols.
    async fn ask(
        &self,
        pool: &OriginPool,
        request: &mut Request<RequestBody>,
        target: &Target,
        asked: Option<upgrade::Asked>,
    ) -> Result<Outcome, Error> {
        let deadline = self.response_timeout;
        let Some(asked) = asked else {
            let (response, lease) = pool.send(request, target, deadline).await?;
            return Ok(Outcome::Declined(response, lease));
        };
        asked.write(request.headers_mut());
        let (response, lease) = Box::pin(pool.send_alone(request, target, deadline)).await?;
        asked.answered(response, lease, self.upgrade_idle_timeout)
    }

    /// Says so where the response is an edge's refusal. Its content stays as it is.
    async fn diagnosed(
        &self,
        response: Response<Box<OriginBody>>,
        asked: Asked,
        origin: &Origin,
        host: &HostAuthority,
        visitor: &Visitor,
    ) -> Response<Box<OriginBody>> {
        let (mut parts, mut body) = response.into_parts();
        let mut evidence = asked.evidence(origin, host, &parts);
        if let Some(host) = &visitor.host {
            evidence = evidence.visitor_host(host);
        }
        if visitor.is_told || self.client_scheme.is_some() {
            evidence = evidence.visitor_scheme(visitor.scheme);
        }
        if self.response_rewrite.is_some() {
            evidence = evidence.rewritten_redirects();
        }
        let info = parts.extensions.get::<ConnectionInfo>();
        if info.is_some_and(|info| info.facts().has_proxy_header()) {
            evidence = evidence.after_proxy_header();
        }
        if let Some(diagnosis) = examine(evidence, &mut body.body).await {
            tell(parts.status, &diagnosis);
            self.exposure.tell_of_response(&mut parts, &diagnosis);
            parts.extensions.insert(diagnosis);
        }
        Response::from_parts(parts, body)
    }
}

/// A response that must not be passed on.
fn unusable(response: &Response<ResponseBody>) -> Option<ErrorKind> {
    // Nothing was asked to be switched to.
    if status::switches(response.status()) {
        return Some(ErrorKind::HttpProtocol);
    }
    message::has_foreign_coding(response.headers()).then_some(ErrorKind::HttpProtocol)
}

/// The origin's response, whose body holds the connection until it has ended.
fn received(
    response: Response<ResponseBody>,
    lease: Lease,
    terms: Terms,
) -> Response<Box<OriginBody>> {
    let info = lease.info().clone();
    let mut response = response.map(|body| {
        Box::new(OriginBody {
            body: PeekedBody::new(body),
            lease: Some(lease),
            watch: Watch::new(terms.body_idle, terms.end),
            trailers: terms.trailers,
            place: terms.place,
        })
    });
    response.extensions_mut().insert(info);
    response.body_mut().finish_at_end(false);
    response
}

/// What of it the visitor gets.
fn passed(response: Response<Box<OriginBody>>, method: &Method) -> Response<ProxyBody> {
    let status = response.status();
    let mut response = response.map(|body| match status::has_no_content(status, method) {
        true => ProxyBody::nothing(),
        false => ProxyBody::origin(body),
    });
    let headers = response.headers_mut();
    hop_by_hop::remove(headers);
    match status::has_no_length(status) {
        true => drop(headers.remove(CONTENT_LENGTH)),
        false => message::settle_length(headers),
    }
    response
}

fn too_late(end: Deadline, origin: &Arc<Origin>) -> Error {
    let facts = Facts::default().after(end.after);
    Error::new(ErrorKind::TimedOut, Stage::Receive, facts).about(origin.host().clone(), origin)
}
