//! The assembly: what happens to a request, in order.

use std::sync::Arc;

use http::{HeaderMap, Request, Response, StatusCode, header::CONTENT_LENGTH, response::Parts};
use http_body::Body;
use tokio::time::timeout_at;

use crate::{
    connector::ConnectionInfo,
    downstream::Downstream,
    error::{Error, ErrorKind, Facts, Stage},
    name::HostAuthority,
    origin::Origin,
    pool::{InFlight, OriginPool, PooledConnection, ResponseBody, Target},
    response_diagnosis::{PeekedBody, RequestSummary, examine, log_diagnosis},
    upload::RequestBody,
};

use super::{
    ProxyBody,
    deadline::{Deadline, IdleDeadline},
    header_flags::HeaderFlags,
    hop_by_hop, message,
    prepare::Ready,
    queue::RequestPermit,
    response_body::OriginBody,
    settings::ProxySettings,
    upgrade::{self, UpgradeOutcome},
};

impl ProxySettings {
    /// Forwards a request, and is done with it by the deadline for the whole, if there is one.
    pub(super) async fn forward_in_time(
        &self,
        pool: &OriginPool,
        ready: Box<Ready>,
    ) -> Result<Response<ProxyBody>, Error> {
        let Some(end) = ready.end else {
            return self.forward(pool, ready).await;
        };
        let origin = ready.origin.clone();
        // Boxed, as all that is rare: what waits for a request is moved about whole.
        let forwarding = Box::pin(self.forward(pool, ready));
        let outcome = timeout_at(end.at, forwarding).await;
        outcome.unwrap_or_else(|_elapsed| Err(too_late(end, &origin)))
    }

    async fn forward(
        &self,
        pool: &OriginPool,
        mut ready: Box<Ready>,
    ) -> Result<Response<ProxyBody>, Error> {
        ready.target.affinity = pool.affinity(ready.request.extensions());
        let (origin, host) = (&ready.origin, &ready.target.host);
        let about = |error: Error| error.about(host.clone(), origin);
        let has_content = !ready.request.body().is_end_stream();
        // Before any wait: a drain lets those end that have come.
        let visit = pool.begin_request().map_err(about)?;
        let place = self.queue.enter().await.map_err(about)?;
        let (response, lease) = match ready.asked.take() {
            None => {
                let (request, target) = (&mut ready.request, &ready.target);
                let sent = pool.send(visit, request, target, self.limits.response_timeout);
                sent.await.map_err(about)?
            }
            Some(asked) => {
                // Boxed, as all that is rare.
                let (request, target) = (&mut ready.request, &ready.target);
                let outcome = self.ask_to_switch(pool, visit, request, target, asked);
                match Box::pin(outcome).await.map_err(about)? {
                    UpgradeOutcome::Declined(response, lease) => (response, lease),
                    UpgradeOutcome::Switched(mut response) => {
                        self.rewrite_response(response.headers_mut(), &ready);
                        return Ok(response);
                    }
                }
            }
        };
        let (mut parts, body) = response.into_parts();
        let present = HeaderFlags::of(&parts.headers);
        if is_unusable(&parts, present) {
            let facts = lease.info().facts().clone();
            // Before the body goes, which holds the connection.
            lease.fail();
            let error = Error::new(ErrorKind::HttpProtocol, Stage::Receive, facts);
            return Err(about(error));
        }
        parts.extensions.insert(lease.info().clone());
        let mut body = self.received(body, lease, place, &ready);
        // Most responses are no errors.
        if !parts.status.is_success() {
            let asked = RequestSummary {
                method: ready.request.method().clone(),
                target: ready.target.path_and_query.clone(),
                has_content,
            };
            let diagnosed = self.diagnose(
                &mut parts,
                &mut body,
                asked,
                origin,
                host,
                &ready.downstream,
            );
            Box::pin(diagnosed).await;
        }
        let body = passed(&mut parts, body, present, &ready);
        self.rewrite_response(&mut parts.headers, &ready);
        Ok(Response::from_parts(parts, body))
    }

