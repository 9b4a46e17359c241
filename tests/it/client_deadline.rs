//! Clients that stop waiting at a time that the proxy knows.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    Error, OriginProxy,
    error::{ErrorKind, Fault, Stage},
    group::{MemberState, OriginGroup},
    proxy::{ClientDeadline, Limits},
};
use http::{Request, Response, StatusCode, Version};
use http_body_util::Empty;
use tokio::time::Instant;
use tower::ServiceExt;

use crate::{
    groups::{Site, failover},
    memory::{get, quiet, send, to},
};

const SECOND: Duration = Duration::from_secs(1);

/// A proxy to an origin that never answers, and the number of requests that it got.
fn silent() -> (OriginProxy, Arc<AtomicUsize>) {
    let requests = Arc::<AtomicUsize>::default();
    let seen = requests.clone();
    let proxy = to(move |_| {
        seen.fetch_add(1, SeqCst);
        pending::<Response<Empty<Bytes>>>()
    });
    (proxy, requests)
}

fn get_within(time: Duration) -> Request<Empty<Bytes>> {
    let mut request = get(&[]);
    request.extensions_mut().insert(ClientDeadline::after(time));
    request
}

fn grpc_call(timeout: &str) -> Request<Empty<Bytes>> {
    let call = Request::post("/test.Echo/Once").header("host", "client.test");
    let call = call.header("content-type", "application/grpc");
    let call = call.header("grpc-timeout", timeout);
    call.version(Version::HTTP_2).body(Empty::new()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_request_ends_at_the_deadline_of_its_client() {
    let (proxy, requests) = silent();
    let start = Instant::now();
    let response = send(&proxy, get_within(SECOND)).await;
    assert_eq!(start.elapsed().as_secs(), 1);
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(requests.load(SeqCst), 1);
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(
        (error.stage(), error.fault()),
        (Stage::Receive, Fault::Client)
    );
    assert!(
        error.to_string().contains("client's deadline of 1s passed"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_past_its_deadline_reaches_no_origin() {
    let (proxy, requests) = silent();
    let response = send(&proxy, get_within(Duration::ZERO)).await;
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(proxy.snapshot().pool.opened, 0);

    let proxy = proxy.limits(Limits::default().max_concurrency(1));
    let running = tokio::spawn({
        let proxy = proxy.clone();
        async move { send(&proxy, get(&[])).await }
    });
    quiet().await;
    let start = Instant::now();
    let response = send(&proxy, get_within(SECOND)).await;
    assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(start.elapsed().as_secs(), 1);
    assert_eq!(proxy.snapshot().queued, 0);
    running.abort();
    quiet().await;
    assert_eq!(requests.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_grpc_call_ends_at_its_timeout_with_deadline_exceeded() {
    let (proxy, _) = silent();
    let start = Instant::now();
    let response = send(&proxy, grpc_call("2000m")).await;
    assert_eq!(start.elapsed().as_secs(), 2);
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["grpc-status"], "4");

    // Only calls have such a field, and only a valid one counts.
    let ours = proxy.limits(Limits::default().response_timeout(5 * SECOND));
    let plain = get(&[("grpc-timeout", "2S")]);
    for (request, status) in [(plain, 504), (grpc_call("2 S"), 200)] {
        let start = Instant::now();
        let response = send(&ours, request).await;
        assert_eq!(start.elapsed().as_secs(), 5);
        assert_eq!(response.status(), status);
    }
}

#[tokio::test(start_paused = true)]
async fn the_proxys_own_deadline_bounds_that_of_the_client() {
    let (proxy, _) = silent();
    let proxy = proxy.limits(Limits::default().request_timeout(SECOND));
    let start = Instant::now();
    let response = send(&proxy, grpc_call("1H")).await;
    assert_eq!(start.elapsed().as_secs(), 1);
    assert_eq!(response.headers()["grpc-status"], "4");
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.fault(), Fault::Origin);
}

#[tokio::test(start_paused = true)]
async fn in_a_group_a_clients_deadline_says_nothing_of_health_and_ends_the_attempts() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = failover(primary.connector(), backup.connector());
    let group: OriginGroup = group.build().unwrap();
    primary.0.hangs.store(true, SeqCst);
    for _ in 0..10 {
        let start = Instant::now();
        let Ok(response) = group.clone().oneshot(grpc_call("1S")).await;
        assert_eq!(response.headers()["grpc-status"], "4");
        assert_eq!(start.elapsed().as_secs(), 1);
    }
    assert_eq!((primary.requests(), backup.requests()), (10, 0));
    let first = group.snapshot().remove(0);
    assert_eq!((first.state, first.failures), (MemberState::Serving, 0));
}
