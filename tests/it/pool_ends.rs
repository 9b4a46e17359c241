//! How connections and pools end, how connections are prewarmed, and what is counted.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy,
    error::ErrorKind,
    observe::CloseReason,
    pool::PoolSettings,
    proxy::{Limits, ProxyBody},
};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::rt::TokioIo;
use tokio::{io::AsyncReadExt, net::TcpListener, sync::Semaphore};
use tower::{ServiceExt, service_fn};

use crate::{
    memory::{self, read_head, read_to_end, to_connections, write_text},
    origin::Origin,
};

async fn send(proxy: OriginProxy) -> Response<ProxyBody> {
    let request = Request::get("/").header("host", "client.test");
    let Ok(response) = proxy
        .oneshot(request.body(Empty::<Bytes>::new()).unwrap())
        .await;
    response
}

async fn get(proxy: OriginProxy) -> (StatusCode, String) {
    let response = send(proxy).await;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn number(id: usize) -> Response<Full<Bytes>> {
    Response::new(Full::from(id.to_string()))
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

/// Origins of both protocols whose requests wait for a permit.
async fn gated(gate: &Arc<Semaphore>) -> [Origin; 2] {
    let held = gate.clone();
    let handler = move |id, _| {
        let gate = held.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            number(id).await
        }
    };
    [
        Origin::http1(handler.clone()).await,
        Origin::http2(100, handler).await,
    ]
}

#[tokio::test]
async fn a_drain_takes_no_new_request_and_cuts_off_none() {
    let gate = Arc::new(Semaphore::new(0));
    for origin in gated(&gate).await {
        let proxy = OriginProxy::new(origin.connector());
        let present = tokio::spawn(get(proxy.clone()));
        origin
            .until(|counts| counts.requests.load(SeqCst) == 1)
            .await;
        let drained = tokio::spawn(proxy.drain());

        let refused = send(proxy.clone()).await;
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        let error: &Error = refused.extensions().get().unwrap();
        assert_eq!(error.kind(), ErrorKind::Draining);
        assert!(!drained.is_finished());

        gate.add_permits(1);
        assert_eq!(present.await.unwrap(), (StatusCode::OK, "0".into()));
        drained.await.unwrap();
        origin.until(|counts| counts.open.load(SeqCst) == 0).await;
        assert_eq!(proxy.snapshot().pool.in_flight, 0);
    }
}

#[tokio::test]
async fn a_drain_waits_for_the_end_of_a_body() {
    let origin =
        Origin::http1(|_, _| async { Response::new(Full::from(Bytes::from(vec![b'x'; 4 << 20]))) })
            .await;
    let proxy = OriginProxy::new(origin.connector());
    let response = send(proxy.clone()).await;
    let drained = tokio::spawn(proxy.drain());
    tokio::task::yield_now().await;
    assert!(!drained.is_finished());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body.len(), 4 << 20);
    drained.await.unwrap();
}

#[tokio::test]
async fn retired_connections_end_after_their_requests_and_new_requests_open_new_ones() {
    let gate = Arc::new(Semaphore::new(0));
    for origin in gated(&gate).await {
        let proxy = OriginProxy::new(origin.connector());
        let present = tokio::spawn(get(proxy.clone()));
        origin
            .until(|counts| counts.requests.load(SeqCst) == 1)
            .await;
        proxy.retire_connections();
        let new = tokio::spawn(get(proxy.clone()));
        origin
            .until(|counts| counts.requests.load(SeqCst) == 2)
            .await;
        gate.add_permits(2);
        assert_eq!(present.await.unwrap(), (StatusCode::OK, "0".into()));
        assert_eq!(new.await.unwrap(), (StatusCode::OK, "1".into()));
        origin.until(|counts| counts.open.load(SeqCst) == 1).await;
        proxy.retire_connections();
        origin.until(|counts| counts.open.load(SeqCst) == 0).await;
        until(|| proxy.snapshot().pool.closed(CloseReason::Retired) == 2).await;
    }
}

