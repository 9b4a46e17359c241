//! Forwards a prepared request, and turns the origin's response into the client's.
//!
//! | fields of the response | file |
//! |---|---|
//! | `Location`, `Set-Cookie` and similar | `response_rewrite/rewrite_fields.rs` |
//! | `Connection` and what it lists | `hop_by_hop.rs` |
//! | `Content-Length` | `adjust_fields.rs` |
//! | trailers | `trailers.rs` |
//! | `Proxy-Status`, of a failure | `error_response/proxy_status.rs` |

use std::{mem, sync::Arc};

use http::{
    HeaderMap, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, ORIGIN},
    response::Parts,
};
use http_body::Body;
use tokio::time::Instant;

use crate::{
    connector::ConnectionInfo,
    diagnosis::{
        Certainty, Diagnosis, HostHistory, HostSource, OriginRefusal, has_grpc_content,
        may_refuse_host,
    },
    downstream::Downstream,
    error::{Deadline, Error, ErrorKind, Facts, HttpFault, LoggedNames, Stage},
    name::HostAuthority,
    observe::ExchangeRecord,
    origin::Origin,
    pool::{Deadlines, InFlight, OriginPool, PooledConnection, ResponseBody, Target},
    response_diagnosis::{PeekedBody, RequestSummary, examine_response, log_diagnosis},
    response_rewrite::SentTarget,
    upload::RequestBody,
};

use super::{
    ProxyBody, adjust_fields,
    arrival::Arrival,
    check_head,
    deadline::IdleDeadline,
    hop_by_hop,
    overload::RequestPermit,
    prepare_request::Ready,
    present_fields::PresentFields,
    proxy_settings::ProxySettings,
    request_content::{SMALL_BODY, has_unknown_length},
    response_body::{OriginBody, UnreadLimit},
    upgrade::{self, UpgradeOutcome},
};

impl ProxySettings {
    /// Forwards a request within its `request_timeout` and the client's deadline, if there are any.
    pub(super) async fn forward(
        &self,
        pool: &OriginPool,
        mut ready: Box<Ready>,
        record: &mut ExchangeRecord,
    ) -> Result<Response<ProxyBody>, Error> {
        ready.target.key = pool.connection_key(ready.request.extensions());
        let (origin, host) = (&ready.origin, &ready.target.host);
        let has_content = !ready.request.body().is_end_stream();
        let is_chunked = has_content && has_unknown_length(&ready.request);
        let about = |error: Error| error.of_upload(is_chunked).about(host.clone(), origin);
        let in_flight = match ready.in_flight.take() {
            Some(in_flight) => in_flight,
            None => pool.begin_request().map_err(about)?,
        };
        let has_whole_body = has_whole_body(&ready).map_err(about)?;
        // An upload waits for its share of the connections first: it keeps no other waiting.
        if !has_whole_body && ready.upgrade.is_none() {
            // Boxed because it is rare.
            let upload = Box::pin(pool.upload_permit(ready.end)).await;
            if let Some(upload) = upload.map_err(about)? {
                ready.request.body().keep_permit(upload);
            }
        }
        let mut permit = self.queue.enter(ready.end).await.map_err(about)?;
        let is_quick = has_whole_body && is_small(&ready);
        if !is_quick {
            permit = permit.unmeasured();
        }
        if permit.has_waited() || !is_quick {
            record.left_queue();
        }
        // Boxed because it is rare.
        let upgrade = ready.upgrade.as_ref().map(|it| Box::new(it.protocol()));
        let (response, connection) = match ready.upgrade.take() {
            None => {
                let (request, target) = (&mut ready.request, &ready.target);
                let deadlines = self.deadlines(ready.end.as_ref());
                let sent = pool
                    .send(in_flight, request, target, deadlines, record)
                    .await;
                end_wait(&mut permit, &sent);
                sent.map_err(about)?
            }
            Some(upgrade_request) => {
                // Boxed because it is rare.
                let (request, target) = (&mut ready.request, &ready.target);
                let deadlines = self.deadlines(ready.end.as_ref());
                let upgrade = (upgrade_request, deadlines, &mut *record);
                let outcome = self.send_upgrade(pool, in_flight, request, target, upgrade);
                let outcome = Box::pin(outcome).await;
                end_wait(&mut permit, &outcome);
                match outcome.map_err(about)? {
                    UpgradeOutcome::Declined(response, connection) => (response, *connection),
                    UpgradeOutcome::Switched(mut response) => {
                        self.rewrite_response(response.headers_mut(), &ready);
                        return Ok(response);
                    }
                }
            }
        };
        let (mut parts, body) = response.into_parts();
        let flags = PresentFields::of(&parts.headers);
        if is_unusable(&parts, flags) {
            let facts = Facts {
                http_fault: Some(match parts.status {
                    StatusCode::SWITCHING_PROTOCOLS => HttpFault::Upgrade,
                    _ => HttpFault::Framing,
                }),
                ..connection.info().facts().clone()
            };
            // Before the body is dropped, which returns the connection.
            connection.fail();
            let error = Error::new(ErrorKind::HttpProtocol, Stage::Receive, facts);
            return Err(about(error));
        }
        let mut extensions = mem::take(ready.request.extensions_mut());
        // The map of the request has served, and so saves the response one.
        extensions.clear();
        extensions.extend(mem::take(&mut parts.extensions));
        extensions.insert(connection.info().clone());
        parts.extensions = extensions;
        record.begin_response(parts.status, &mut parts.extensions);
        let mut body = self.received(body, connection, permit, &ready, record);
        // Only error responses can be an edge's refusal, except for gRPC and upgrades.
        let is_misplaced = || ready.is_grpc && !has_grpc_content(&parts.headers);
        if !parts.status.is_success() || is_misplaced() || upgrade.is_some() {
            let summary = RequestSummary {
                method: ready.request.method().clone(),
                target: ready.target.path_and_query.clone(),
                head_size: Some(ready.head_size()),
                has_content,
                has_length: ready.request.headers().contains_key(CONTENT_LENGTH),
                origin_field: ready.request.headers().get(ORIGIN).cloned(),
                is_grpc: ready.is_grpc,
                upgrade: upgrade.map(|protocol| *protocol),
            };
            let diagnosed = self.diagnose(
                &mut parts,
                &mut body,
                summary,
                origin,
                host,
                &ready.downstream,
            );
            Box::pin(diagnosed).await;
        } else if self.has_one_host() {
            let path = ready.target.path_and_query.path();
            self.failure_log.note_success(ready.request.method(), path);
        }
        // Not before the diagnosis, which is a part of the record that ends here.
        body.finish_at_end(false);
        let body = into_client_body(&mut parts, body, flags, &ready);
        self.rewrite_response(&mut parts.headers, &ready);
        Ok(Response::from_parts(parts, body))
    }

