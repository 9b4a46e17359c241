//! Idle connections that have ended: what was not sent, or may be sent twice, is never lost.

use bytes::Bytes;
use cdn_origin::{OriginProxy, pool::PoolSettings, proxy::Limits};
use futures_util::future::join_all;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;

use crate::closing_origin::{ClosingOrigin, End, Speaks};

pub(crate) async fn send(
    proxy: &OriginProxy,
    method: Method,
    body: impl Into<Bytes>,
) -> StatusCode {
    let request = Request::builder()
        .method(method)
        .header("host", "client.test")
        .body(Full::new(body.into()))
        .unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    let status = response.status();
    response.into_body().collect().await.unwrap();
    status
}

/// The ends of an idle connection, by what the origin speaks.
const ENDS: [(Speaks, End); 7] = [
    (Speaks::Http, End::Fin),
    (Speaks::Http, End::Reset),
    (Speaks::HttpsHttp1, End::Fin),
    (Speaks::HttpsHttp1, End::CloseNotify),
    (Speaks::HttpsHttp1, End::Reset),
    (Speaks::HttpsHttp2, End::Fin),
    (Speaks::HttpsHttp2, End::Reset),
];

#[tokio::test]
async fn no_post_is_sent_on_an_idle_connection_whose_end_waits_in_the_socket() {
    for (speaks, end) in ENDS {
        for body in ["", "content"] {
            let origin = ClosingOrigin::start(speaks, end);
            let proxy = OriginProxy::new(origin.connector());
            assert_eq!(send(&proxy, Method::GET, "").await, StatusCode::OK);
            // It blocks this thread, so that the runtime does not learn of the end.
            origin.end_connection();
            let status = send(&proxy, Method::POST, body).await;
            assert_eq!(status, StatusCode::OK, "{speaks:?} {end:?}");
            assert_eq!(origin.posts(), 1, "{speaks:?} {end:?}");
        }
    }
}

#[tokio::test]
async fn a_large_post_that_was_buffered_survives_an_idle_connection_that_has_ended() {
    for (speaks, end) in ENDS {
        let origin = ClosingOrigin::start(speaks, end);
        let limits = Limits::default().buffer_requests(1 << 20);
        let proxy = OriginProxy::new(origin.connector()).limits(limits);
        assert_eq!(send(&proxy, Method::GET, "").await, StatusCode::OK);
        origin.end_connection();
        let status = send(&proxy, Method::POST, vec![b'x'; 200 * 1024]).await;
        assert_eq!(status, StatusCode::OK, "{speaks:?} {end:?}");
        assert_eq!(origin.posts(), 1, "{speaks:?} {end:?}");
        assert_eq!(proxy.snapshot().pool.retried, 0, "{speaks:?} {end:?}");
    }
}

#[tokio::test]
async fn a_prewarmed_connection_whose_end_waits_in_the_socket_gets_no_post() {
    // Over HTTP/2, the origin's first frames may hide the end from those who only look.
    let http1 = ENDS
        .iter()
        .filter(|(speaks, _)| *speaks != Speaks::HttpsHttp2);
    for &(speaks, end) in http1 {
        let origin = ClosingOrigin::start(speaks, end);
        let proxy = OriginProxy::new(origin.connector());
        proxy.prewarm().await.unwrap();
        origin.end_connection();
        let status = send(&proxy, Method::POST, "content").await;
        assert_eq!(status, StatusCode::OK, "{speaks:?} {end:?}");
        assert_eq!(origin.posts(), 1, "{speaks:?} {end:?}");
    }
}

/// Sends these requests in rounds, each to a pool whose idle connections are cut off by a second
/// request, and returns how often each status came.
async fn rounds(speaks: Speaks, settings: PoolSettings, at_once: usize) -> Vec<StatusCode> {
    let origin = ClosingOrigin::start(speaks, End::ResetBySecondRequest);
    let proxy = OriginProxy::new(origin.connector()).pool(settings);
    let mut statuses = Vec::new();
    for _ in 0..30 {
        let methods = [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS];
        let methods = methods.into_iter().cycle().take(at_once);
        let sent = methods.map(|method| {
            let body = if method == Method::PUT { "content" } else { "" };
            send(&proxy, method, body)
        });
        statuses.extend(join_all(sent).await);
    }
    statuses
}

#[tokio::test]
async fn every_idempotent_request_that_a_reused_connection_cuts_off_is_answered() {
    for speaks in [Speaks::Http, Speaks::HttpsHttp1] {
        for most in [1, 3, 256] {
            let settings = PoolSettings::default().max_connections(most);
            let statuses = rounds(speaks, settings, 16).await;
            let failed = statuses.iter().filter(|it| **it != StatusCode::OK).count();
            assert_eq!(failed, 0, "of {}, {most} connections", statuses.len());
        }
    }
}