#[tokio::test]
async fn a_connection_that_was_opening_when_all_were_retired_serves_only_its_own_request() {
    let origins = [
        Origin::http1(|id, _| number(id)).await,
        Origin::http2(100, |id, _| number(id)).await,
    ];
    for origin in origins {
        let proxy = OriginProxy::new(origin.connector());
        let present = tokio::spawn(get(proxy.clone()));
        until(|| proxy.snapshot().pool.open == 1).await;
        proxy.retire_connections();
        assert_eq!(present.await.unwrap(), (StatusCode::OK, "0".into()));
        assert_eq!(get(proxy.clone()).await, (StatusCode::OK, "1".into()));
        origin.until(|counts| counts.open.load(SeqCst) == 1).await;
        until(|| proxy.snapshot().pool.closed(CloseReason::Retired) == 1).await;
        proxy.drain().await;
        origin.until(|counts| counts.open.load(SeqCst) == 0).await;
    }
}

#[tokio::test]
async fn a_drain_serves_requests_that_wait_in_the_queue() {
    let gate = Arc::new(Semaphore::new(0));
    for origin in gated(&gate).await {
        let proxy =
            OriginProxy::new(origin.connector()).limits(Limits::default().max_concurrency(1));
        let first = tokio::spawn(get(proxy.clone()));
        origin
            .until(|counts| counts.requests.load(SeqCst) == 1)
            .await;
        let second = tokio::spawn(get(proxy.clone()));
        until(|| proxy.snapshot().pool.in_flight == 2).await;
        let drained = proxy.drain();
        gate.add_permits(2);
        drained.await;
        assert_eq!(first.await.unwrap().0, StatusCode::OK);
        assert_eq!(second.await.unwrap().0, StatusCode::OK);
    }
}

#[tokio::test]
async fn prewarmed_connections_are_opened_and_kept_up() {
    let gate = Arc::new(Semaphore::new(0));
    let [origin, _] = gated(&gate).await;
    let settings = PoolSettings::default().min_idle(3);
    let proxy = OriginProxy::new(origin.connector()).pool(settings);
    proxy.prewarm().await.unwrap();
    let snapshot = proxy.snapshot().pool;
    assert_eq!((snapshot.open, snapshot.idle), (3, 3));
    let client = tokio::spawn(get(proxy.clone()));
    until(|| proxy.snapshot().pool.open == 4).await;
    gate.add_permits(1);
    assert_eq!(client.await.unwrap().0, StatusCode::OK);
    until(|| proxy.snapshot().pool.idle == 4).await;
}

#[tokio::test]
async fn prewarming_reports_an_origin_that_refuses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let connector = CdnOriginConnector::builder(format!("http://{address}"));
    let settings = PoolSettings::default().min_idle(3);
    let proxy = OriginProxy::new(connector.build().unwrap()).pool(settings);
    let error = proxy.prewarm().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(proxy.snapshot().pool.open, 0);
}

#[tokio::test]
async fn the_snapshot_counts_connections_and_requests() {
    let origin = Origin::http1(|id, _| number(id)).await;
    let settings = PoolSettings::default()
        .max_uses(5)
        .idle_timeout(Duration::from_millis(20));
    let proxy = OriginProxy::new(origin.connector()).pool(settings);
    for _ in 0..7 {
        assert_eq!(get(proxy.clone()).await.0, StatusCode::OK);
    }
    until(|| proxy.snapshot().pool.open == 0).await;
    let snapshot = proxy.snapshot().pool;
    assert_eq!(snapshot.opened, snapshot.closed_total());
    assert_eq!(snapshot.opened + snapshot.reused, 7);
    assert!(snapshot.closed(CloseReason::Idle) >= 1, "{snapshot:?}");
    assert_eq!(
        (snapshot.in_flight, snapshot.waiting, snapshot.retried),
        (0, 0, 0)
    );
}

#[tokio::test]
async fn closed_connections_are_counted_by_reason() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = silent.accept().await {
            // The head, and no answer.
            let _ = stream.read(&mut [0; 1024]).await;
        }
    });
    let connector = CdnOriginConnector::builder(format!("http://{address}"));
    let proxy = OriginProxy::new(connector.build().unwrap());
    assert_eq!(get(proxy.clone()).await.0, StatusCode::BAD_GATEWAY);
    until(|| proxy.snapshot().pool.closed(CloseReason::Origin) == 1).await;

    let endless = Origin::http1(|_, _| async {
        Response::new(Full::from(Bytes::from(vec![b'x'; 8 * 1024 * 1024])))
    })
    .await;
    let proxy = OriginProxy::new(endless.connector());
    drop(send(proxy.clone()).await);
    until(|| proxy.snapshot().pool.closed(CloseReason::Cancelled) == 1).await;
    assert_eq!(proxy.snapshot().pool.closed_total(), 1);
}