    /// Wraps the origin's body, which holds the connection until it ends.
    fn received(
        &self,
        body: ResponseBody,
        connection: PooledConnection,
        permit: RequestPermit,
        ready: &Ready,
        record: &mut ExchangeRecord,
    ) -> Box<OriginBody> {
        Box::new(OriginBody {
            body: PeekedBody::new(body),
            host: self.other_host(ready).map(Box::new),
            connection: Some(connection),
            deadline: IdleDeadline::new(self.limits.body_idle_timeout, ready.end),
            trailers: ready.trailers,
            permit: Some(permit),
            unread: UnreadLimit::new(&self.limits, ready.is_grpc),
            frames: 0,
            record: record.take(),
            on_abort: None,
        })
    }

    /// The Host of the request, if it is not the origin's.
    fn other_host(&self, ready: &Ready) -> Option<HostAuthority> {
        let host = &ready.target.host;
        let is_other = !self.has_one_host() && host != ready.origin.host();
        is_other.then(|| host.clone())
    }

    /// Rewrites the origin's names in a response to the client's.
    fn rewrite_response(&self, headers: &mut HeaderMap, ready: &Ready) {
        if let Some(layer) = &self.response_rewrite {
            let sent = SentTarget {
                host: Some(&ready.target.host),
                path_map: ready.path_map.as_deref(),
            };
            layer.apply(headers, &ready.downstream, sent);
        }
    }

    /// Sends an upgrade to the origin.
    async fn send_upgrade(
        &self,
        pool: &OriginPool,
        in_flight: InFlight,
        request: &mut Request<RequestBody>,
        target: &Target,
        (upgrade_request, deadlines, record): (
            Box<upgrade::UpgradeRequest>,
            Deadlines<'_>,
            &mut ExchangeRecord,
        ),
    ) -> Result<UpgradeOutcome, Error> {
        upgrade_request.write(request.headers_mut());
        let sent = pool.send_upgrade(in_flight, request, target, deadlines, record);
        let (response, connection) = sent.await?;
        upgrade::read_response(
            *upgrade_request,
            response,
            connection,
            self.upgrades.idle_timeout,
            record,
        )
    }

