//! Sends the health checks of a group's members.
//!
//! `health/check_history.rs` counts `rise` and `fall`.

use std::{
    pin::pin,
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{
    StreamExt,
    future::{Either, select},
    stream::FuturesUnordered,
};
use http::{
    HeaderValue, Request, Response,
    header::{HOST, USER_AGENT},
};
use http_body_util::{BodyExt, Empty, Limited};
use tokio::time::sleep;
use tracing::Instrument;

use crate::{
    diagnosis::Diagnosis,
    error::{Error, ErrorKind},
    observe::spans,
    origin::Origin,
    proxy::{ClientDeadline, OriginProxy, ProxyBody, attempt, for_health_checks},
};

use super::{
    CheckOutcome, HealthCheck, group_member::GroupMember, random::Random, shared_group::SharedGroup,
};

/// A response of at most this size is read to its end, so that its connection can be reused.
const MAX_BODY: usize = 64 * 1024;

/// Checks all members, and those that are added later, until they are removed or the group is
/// dropped.
pub(super) async fn run_health_checks(group: &Weak<SharedGroup>) {
    let Some((settings, mut tiers)) = group.upgrade().and_then(|group| {
        let settings = group.health_check()?.clone();
        Some((settings, group.subscribe()))
    }) else {
        return;
    };
    let mut known: Vec<Weak<GroupMember>> = Vec::new();
    let mut checks = FuturesUnordered::new();
    loop {
        let present: Vec<_> = tiers
            .borrow_and_update()
            .members()
            .map(Arc::downgrade)
            .collect();
        for member in &present {
            if !known.iter().any(|it| it.ptr_eq(member)) {
                checks.push(check_until_removed(member.clone(), settings.clone()));
            }
        }
        known = present;
        let mut changed = pin!(tiers.changed());
        loop {
            if checks.is_empty() {
                match changed.await {
                    Ok(()) => break,
                    Err(_) => return,
                }
            }
            match select(&mut changed, checks.next()).await {
                Either::Left((Ok(()), _)) => break,
                Either::Left((Err(_), _)) => return,
                // A member was removed.
                Either::Right(_) => {}
            }
        }
    }
}

async fn check_until_removed(member: Weak<GroupMember>, settings: HealthCheck) {
    let removal = member.upgrade().map(|it| it.removal().clone());
    if let Some(removal) = removal {
        let checks = check_member(&member, &settings);
        removal.run_until_cancelled(checks).await;
    }
}

/// Checks a member until it is dropped.
async fn check_member(member: &Weak<GroupMember>, settings: &HealthCheck) {
    let Some(proxy) = member.upgrade().map(|it| proxy_for(it.proxy(), settings)) else {
        return;
    };
    let random = Random::default();
    loop {
        let Some(span) = member.upgrade().map(|it| spans::health_check(it.name())) else {
            return;
        };
        let (outcome, refusal) = check(&proxy, settings).instrument(span).await;
        let Some(member) = member.upgrade() else {
            return;
        };
        member.checked(&outcome, refusal.as_ref(), settings);
        drop(member);
        sleep(jittered(settings.interval, random.next())).await;
    }
}

/// A proxy with a connection of its own, so that a busy pool fails no check.
fn proxy_for(proxy: &OriginProxy, settings: &HealthCheck) -> OriginProxy {
    let host = settings.host.clone().and_then(Result::ok);
    for_health_checks(proxy.clone(), host)
}

/// The outcome of a check, and why the origin refused it, if that is known.
async fn check(proxy: &OriginProxy, settings: &HealthCheck) -> (CheckOutcome, Option<Diagnosis>) {
    let Ok(mut response) = attempt(proxy.clone(), request(proxy, settings), None).await;
    if let Some(error) = response.extensions().get::<Error>() {
        return (CheckOutcome::Failed(error.clone()), None);
    }
    let status = response.status();
    let refusal = response.extensions_mut().remove::<Diagnosis>();
    if let Err(error) = read_to_end(response).await {
        return (CheckOutcome::Failed(error), None);
    }
    match settings.expects(status) {
        true => (CheckOutcome::Passed, None),
        false => (CheckOutcome::UnexpectedStatus(status), refusal),
    }
}

fn request(proxy: &OriginProxy, settings: &HealthCheck) -> Request<Empty<Bytes>> {
    let mut request = Request::new(Empty::new());
    *request.method_mut() = settings.method.clone();
    if let Some(path) = &settings.path {
        *request.uri_mut() = path.clone().into();
    }
    let deadline = ClientDeadline::of_check(settings.timeout);
    request.extensions_mut().insert(deadline);
    let host = proxy.origin().map(Origin::host);
    let host = host.and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    let headers = request.headers_mut();
    headers.extend(host.map(|host| (HOST, host)));
    let agent = concat!("cdn-origin/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    request
}

/// Reads a short response. A longer or truncated one is dropped, with its connection.
///
/// # Errors
///
/// Fails if it takes longer than the check may.
async fn read_to_end(response: Response<ProxyBody>) -> Result<(), Error> {
    let body = Limited::new(response.into_body(), MAX_BODY);
    match body.collect().await {
        Ok(_) => Ok(()),
        Err(error) => match error.downcast::<Error>() {
            Ok(error) if error.kind() == ErrorKind::TimedOut => Err(*error),
            Ok(_) | Err(_) => Ok(()),
        },
    }
}

/// Longer intervals count as this one: the jitter could exceed what a `Duration` holds.
const LONGEST_INTERVAL: Duration = Duration::from_secs(365 * 24 * 3600);

/// The interval, up to 10 % shorter or longer.
fn jittered(interval: Duration, random: u64) -> Duration {
    let share = f64::from((random >> 32) as u32) / f64::from(u32::MAX);
    interval.min(LONGEST_INTERVAL).mul_f64(0.9 + 0.2 * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_differs_by_a_tenth_at_most() {
        let interval = Duration::from_secs(10);
        assert_eq!(jittered(interval, 0), Duration::from_secs(9));
        assert_eq!(jittered(interval, u64::MAX), Duration::from_secs(11));
        assert!(jittered(Duration::MAX, u64::MAX) > LONGEST_INTERVAL);
    }
}