#[tokio::test]
async fn a_response_that_is_refused_is_not_counted_as_closed_by_the_origin() {
    const MISDIRECTED: &str = "HTTP/1.1 421 Misdirected Request\r\ncontent-length: 5\r\n\r\n";
    const GARBLED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n";
    for (second, method, status, [cancelled, error]) in [
        (MISDIRECTED, Method::GET, StatusCode::OK, [1, 0]),
        (GARBLED, Method::HEAD, StatusCode::BAD_GATEWAY, [0, 1]),
    ] {
        let connections = Arc::new(AtomicUsize::new(0));
        let proxy = to_connections(move |mut stream| {
            let is_first = connections.fetch_add(1, SeqCst) == 0;
            async move {
                read_head(&mut stream).await;
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                write_text(&mut stream, answer).await;
                if is_first {
                    read_head(&mut stream).await;
                    write_text(&mut stream, second).await;
                }
                read_to_end(&mut stream).await;
            }
        });
        assert_eq!(get(proxy.clone()).await.0, StatusCode::OK);
        let request = Request::builder().method(method);
        let request = request.header("host", "client.test");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let answer = memory::send(&proxy, request).await;
        assert_eq!(answer.status(), status);
        let pool = proxy.snapshot().pool;
        let counts = [CloseReason::Cancelled, CloseReason::Error].map(|it| pool.closed(it));
        assert_eq!(counts, [cancelled, error]);
        assert_eq!(pool.closed_total(), 1);
    }
}

#[test]
fn idle_connections_are_closed_in_whatever_runtime_the_pool_is_used_next() {
    let origins = tokio::runtime::Runtime::new().unwrap();
    let origin = origins.block_on(Origin::http1(|id, _| number(id)));
    let settings = PoolSettings::default().idle_timeout(Duration::from_millis(20));
    let proxy = OriginProxy::new(origin.connector()).pool(settings);
    for opened in 1..=2 {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            assert_eq!(get(proxy.clone()).await.0, StatusCode::OK);
            assert_eq!(origin.counts().connections.load(SeqCst), opened);
            if opened == 2 {
                until(|| proxy.snapshot().pool.closed(CloseReason::Idle) == 1).await;
            }
        });
    }
}

/// An in-memory origin that reads requests and never answers, and refuses connections on demand.
fn mute(refuses: &Arc<AtomicBool>, attempts: &Arc<AtomicUsize>) -> OriginProxy {
    let (refuses, attempts) = (refuses.clone(), attempts.clone());
    let transport = service_fn(move |_: Uri| {
        attempts.fetch_add(1, SeqCst);
        let refused = refuses.load(SeqCst);
        async move {
            if refused {
                return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
            }
            let (near, mut far) = tokio::io::duplex(1024);
            tokio::spawn(async move { tokio::io::copy(&mut far, &mut tokio::io::sink()).await });
            Ok(TokioIo::new(near))
        }
    });
    let connector = CdnOriginConnector::builder("http://origin.example").transport(transport);
    let settings = PoolSettings::default()
        .min_idle(1)
        .idle_timeout(Duration::from_secs(3600));
    OriginProxy::new(connector.build().unwrap())
        .pool(settings)
        .limits(Limits::default().response_timeout(Duration::from_secs(3600)))
}

#[tokio::test(start_paused = true)]
async fn prewarming_retries_ever_more_rarely_while_the_origin_refuses() {
    let (refuses, attempts) = (Arc::default(), Arc::default());
    let proxy = mute(&refuses, &attempts);
    proxy.prewarm().await.unwrap();
    assert_eq!(attempts.load(SeqCst), 1);
    refuses.store(true, SeqCst);
    let client = tokio::spawn(get(proxy.clone()));
    tokio::time::sleep(Duration::from_secs(60)).await;
    // At once, and after 250 ms, 500 ms, 1 s, 2 s, 4 s, 8 s and 16 s.
    assert_eq!(attempts.load(SeqCst), 1 + 8);
    refuses.store(false, SeqCst);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(attempts.load(SeqCst), 1 + 9);
    assert_eq!(proxy.snapshot().pool.idle, 1);
    client.abort();
}
