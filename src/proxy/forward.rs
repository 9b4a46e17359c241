//! The assembly: what happens to a request, in order.

use std::{
    collections::VecDeque,
    sync::{Arc, Once},
    time::Duration,
};

use http::{Request, Response, StatusCode, Uri, request::Parts, uri::PathAndQuery};
use hyper::body::Incoming;

use crate::{
    diagnosis::{Cause, Certainty, Diagnosis, ResponseEvidence},
    error::{Error, ErrorKind, Facts, Stage},
    forwarded::ForwardedLayer,
    host_rewrite::{HostRewriteLayer, Rewritten},
    name::HostAuthority,
    origin::{Origin, Scheme},
    pool::{Lease, OriginPool, RequestBody, Target},
    response_rewrite::ResponseRewriteLayer,
    visitor::Visitor,
};

use super::{
    ProxyBody, Upgrades,
    body::OriginBody,
    hop_by_hop, message, peek, status,
    upgrade::{Asked, Outcome},
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
    pub(super) client_scheme: Scheme,
    pub(super) response_timeout: Duration,
    pub(super) upgrades: Upgrades,
    pub(super) upgrade_idle_timeout: Duration,
    /// Said once that visitors' addresses are not known.
    pub(super) no_address: Arc<Once>,
}

impl Settings {
    pub(super) async fn forward(
        &self,
        pool: &OriginPool,
        request: Request<RequestBody>,
    ) -> Result<Response<ProxyBody>, Error> {
        let Some(origin) = &self.origin else {
            return Err(refused(ErrorKind::UnsupportedUri));
        };
        let (mut parts, body) = request.into_parts();
        let asked = Asked::of(&mut parts, &body, &self.upgrades)?;
        let (host, visitor) = self.rewrite(&mut parts)?;
        message::frame(&mut parts, &body);
        let target = target(&parts.uri, origin, &host);
        let request = Request::from_parts(parts, body);
        let about = |error: Error| error.about(host.clone(), origin);
        let outcome = self.ask(pool, request, &target, asked).await;
        let mut response = match outcome.map_err(about)? {
            Outcome::Switched(response) => response,
            Outcome::Declined(response, lease) => match unusable(&response) {
                None => pass(response, lease, origin, &host).await,
                Some(kind) => {
                    let facts = lease.info().facts().clone();
                    return Err(about(Error::new(kind, Stage::Receive, facts)));
                }
            },
        };
        if let Some(layer) = &self.response_rewrite {
            layer.apply(response.headers_mut(), &visitor, Some(&host));
        }
        Ok(response)
    }

    /// Asks the origin, as usual or to switch protocols.
    async fn ask(
        &self,
        pool: &OriginPool,
        mut request: Request<RequestBody>,
        target: &Target,
        asked: Option<Asked>,
    ) -> Result<Outcome, Error> {
        let deadline = self.response_timeout;
        let Some(asked) = asked else {
            let (response, lease) = pool.send(request, target, deadline).await?;
            return Ok(Outcome::Declined(response, lease));
        };
        asked.write(request.headers_mut());
        let (response, lease) = pool.send_alone(request, target, deadline).await?;
        asked.answered(response, lease, self.upgrade_idle_timeout)
    }

    /// Makes of the visitor's request the one that goes to the origin.
    fn rewrite(&self, parts: &mut Parts) -> Result<(HostAuthority, Visitor), Error> {
        message::check(parts)?;
        let Rewritten { visitor, name } = self.host_rewrite.apply(parts)?;
        let visitor = Visitor::new(parts, self.client_scheme, visitor);
        if visitor.address.is_none() {
            self.no_address.call_once(|| {
                tracing::warn!(
                    "visitors' addresses are not known, so X-Forwarded-For and X-Real-IP are not sent: serve the router by \
                     `into_make_service_with_connect_info::<SocketAddr>()`, or put a `ClientConnection` into the extensions"
                );
            });
        }
        hop_by_hop::remove_from_request(&mut parts.headers);
        let visitor = self.forwarded.apply(&mut parts.headers, visitor);
        message::join_cookies(&mut parts.headers);
        Ok((name, visitor))
    }
}

/// A response that must not be passed on.
fn unusable(response: &Response<Incoming>) -> Option<ErrorKind> {
    // Nothing was asked to be switched to.
    if status::switches(response.status()) {
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
