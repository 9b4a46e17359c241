//! Retries: only safe requests, and a bounded number of times.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy, VerifyPolicy,
    pool::{PoolSettings, RetryBudget},
    tls::Roots,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::{
    memory::{read_head, to_connections, write_text},
    observe::Seen,
    origin::{NAME, Origin, server_config},
    support::Authority,
};

async fn send(proxy: &OriginProxy, method: Method, body: &'static str) -> StatusCode {
    let request = Request::builder()
        .method(method)
        .uri("/")
        .header("host", "client.test")
        .body(Full::<Bytes>::from(body))
        .unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    let status = response.status();
    response.into_body().collect().await.unwrap();
    status
}

/// Origins of both protocols that answer 200 to the first request of a connection and 421 to the
/// others, on all connections before the one of this number.
async fn right_from(first: usize) -> [Origin; 2] {
    let handler = move || {
        let requests = Arc::new(AtomicUsize::new(0));
        move |id, _| {
            let is_right = requests.fetch_add(1, SeqCst) == 0 || id >= first;
            async move {
                let response = Response::builder().status(if is_right { 200 } else { 421 });
                response.body(Full::default()).unwrap()
            }
        }
    };
    [
        Origin::http1(handler()).await,
        Origin::http2(100, handler()).await,
    ]
}

#[tokio::test]
async fn a_421_on_a_reused_connection_is_retried_once_on_a_fresh_one() {
    for origin in right_from(1).await {
        let proxy = OriginProxy::new(origin.connector());
        assert_eq!(send(&proxy, Method::GET, "").await, StatusCode::OK);
        assert_eq!(send(&proxy, Method::POST, "").await, StatusCode::OK);
        assert_eq!(origin.counts().connections.load(SeqCst), 2);
        assert_eq!(proxy.snapshot().pool.retried, 1);
    }
}

#[tokio::test]
async fn a_421_on_a_connection_of_the_requests_own_is_passed_on() {
    for origin in right_from(100).await {
        let settings = PoolSettings::default().max_uses(1);
        let proxy = OriginProxy::new(origin.connector()).pool(settings);
        assert_eq!(send(&proxy, Method::GET, "").await, StatusCode::OK);
        for requests in [2, 3] {
            let status = send(&proxy, Method::GET, "").await;
            assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
            assert_eq!(origin.counts().requests.load(SeqCst), requests);
        }
        assert_eq!(proxy.snapshot().pool.retried, 0);
    }
}

#[tokio::test]
async fn a_421_on_a_fresh_connection_is_passed_on_until_there_is_another_response() {
    for origin in right_from(100).await {
        let proxy = OriginProxy::new(origin.connector());
        assert_eq!(send(&proxy, Method::GET, "").await, StatusCode::OK);
        for requests in [3, 4, 5] {
            let status = send(&proxy, Method::GET, "").await;
            assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
            assert_eq!(origin.counts().requests.load(SeqCst), requests);
        }
    }
}

#[tokio::test]
async fn a_421_without_a_fresh_connection_is_passed_on_and_is_no_retry() {
    for origin in right_from(1).await {
        let seen = Seen::default();
        let settings = PoolSettings::default().max_connections(1);
        let proxy = seen.proxy(&origin.connector()).pool(settings);
        assert_eq!(send(&proxy, Method::GET, "").await, StatusCode::OK);
        seen.take_only();
        let status = send(&proxy, Method::GET, "").await;
        assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
        assert_eq!(proxy.snapshot().pool.retried, 0);
        let record = seen.take_only();
        let tries: Vec<_> = record.tries().map(|it| (it.reason, it.status)).collect();
        assert_eq!(tries, [(None, Some(status))]);
        assert_eq!(record.status(), Some(status));
    }
}

#[tokio::test]
async fn a_421_to_a_request_whose_body_is_not_kept_is_passed_on() {
    for origin in right_from(1).await {
        let settings = PoolSettings::default().max_replay(0);
        let proxy = OriginProxy::new(origin.connector()).pool(settings);
        assert_eq!(send(&proxy, Method::GET, "").await, StatusCode::OK);
        let status = send(&proxy, Method::POST, "content").await;
        assert_eq!(status, StatusCode::MISDIRECTED_REQUEST);
        assert_eq!(origin.counts().requests.load(SeqCst), 2);
    }
}

/// An HTTP/1 origin whose connections answer one request, read another, and end.
async fn cuts_off() -> (CdnOriginConnector, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let seen = counted.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                let _ = stream.read(&mut buffer).await;
                seen.fetch_add(1, SeqCst);
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                let _ = stream.write_all(answer).await;
                let _ = stream.read(&mut buffer).await;
                seen.fetch_add(1, SeqCst);
            });
        }
    });
    let connector = CdnOriginConnector::builder(origin).build().unwrap();
    (connector, seen)
}

