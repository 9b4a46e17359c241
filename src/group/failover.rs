//! Sends a request to one member after the other, until there is a response for the client.

use std::sync::Arc;

use http::{Method, Request, Response};
use http_body::Body;
use tokio::time::Instant;
use tower::BoxError;

use crate::{
    error::{Error, ErrorKind},
    pool::{InFlight, NoEarlyData},
    proxy::{Arrival, ProxyBody, attempt, refuse},
};

use super::{
    attempt_outcome::{self as rules, AttemptOutcome},
    report_body_outcome::report_body_outcome,
    returnable_body,
    select_member::SelectionRequest,
    shared_group::SharedGroup,
};

/// Responds to a request, and logs a failure that the client gets.
///
/// `accepted` is absent if the group drained when the request arrived. `repeat` returns the body
/// once more, if that is possible.
pub(super) async fn send_with_failover<B>(
    group: &Arc<SharedGroup>,
    request: Request<B>,
    accepted: Option<&InFlight>,
    repeat: impl Fn() -> Option<B>,
) -> Response<ProxyBody>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let response = try_members(group, request, accepted, repeat).await;
    if let Some(error) = response.extensions().get::<Error>() {
        group.failure_log().group_failed(error, group.condition());
    }
    response
}

async fn try_members<B>(
    group: &Arc<SharedGroup>,
    request: Request<B>,
    accepted: Option<&InFlight>,
    repeat: impl Fn() -> Option<B>,
) -> Response<ProxyBody>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let failover = group.failover();
    let (mut parts, body) = request.into_parts();
    // An upgrade over HTTP/2 is a GET to the origin (RFC 8441). Any other CONNECT is refused.
    let method = match &parts.method {
        &Method::CONNECT => Method::GET,
        method => method.clone(),
    };
    let mut selection = SelectionRequest {
        repeatable: body.is_end_stream() && rules::is_safe(&method),
        key: group.rules().balance.key_of(&parts),
        tried: Vec::new(),
    };
    let Some(mut selected) = group.select(&selection) else {
        let request = Request::from_parts(parts, ());
        let error = Error::refused(ErrorKind::NoOrigin);
        return refuse(&request, error, &group.observers());
    };
    let end = failover
        .within
        .and_then(|time| Instant::now().checked_add(time));
    let (slot, mut body) = returnable_body::returnable(body);
    // Each counts as a running retry until there is a response.
    let mut retries = Vec::new();
    let mut written = 0;
    loop {
        let request = Request::from_parts(parts.clone(), body);
        let in_flight = accepted.and_then(|_| group.begin_at(selected.member()));
        let Ok(response) = attempt(selected.member().proxy().clone(), request, in_flight).await;
        let outcome = AttemptOutcome::of(&response, &failover.statuses);
        if outcome == AttemptOutcome::Final {
            return report_body_outcome(group, selected, response);
        }
        group.report(&mut selected, outcome.health());
        selection.tried.push(selected.member().clone());
        let error = response.extensions().get::<Error>();
        let has_timed_out = error.is_some_and(|error| error.kind() == ErrorKind::TimedOut);
        written += usize::from(!outcome.was_unwritten());
        let is_over = failover.is_off
            || written >= failover.max_attempts
            || end.is_some_and(|end| Instant::now() >= end)
            || (has_timed_out && !failover.after_timeouts);
        if is_over || !outcome.allows_failover(&method) {
            return response;
        }
        let copy = || repeat().map(|body| slot.returnable_copy(body));
        let Some(returned) = slot.take().or_else(copy) else {
            return response;
        };
        let Some(next) = group.select(&selection) else {
            return response;
        };
        if !outcome.was_unwritten() {
            let pool = selected.member().proxy().origin_pool();
            // A member whose last outcome was no failure gets what it would get without the one
            // that fails. If it fails as well, further attempts could be its overload.
            let retry = match next.member().is_failing() {
                true => pool.begin_retry(),
                false => pool.begin_failover(),
            };
            let Some(retry) = retry else {
                return response;
            };
            retries.push(retry);
        }
        let (log, condition) = (group.failure_log(), group.condition());
        match error {
            Some(error) => log.failed_over(error, condition),
            None => {
                let origin = selected.member().proxy().origin();
                log.failed_over_on_status(response.status(), origin, condition);
            }
        }
        response.into_body().discard();
        parts.extensions.insert(NoEarlyData);
        Arrival::begin_anew(&mut parts.extensions);
        body = returned;
        selected = next;
    }
}
