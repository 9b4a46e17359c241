//! Requests that are cancelled at each point where they wait: nothing leaks, and no other waits.

use std::{convert::Infallible, future::poll_fn, pin::pin, task::Poll};

use bytes::Bytes;
use cdn_origin::{OriginProxy, pool::PoolSettings};
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use tower::ServiceExt;

use crate::origin::Origin;

/// More polls than a request takes.
const MOST_POLLS: usize = 60;

async fn echo(_: usize, request: Request<Incoming>) -> Response<Full<Bytes>> {
    // A cancelled request ends it with an error.
    let content = request.into_body().collect().await;
    Response::new(content.map_or_else(|_| Full::default(), |content| content.to_bytes().into()))
}

/// Sends an upload that arrives in pieces, and expects it back.
async fn upload(proxy: OriginProxy) {
    const PIECE: &[u8] = &[b'x'; 20_000];
    let pieces = stream::unfold(0, |count| async move {
        tokio::task::yield_now().await;
        let frame = Frame::data(Bytes::from_static(PIECE));
        (count < 3).then_some((Ok::<_, Infallible>(frame), count + 1))
    });
    let request = Request::post("/").header("host", "client.test");
    let request = request.body(StreamBody::new(Box::pin(pieces))).unwrap();
    let Ok(response) = proxy.oneshot(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    let content = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(content.len(), 3 * PIECE.len());
}

/// The outcome, if it takes at most this number of polls.
async fn within<T>(mut polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let outcome = future.as_mut().poll(cx).map(Some);
        polls -= 1;
        match outcome.is_pending() && polls == 0 {
            true => Poll::Ready(None),
            false => outcome,
        }
    })
    .await
}

async fn cancel_everywhere(origin: Origin) {
    let settings = PoolSettings::default().max_connections(2);
    let proxy = OriginProxy::new(origin.connector()).pool(settings);
    let mut outcome = None;
    for polls in 1..=MOST_POLLS {
        let leaving = || within(polls, upload(proxy.clone()));
        let staying = upload(proxy.clone());
        (outcome, _, _, ()) = tokio::join!(leaving(), leaving(), leaving(), staying);
    }
    assert!(outcome.is_some(), "a request takes more polls than that");
    loop {
        let pool = proxy.pool_snapshot();
        let is_quiet = pool.active() == 0 && pool.waiting() == 0 && pool.streams() == 0;
        if is_quiet && pool.open() == pool.idle() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let pool = proxy.pool_snapshot();
    assert_eq!(pool.opened(), pool.closed().total() + pool.open() as u64);
}

#[tokio::test]
async fn a_request_over_http1_may_be_cancelled_at_any_point() {
    cancel_everywhere(Origin::http1(echo).await).await;
}

#[tokio::test]
async fn a_request_over_http2_may_be_cancelled_at_any_point() {
    cancel_everywhere(Origin::http2(1, echo).await).await;
}

#[tokio::test]
async fn one_stream_of_many_may_be_cancelled_at_any_point() {
    cancel_everywhere(Origin::http2(100, echo).await).await;
}