#[tokio::test]
async fn a_request_cut_off_on_a_reused_connection_is_retried_if_it_is_idempotent() {
    for (method, status, seen_at_last) in [
        (Method::GET, StatusCode::OK, 3),
        (Method::POST, StatusCode::BAD_GATEWAY, 2),
    ] {
        let (connector, seen) = cuts_off().await;
        let proxy = OriginProxy::new(connector);
        assert_eq!(send(&proxy, Method::GET, "").await, StatusCode::OK);
        assert_eq!(send(&proxy, method.clone(), "").await, status, "{method}");
        assert_eq!(seen.load(SeqCst), seen_at_last, "{method}");
        let retried = u64::from(status == StatusCode::OK);
        assert_eq!(proxy.snapshot().pool.retried, retried);
    }
}

#[tokio::test]
async fn a_prewarmed_connection_that_is_cut_off_is_like_a_reused_one() {
    for (method, status) in [
        (Method::GET, StatusCode::OK),
        (Method::POST, StatusCode::BAD_GATEWAY),
    ] {
        let connections = Arc::new(AtomicUsize::new(0));
        let proxy = to_connections(move |mut stream| {
            let is_first = connections.fetch_add(1, SeqCst) == 0;
            async move {
                read_head(&mut stream).await;
                if !is_first {
                    write_text(&mut stream, "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                }
            }
        });
        proxy.prewarm().await.unwrap();
        assert_eq!(send(&proxy, method, "").await, status);
    }
}

/// An origin whose first connection sends a 408 instead of a second response. The others answer
/// each request with this status.
fn idle_for_too_long(status: &'static str) -> OriginProxy {
    let connections = Arc::new(AtomicUsize::new(0));
    to_connections(move |mut stream| {
        let is_first = connections.fetch_add(1, SeqCst) == 0;
        async move {
            let answer = |status| format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            let mut next = if is_first { "200 OK" } else { status };
            loop {
                read_head(&mut stream).await;
                write_text(&mut stream, &answer(next)).await;
                next = if is_first { TIMED_OUT } else { status };
            }
        }
    })
}

const TIMED_OUT: &str = "408 Request Timeout\r\nconnection: close";

#[tokio::test]
async fn a_408_that_crosses_a_request_on_an_idle_connection_is_retried_if_that_is_idempotent() {
    for (method, status, expected, retried) in [
        (Method::GET, "204 No Content", StatusCode::NO_CONTENT, 1),
        (Method::PUT, "204 No Content", StatusCode::NO_CONTENT, 1),
        // It is meant for the request.
        (Method::GET, TIMED_OUT, StatusCode::REQUEST_TIMEOUT, 1),
        (Method::POST, "200 OK", StatusCode::REQUEST_TIMEOUT, 0),
    ] {
        let proxy = idle_for_too_long(status);
        assert_eq!(send(&proxy, Method::GET, "").await, StatusCode::OK);
        assert_eq!(send(&proxy, method.clone(), "").await, expected, "{method}");
        assert_eq!(proxy.snapshot().pool.retried, retried, "{method}");
    }
    let never = PoolSettings::default().retry_budget(RetryBudget::none());
    let proxy = idle_for_too_long("200 OK").pool(never);
    assert_eq!(send(&proxy, Method::GET, "").await, StatusCode::OK);
    let status = send(&proxy, Method::GET, "").await;
    assert_eq!(status, StatusCode::REQUEST_TIMEOUT);
}

#[tokio::test]
async fn an_empty_budget_allows_no_retry() {
    let (connector, _) = cuts_off().await;
    let settings = PoolSettings::default().retry_budget(RetryBudget::none());
    let proxy = OriginProxy::new(connector).pool(settings);
    assert_eq!(send(&proxy, Method::GET, "").await, StatusCode::OK);
    let status = send(&proxy, Method::GET, "").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
}

/// An HTTP/1 origin over TLS whose connections answer one request, read another, and end without
/// `close_notify`.
async fn closes_without_close_notify(authority: &Authority) -> std::net::SocketAddr {
    let acceptor = TlsAcceptor::from(server_config(authority, b"http/1.1"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut tls = acceptor.accept(stream).await.unwrap();
                let mut buffer = [0; 1024];
                let _ = tls.read(&mut buffer).await;
                let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                let _ = tls.write_all(answer).await;
                let _ = tls.flush().await;
                let _ = tls.read(&mut buffer).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_close_without_close_notify_is_retried_like_others() {
    for (method, status) in [
        (Method::GET, StatusCode::OK),
        (Method::POST, StatusCode::BAD_GATEWAY),
    ] {
        let authority = Authority::new();
        let address = closes_without_close_notify(&authority).await;
        let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
            .dial(address)
            .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
            .build()
            .unwrap();
        let proxy = OriginProxy::new(connector);
        assert_eq!(send(&proxy, Method::GET, "").await, StatusCode::OK);
        assert_eq!(send(&proxy, method, "").await, status);
    }
}