    /// How long a request that ends then may wait for its response.
    fn deadlines<'a>(&self, end: Option<&'a Deadline>) -> Deadlines<'a> {
        Deadlines {
            response: self.limits.response_timeout,
            end,
        }
    }

    /// Whether each request has the configured Host.
    fn has_one_host(&self) -> bool {
        self.host_source == HostSource::Builder && self.origin.is_some()
    }

    /// Diagnoses an edge's refusal. The response body stays unchanged.
    async fn diagnose(
        &self,
        parts: &mut Parts,
        body: &mut OriginBody,
        summary: RequestSummary,
        origin: &Arc<Origin>,
        host: &HostAuthority,
        downstream: &Downstream,
    ) {
        let mut evidence = summary
            .evidence(origin, host, parts)
            .host_source(self.host_source);
        if let Some(host) = &downstream.host {
            evidence = evidence.client_host(host);
        }
        if downstream.is_scheme_known || self.forwarded.configured_scheme().is_some() {
            evidence = evidence.client_scheme(downstream.scheme);
        }
        if self.forwarded.sends_scheme() {
            evidence = evidence.forwarded_scheme(downstream.scheme);
        }
        if self.response_rewrite.is_some() {
            evidence = evidence.rewritten_redirects();
        }
        let info = parts.extensions.get::<ConnectionInfo>();
        if info.is_some_and(|info| info.facts().has_proxy_header()) {
            evidence = evidence.after_proxy_header();
        }
        let has_one_host = self.has_one_host();
        if has_one_host {
            let path = summary.target.path();
            evidence = evidence.host_history(match self.failure_log.is_host_answered(path) {
                true => HostHistory::Answered,
                false => HostHistory::Unanswered,
            });
        }
        let may_refuse_host =
            may_refuse_host(&evidence) && refuses_hosts(parts.status, has_one_host);
        let diagnosis = examine_response(evidence, &mut body.body).await;
        let info = parts.extensions.get::<ConnectionInfo>();
        let names = LoggedNames::of_answered(origin, host, info.map(ConnectionInfo::facts));
        let likeliest = diagnosis.as_ref().and_then(Diagnosis::likeliest);
        let is_doubtful = likeliest.is_none_or(|cause| cause.certainty() == Certainty::Possible);
        if may_refuse_host && is_doubtful {
            let possible = diagnosis.as_ref();
            self.failure_log
                .refused_by_origin(parts.status, &names, possible);
        }
        let Some(diagnosis) = diagnosis else { return };
        log_diagnosis(parts.status, origin.label(), &names, &diagnosis);
        body.record.note_refusal(|| OriginRefusal {
            status: parts.status,
            facts: Facts {
                host: Some(host.clone()),
                origin: Some(origin.clone()),
                ..info.map(|it| it.facts().clone()).unwrap_or_default()
            },
            diagnosis: diagnosis.clone(),
        });
        self.disclosure
            .add_to_response(&self.identity, parts, &diagnosis);
        parts.extensions.insert(diagnosis);
    }
}

/// Whether edges refuse a Host by this status. A 404 counts only for an origin with a single Host,
/// while it has answered hardly anything else.
fn refuses_hosts(status: StatusCode, has_one_host: bool) -> bool {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::FORBIDDEN => true,
        StatusCode::NOT_FOUND => has_one_host,
        _ => false,
    }
}

/// Whether all of the body is here, if there is one: no origin waits for the client.
///
/// # Errors
///
/// Fails if the deadline has passed while the client was to send its body.
fn has_whole_body(ready: &Ready) -> Result<bool, Error> {
    if ready.request.body().is_end_stream() {
        return Ok(true);
    }
    let Some(arrival) = Arrival::of(ready.request.extensions()) else {
        return Ok(false);
    };
    match ready.end.filter(|end| end.at <= Instant::now()) {
        Some(end) if !arrival.has_whole_body => {
            let facts = end.while_client_is_awaited().added_to(Facts::default());
            Err(Error::new(ErrorKind::TimedOut, Stage::Receive, facts))
        }
        _ => Ok(arrival.has_whole_body),
    }
}

/// Whether the time to the response depends on the origin rather than on the client, once all of
/// the body is here.
fn is_small(ready: &Ready) -> bool {
    let length = ready.request.body().size_hint().exact();
    ready.upgrade.is_none() && length.is_some_and(|length| length <= SMALL_BODY as u64)
}

/// Ends the request's wait for the origin.
fn end_wait<T>(permit: &mut RequestPermit, sent: &Result<T, Error>) {
    let kind = sent.as_ref().err().map(Error::kind);
    match kind {
        None | Some(ErrorKind::TimedOut | ErrorKind::PoolExhausted) => permit.response_started(),
        Some(_) => permit.failed(),
    }
}

/// Whether a response must not be forwarded.
///
/// A 101 without an upgrade request is invalid. Content with an unknown transfer coding is garbage.
fn is_unusable(parts: &Parts, flags: PresentFields) -> bool {
    parts.status == StatusCode::SWITCHING_PROTOCOLS
        || (flags.has(PresentFields::HOP_BY_HOP) && check_head::has_unknown_coding(&parts.headers))
}

/// Removes the fields of the origin's connection, and selects the client's body.
fn into_client_body(
    parts: &mut Parts,
    mut body: Box<OriginBody>,
    flags: PresentFields,
    ready: &Ready,
) -> ProxyBody {
    let has_no_content = adjust_fields::has_no_content(parts.status, ready.request.method());
    let headers = &mut parts.headers;
    if flags.has(PresentFields::HOP_BY_HOP) {
        hop_by_hop::remove_from_response(headers);
    }
    if flags.has(PresentFields::CONTENT_LENGTH) {
        if adjust_fields::has_no_length(parts.status) {
            headers.remove(CONTENT_LENGTH);
        } else if has_no_content || !body.has_settled_length() {
            adjust_fields::settle_length(headers);
        }
    }
    match has_no_content {
        true => {
            // The response is complete with its head, although the stream may end later.
            body.finish_at_end(true);
            ProxyBody::nothing()
        }
        false if ready.has_streams => ProxyBody::origin_of_stream(body),
        false => ProxyBody::origin(body),
    }
}
