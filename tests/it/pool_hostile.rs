//! Hostile origins: exchanges stay apart, and all that an origin may send is bounded.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy, VerifyPolicy,
    error::ErrorKind,
    pool::PoolSettings,
    proxy::{Limits, ProxyBody},
    tls::Roots,
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::{
    memory,
    origin::{NAME, Origin, server_config},
    support::Authority,
};

async fn send(proxy: &OriginProxy, body: &'static str) -> Response<ProxyBody> {
    let request = Request::post("/").header("host", "client.test");
    let Ok(response) = proxy
        .clone()
        .oneshot(request.body(Full::<Bytes>::from(body)).unwrap())
        .await;
    response
}

#[tokio::test]
async fn a_cold_burst_of_uploads_keeps_to_the_stream_limit_of_the_origin() {
    let origin = Origin::http2(2, |_, request| async move {
        let body = request.into_body().collect().await.unwrap().to_bytes();
        Response::new(Full::new(body))
    })
    .await;
    let proxy = OriginProxy::new(origin.connector());
    let mut clients = JoinSet::new();
    for _ in 0..40 {
        let proxy = proxy.clone();
        clients.spawn(async move {
            let response = send(&proxy, "content").await;
            let status = response.status();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            (status, body)
        });
    }
    while let Some(answer) = clients.join_next().await {
        let content = Bytes::from_static(b"content");
        assert_eq!(answer.unwrap(), (StatusCode::OK, content));
    }
    assert_eq!(proxy.snapshot().pool.retried, 0);
}

#[tokio::test]
async fn requests_to_an_origin_that_allows_no_streams_get_503_in_time_and_open_no_further_connection()
 {
    let origin = Origin::http2(0, |_, _| async { Response::new(Full::default()) }).await;
    let settings = PoolSettings::default().queue_timeout(Duration::from_secs(1));
    let proxy = OriginProxy::new(origin.connector())
        .pool(settings)
        .limits(Limits::default().response_timeout(Duration::from_secs(1)));
    let mut clients = JoinSet::new();
    for _ in 0..10 {
        let proxy = proxy.clone();
        clients.spawn(async move { send(&proxy, "").await.status() });
    }
    // The request that opened the connection may have been sent before the SETTINGS arrived, and
    // waits for its response.
    let mut waited_for_the_response = 0;
    while let Some(status) = clients.join_next().await {
        match status.unwrap() {
            StatusCode::GATEWAY_TIMEOUT => waited_for_the_response += 1,
            status => assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE),
        }
    }
    assert!(waited_for_the_response <= 1);
    assert!(origin.counts().connections.load(SeqCst) <= 2);
}

/// A plain origin that answers the first request of each connection with these bytes, and then
/// waits for the end.
async fn answering(answer: &'static [u8]) -> (OriginProxy, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, SeqCst);
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                let _ = stream.read(&mut buffer).await;
                let _ = stream.write_all(answer).await;
                let _ = stream.read(&mut buffer).await;
            });
        }
    });
    let connector = CdnOriginConnector::builder(origin).build().unwrap();
    (OriginProxy::new(connector), connections)
}

#[tokio::test]
async fn a_connection_with_bytes_after_its_response_serves_no_other_request() {
    for answer in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok and more",
        b"HTTP/1.1 204 No Content\r\n\r\nok and more",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nevil",
    ] {
        let (proxy, connections) = answering(answer).await;
        for served in 1..=3 {
            let response = send(&proxy, "").await;
            assert!(response.status().is_success());
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert!(body.is_empty() || body == "ok", "{body:?}");
            assert_eq!(connections.load(SeqCst), served);
        }
    }
}

#[tokio::test]
async fn a_body_that_is_shorter_than_declared_is_an_error_and_ends_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 1024]).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort";
            let _ = stream.write_all(answer).await;
        }
    });
    let proxy = OriginProxy::new(CdnOriginConnector::builder(origin).build().unwrap());
    let error = send(&proxy, "").await.into_body().collect().await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::ConnectionClosed);
    while proxy.snapshot().pool.open > 0 {
        tokio::task::yield_now().await;
    }
    let snapshot = proxy.snapshot().pool;
    assert_eq!((snapshot.idle, snapshot.closed_total()), (0, 1));
}

#[tokio::test]
async fn a_flood_of_interim_responses_ends_with_the_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let flood = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        while stream
            .write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            .await
            .is_ok()
        {}
    });
    let connector = CdnOriginConnector::builder(origin).build().unwrap();
    let proxy = OriginProxy::new(connector)
        .limits(Limits::default().response_timeout(Duration::from_millis(100)));
    let response = send(&proxy, "").await;
    assert!(response.status().is_server_error());
    assert!(response.extensions().get::<Error>().is_some());
    flood.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn bytes_on_an_idle_connection_are_no_response() {
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = connections.clone();
    let signal = Arc::new(tokio::sync::Notify::new());
    let waiting = signal.clone();
    let proxy = memory::to_connections(move |mut far| {
        counted.fetch_add(1, SeqCst);
        let waiting = waiting.clone();
        async move {
            memory::read_head(&mut far).await;
            memory::write_text(&mut far, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
            waiting.notified().await;
            memory::write_text(&mut far, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil").await;
            memory::read_to_end(&mut far).await;
        }
    });
    for served in 1..=3 {
        let response = memory::send(&proxy, memory::get(&[])).await;
        assert_eq!(memory::text(response).await, "ok");
        assert_eq!(connections.load(SeqCst), served);
        memory::quiet().await;
        assert_eq!(proxy.snapshot().pool.idle, 1);
        signal.notify_one();
        memory::quiet().await;
    }
}

/// A TLS origin that answers without a length, and ends the connection in this way.
async fn until_close(authority: &Authority, says_so: bool) -> std::net::SocketAddr {
    let acceptor = TlsAcceptor::from(server_config(authority, b"http/1.1"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut tls = acceptor.accept(stream).await.unwrap();
        let _ = tls.read(&mut [0; 1024]).await;
        let _ = tls.write_all(b"HTTP/1.1 200 OK\r\n\r\nsome").await;
        let _ = tls.flush().await;
        if says_so {
            let _ = tls.shutdown().await;
        }
    });
    address
}

#[tokio::test]
async fn a_body_that_ends_with_the_connection_is_complete_only_after_close_notify() {
    for says_so in [true, false] {
        let authority = Authority::new();
        let address = until_close(&authority, says_so).await;
        let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
            .dial(address)
            .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
            .build()
            .unwrap();
        let response = send(&OriginProxy::new(connector), "").await;
        assert_eq!(response.status(), StatusCode::OK);
        let body = response.into_body().collect().await;
        match says_so {
            true => assert_eq!(body.unwrap().to_bytes(), "some"),
            false => assert_eq!(body.unwrap_err().kind(), ErrorKind::ConnectionClosed),
        }
    }
}
