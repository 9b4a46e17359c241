//! What observers and logs have of a group: discarded responses, truncated ones, checks, a drain.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error,
    error::{ErrorKind, Fault},
    group::{HealthCheck, MemberState, OriginGroup},
    observe::ExchangeOutcome,
    proxy::Limits,
};
use http::{Request, StatusCode, Uri};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{ServiceExt, service_fn};

use super::{Site, failover, first, get};
use crate::{observe::Seen, tls_facts::Log};

#[tokio::test]
async fn a_response_that_is_discarded_is_no_client_that_left() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    primary.answer_with(StatusCode::INTERNAL_SERVER_ERROR);
    let seen = Seen::default();
    let connector = primary.connector().with_observer(seen.clone());
    let group = failover(connector, backup.connector()).build().unwrap();
    assert_eq!(get(&group).await, "backup");
    let exchange = seen.take_only();
    assert_eq!(exchange.outcome(), Some(ExchangeOutcome::Discarded));
    assert_eq!(exchange.error_type(), Some("500"));
}

/// An origin that closes the connection within each response.
fn truncating() -> CdnOriginConnector {
    let transport = service_fn(|_: Uri| async {
        let (near, mut far) = tokio::io::duplex(1024);
        tokio::spawn(async move {
            let mut request = [0; 1024];
            let _ = far.read(&mut request).await;
            let response = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart";
            let _ = far.write_all(response).await;
        });
        Ok::<_, Infallible>(TokioIo::new(near))
    });
    let connector = CdnOriginConnector::builder("http://origin.example");
    connector.transport(transport).build().unwrap()
}

async fn body_fails(group: &OriginGroup) -> bool {
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = group.clone().oneshot(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    response.into_body().collect().await.is_err()
}

#[tokio::test]
async fn truncated_responses_eject_their_member() {
    let backup = Site::new("backup");
    let group = failover(truncating(), backup.connector()).build().unwrap();
    for failures in 1..=5 {
        assert!(body_fails(&group).await);
        assert_eq!(first(&group).failures, failures);
    }
    assert_eq!(first(&group).state, MemberState::Ejected);
    assert_eq!(get(&group).await, "backup");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_within_the_body_is_no_failure_of_the_member() {
    let group = failover(truncating(), Site::new("backup").connector());
    let group = group.build().unwrap();
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = group.clone().oneshot(request).await;
    drop(response);
    let member = first(&group);
    assert_eq!((member.requests, member.failures), (1, 0));
}

/// An origin that sends more than its client reads.
fn plentiful() -> CdnOriginConnector {
    let transport = service_fn(|_: Uri| async {
        let (near, mut far) = tokio::io::duplex(1024);
        tokio::spawn(async move {
            let mut request = [0; 1024];
            let _ = far.read(&mut request).await;
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
            let _ = far.write_all(head).await;
            let _ = far.write_all(&[b'x'; 1_000_000]).await;
        });
        Ok::<_, Infallible>(TokioIo::new(near))
    });
    let connector = CdnOriginConnector::builder("http://origin.example");
    connector.transport(transport).build().unwrap()
}

const END: Duration = Duration::from_secs(10);

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_for_longer_than_the_request_timeout_is_no_failure_of_the_member() {
    let backup = Site::new("backup");
    let group = failover(plentiful(), backup.connector())
        .each(|proxy| proxy.limits(Limits::default().request_timeout(END)));
    let group = group.build().unwrap();
    for is_polled_late in [false, true] {
        let request = Request::get("/").header("host", "client.test");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let Ok(response) = group.clone().oneshot(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        let mut body = response.into_body();
        if !is_polled_late {
            // So many that a guard watches the client.
            for _ in 0..3 {
                body.frame().await.unwrap().unwrap();
            }
        }
        tokio::time::sleep(END * 2).await;
        let error = body.frame().await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.fault()),
            (ErrorKind::TimedOut, Fault::Client)
        );
    }
    assert_eq!((first(&group).requests, first(&group).failures), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_for_longer_than_the_request_timeout_is_no_failure_of_the_member() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = failover(primary.connector(), backup.connector())
        .each(|proxy| proxy.limits(Limits::default().request_timeout(END)));
    let group = group.build().unwrap();
    for _ in 0..10 {
        let drops = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((
                Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"."))),
                (),
            ))
        });
        let request = Request::put("/").header("host", "client.test");
        let request = request.body(StreamBody::new(Box::pin(drops))).unwrap();
        let Ok(response) = group.clone().oneshot(request).await;
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        let error: &Error = response.extensions().get().unwrap();
        assert_eq!(
            (error.kind(), error.fault()),
            (ErrorKind::TimedOut, Fault::Client)
        );
    }
    let member = first(&group);
    assert_eq!((member.state, member.failures), (MemberState::Serving, 0));
    assert_eq!(backup.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn health_checks_are_no_traffic_for_observers() {
    let site = Site::new("a");
    let seen = Seen::default();
    let connector = site.connector().with_observer(seen.clone());
    let check = HealthCheck::get("/healthz").interval(Duration::from_secs(1));
    let group = OriginGroup::builder().tier([connector]);
    let group = group.health_check(check).build().unwrap();
    while site.requests() < 3 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(seen.events().is_empty(), "{:?}", seen.events());
    assert!(seen.exchanges().is_empty());
    get(&group).await;
    assert_eq!(seen.exchanges().len(), 1);
}

#[tokio::test]
async fn a_group_that_drains_does_not_log_each_request_that_it_refuses() {
    let (log, _guard) = Log::down_to(tracing::Level::INFO);
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = failover(primary.connector(), backup.connector());
    let group = group.build().unwrap();
    group.drain().await;
    get(&group).await;
    assert!(!log.text().contains("next origin"), "{}", log.text());
}