    /// The origin's body, which holds the connection until it has ended.
    fn received(
        &self,
        body: ResponseBody,
        lease: PooledConnection,
        place: Option<RequestPermit>,
        ready: &Ready,
    ) -> Box<OriginBody> {
        let mut body = Box::new(OriginBody {
            body: PeekedBody::new(body),
            connection: Some(lease),
            deadline: IdleDeadline::new(self.limits.body_idle_timeout, ready.end),
            trailers: ready.trailers,
            permit: place,
            unread_timeout: self.limits.unread_timeout,
            frames: 0,
        });
        body.finish_at_end(false);
        body
    }

    /// Writes the client's names into a response.
    fn rewrite_response(&self, headers: &mut HeaderMap, ready: &Ready) {
        if let Some(layer) = &self.response_rewrite {
            layer.apply(headers, &ready.downstream, Some(&ready.target.host));
        }
    }

    /// Asks the origin to switch protocols.
    async fn ask_to_switch(
        &self,
        pool: &OriginPool,
        visit: InFlight,
        request: &mut Request<RequestBody>,
        target: &Target,
        asked: Box<upgrade::UpgradeRequest>,
    ) -> Result<UpgradeOutcome, Error> {
        asked.write(request.headers_mut());
        let (response, lease) = pool
            .send_upgrade(visit, request, target, self.limits.response_timeout)
            .await?;
        asked.answered(response, lease, self.upgrades.idle_timeout)
    }

    /// Says so where the response is an edge's refusal. Its content stays as it is.
    async fn diagnose(
        &self,
        parts: &mut Parts,
        body: &mut OriginBody,
        asked: RequestSummary,
        origin: &Origin,
        host: &HostAuthority,
        downstream: &Downstream,
    ) {
        let mut evidence = asked.evidence(origin, host, parts);
        if let Some(host) = &downstream.host {
            evidence = evidence.client_host(host);
        }
        if downstream.is_scheme_known || self.client_scheme.is_some() {
            evidence = evidence.client_scheme(downstream.scheme);
        }
        if self.response_rewrite.is_some() {
            evidence = evidence.rewritten_redirects();
        }
        let info = parts.extensions.get::<ConnectionInfo>();
        if info.is_some_and(|info| info.facts().has_proxy_header()) {
            evidence = evidence.after_proxy_header();
        }
        if let Some(diagnosis) = examine(evidence, &mut body.body).await {
            log_diagnosis(parts.status, &diagnosis);
            self.disclosure
                .add_to_response(&self.identity, parts, &diagnosis);
            parts.extensions.insert(diagnosis);
        }
    }
}

/// Whether it is a response that must not be passed on: one that switches, since nothing was asked
/// to be switched to, or one whose content would be garbage.
fn is_unusable(parts: &Parts, present: HeaderFlags) -> bool {
    parts.status == StatusCode::SWITCHING_PROTOCOLS
        || (present.has(HeaderFlags::HOP_BY_HOP) && message::has_foreign_coding(&parts.headers))
}

/// What of the response the client gets.
fn passed(
    parts: &mut Parts,
    body: Box<OriginBody>,
    present: HeaderFlags,
    ready: &Ready,
) -> ProxyBody {
    let has_no_content = message::has_no_content(parts.status, ready.request.method());
    let headers = &mut parts.headers;
    if present.has(HeaderFlags::HOP_BY_HOP) {
        hop_by_hop::remove(headers);
    }
    if present.has(HeaderFlags::CONTENT_LENGTH) {
        if message::has_no_length(parts.status) {
            headers.remove(CONTENT_LENGTH);
        } else if has_no_content || !body.has_settled_length() {
            message::settle_length(headers);
        }
    }
    match has_no_content {
        true => ProxyBody::nothing(),
        false if ready.has_streams => ProxyBody::origin_of_stream(body),
        false => ProxyBody::origin(body),
    }
}

fn too_late(end: Deadline, origin: &Arc<Origin>) -> Error {
    let facts = end.added_to(Facts::default());
    Error::new(ErrorKind::TimedOut, Stage::Receive, facts).about(origin.host().clone(), origin)
}
