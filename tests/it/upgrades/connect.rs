//! Extended CONNECT (RFC 8441): a client asks over HTTP/2, the origin is asked over HTTP/1.1.

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy, VerifyPolicy,
    proxy::{Upgrades, replace_content},
    tls::Roots,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, client::conn::http2, ext::Protocol};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::protocol::Role};

use crate::{
    groups::failover,
    memory::to,
    origin::{NAME, server_config},
    support::{Authority, Site, refused_address},
};

use super::{
    ASK, SWITCH, Scene, bytes, fields, head, rest,
    websockets::{EchoOrigin, talk},
};

/// A client's connection, once it knows that the site allows extended CONNECT.
async fn client(site: &Site) -> http2::SendRequest<Empty<Bytes>> {
    let stream = TcpStream::connect(site.address()).await.unwrap();
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    // The site's settings come before its first answer. TRACE goes no further than the proxy.
    let trace = Request::builder()
        .method(Method::TRACE)
        .uri("http://client.test/");
    let answer = sender
        .send_request(trace.body(Empty::new()).unwrap())
        .await
        .unwrap();
    assert_eq!(answer.status(), StatusCode::NOT_IMPLEMENTED);
    sender
}

fn connect(protocol: &'static str) -> Request<Empty<Bytes>> {
    Request::builder()
        .method(Method::CONNECT)
        .uri("http://client.test/chat?a=b")
        .extension(Protocol::from_static(protocol))
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "superchat")
        .body(Empty::new())
        .unwrap()
}

async fn text(response: Response<Incoming>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8_lossy(&body).into_owned()
}

/// The key of the request, answered as RFC 6455 says.
fn switch(received: &str) -> String {
    let key = received
        .lines()
        .find_map(|line| line.strip_prefix("sec-websocket-key: "));
    let accept =
        tokio_tungstenite::tungstenite::handshake::derive_accept_key(key.unwrap().as_bytes());
    SWITCH.replace("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", &accept)
}

#[tokio::test]
async fn a_websocket_over_http_2_reaches_an_origin_over_http_1() {
    let origin = EchoOrigin::start().await;
    let site = origin.site().await;
    let mut client = client(&site).await;
    // Two at a time, on one connection.
    for _ in 0..2 {
        let mut response = client.send_request(connect("websocket")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["sec-websocket-protocol"], "superchat");
        for gone in [
            "connection",
            "upgrade",
            "sec-websocket-accept",
            "content-length",
        ] {
            assert!(!response.headers().contains_key(gone), "{gone}");
        }
        let stream = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
        let socket = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        talk(socket).await;
    }
}

#[tokio::test]
async fn the_origin_is_asked_by_get_with_a_key_of_the_proxys_own() {
    let scene = Scene::new().await;
    let mut client = client(&scene.site).await;
    let answer = tokio::spawn(async move { client.send_request(connect("websocket")).await });
    let (mut origin, received) = scene.accept_request().await;
    assert!(
        received.starts_with("GET /chat?a=b HTTP/1.1\r\n"),
        "{received}"
    );
    let lines = fields(&received);
    for line in [
        "connection: upgrade",
        "host: origin.test",
        "sec-websocket-protocol: superchat",
        "sec-websocket-version: 13",
        "upgrade: websocket",
        "x-forwarded-host: client.test",
    ] {
        assert!(
            lines.contains(&line.to_owned()),
            "{line} is not in {lines:?}"
        );
    }
    origin
        .write_all(switch(&received).as_bytes())
        .await
        .unwrap();
    let mut response = answer.await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut stream = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());

    // A side that has said all may still listen, over HTTP/2 too.
    stream.write_all(b"question").await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(rest(&mut origin).await, "question");
    origin.write_all(b"answer").await.unwrap();
    assert_eq!(&bytes(&mut stream).await, b"answer");
    drop(origin);
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
    scene.until(|pool| pool.open == 0).await;
}

#[tokio::test]
async fn a_client_who_resets_the_stream_closes_the_origins_side() {
    let scene = Scene::new().await;
    let mut client = client(&scene.site).await;
    let answer = tokio::spawn(async move {
        let response = client.send_request(connect("websocket")).await;
        (client, response.unwrap())
    });
    let (mut origin, received) = scene.accept_request().await;
    origin
        .write_all(switch(&received).as_bytes())
        .await
        .unwrap();
    let (_client, response) = answer.await.unwrap();
    drop(response);
    assert_eq!(rest(&mut origin).await, "");
    drop(origin);
    scene.until(|pool| pool.open == 0).await;
}

#[tokio::test]
async fn a_refusal_passes_with_its_content() {
    let scene = Scene::new().await;
    let mut client = client(&scene.site).await;
    let answer = tokio::spawn(async move { client.send_request(connect("websocket")).await });
    let (mut origin, _) = scene.accept_request().await;
    let refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
    origin.write_all(refusal).await.unwrap();
    let response = answer.await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(text(response).await, "no");
    assert_eq!(rest(&mut origin).await, "");
}

#[tokio::test]
async fn a_200_of_the_origin_is_not_taken_for_a_switch() {
    for answer in ["200 OK", "204 No Content"] {
        let scene = Scene::new().await;
        let mut client = client(&scene.site).await;
        let response = tokio::spawn(async move { client.send_request(connect("websocket")).await });
        let (mut origin, received) = scene.accept_request().await;
        let answer = switch(&received).replace("101 Switching Protocols", answer);
        origin.write_all(answer.as_bytes()).await.unwrap();
        let response = response.await.unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
        let status = response.headers()["proxy-status"].to_str().unwrap();
        assert_eq!(status, "cdn-origin;error=http_upgrade_failed");
        assert_eq!(rest(&mut origin).await, "");
    }
}

#[tokio::test]
async fn connect_to_anything_else_is_501() {
    let scene = Scene::new().await;
    let mut client = client(&scene.site).await;
    let plain = Request::builder()
        .method(Method::CONNECT)
        .uri("other.test:443");
    for request in [connect("connect-udp"), plain.body(Empty::new()).unwrap()] {
        let response = client.send_request(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_IMPLEMENTED);
    }
    let none: OriginProxy = scene.proxy.clone().upgrades(Upgrades::none());
    let site = Site::serve(axum::Router::new().fallback_service(none)).await;
    let mut client = self::client(&site).await;
    let response = client.send_request(connect("websocket")).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_IMPLEMENTED);
    assert_eq!(scene.proxy.snapshot().pool.open, 0);
}

#[tokio::test]
async fn a_hook_that_replaces_pages_replaces_no_tunnel() {
    let html = http::HeaderValue::from_static("text/html");
    let scene = Scene::with(|proxy| {
        proxy.map_response(move |response| replace_content(response, html.clone(), "a page"))
    })
    .await;
    let mut client = client(&scene.site).await;
    let answer = tokio::spawn(async move { client.send_request(connect("websocket")).await });
    let (mut origin, received) = scene.accept_request().await;
    let switch = switch(&received) + "first";
    origin.write_all(switch.as_bytes()).await.unwrap();
    let mut response = answer.await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut stream = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
    assert_eq!(&bytes(&mut stream).await, b"first");
}

#[tokio::test]
async fn the_last_words_of_an_origin_that_ends_tls_without_notice_reach_clients_of_all_protocols() {
    let authority = Authority::new();
    let acceptor = tokio_rustls::TlsAcceptor::from(server_config(&authority, b"http/1.1"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
        .dial(listener.local_addr().unwrap())
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
        .build()
        .unwrap();
    let scene = Scene::before(listener, OriginProxy::new(connector)).await;
    let answer_and_cut = async || {
        let (stream, _) = scene.origin.accept().await.unwrap();
        let mut tls = acceptor.accept(stream).await.unwrap();
        let received = head(&mut tls).await;
        tls.write_all((switch(&received) + "first").as_bytes())
            .await
            .unwrap();
        tls.write_all(b" and last").await.unwrap();
        tls.flush().await.unwrap();
        // The stream ends without close_notify.
        drop(tls.into_inner().0);
    };
    let mut over_http1 = scene.client(ASK).await;
    answer_and_cut().await;
    let response_head = head(&mut over_http1).await;
    assert!(
        response_head.starts_with("HTTP/1.1 101 "),
        "{response_head}"
    );
    assert_eq!(rest(&mut over_http1).await, "first and last");

    let mut client = client(&scene.site).await;
    let answer = tokio::spawn(async move {
        let response = client.send_request(connect("websocket")).await;
        (client, response.unwrap())
    });
    answer_and_cut().await;
    let (_client, mut response) = answer.await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut stream = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
    assert_eq!(rest(&mut stream).await, "first and last");
}

#[tokio::test]
async fn frames_that_follow_the_request_wait_for_the_101() {
    let scene = Scene::new().await;
    let stream = TcpStream::connect(scene.site.address()).await.unwrap();
    let (mut sender, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let trace = Request::builder()
        .method(Method::TRACE)
        .uri("http://client.test/");
    let (answer, _) = sender.send_request(trace.body(()).unwrap(), true).unwrap();
    answer.await.unwrap();
    let (parts, _) = connect("websocket").into_parts();
    let mut parts = parts;
    parts
        .extensions
        .insert(h2::ext::Protocol::from_static("websocket"));
    let (answer, mut stream) = sender
        .send_request(Request::from_parts(parts, ()), false)
        .unwrap();
    stream.send_data("question".into(), true).unwrap();
    let (mut origin, received) = scene.accept_request().await;
    let switch = switch(&received) + "answer";
    origin.write_all(switch.as_bytes()).await.unwrap();
    let response = answer.await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut body = response.into_body();
    assert_eq!(&body.data().await.unwrap().unwrap()[..], b"answer");
    assert_eq!(rest(&mut origin).await, "question");
    origin.write_all(b"last").await.unwrap();
    drop(origin);
    let mut last = Vec::new();
    while let Some(data) = body.data().await {
        last.extend_from_slice(&data.unwrap());
    }
    assert_eq!(last, b"last");
    scene.until(|pool| pool.open == 0).await;
}

#[tokio::test]
async fn a_tunnel_over_http_2_falls_back_to_an_origin_that_can_be_reached() {
    let refused = refused_address();
    let primary = CdnOriginConnector::builder("http://origin.example").dial(refused.address());
    let backup = EchoOrigin::start().await;
    let group = failover(primary.build().unwrap(), backup.proxy());
    let group = group.build().unwrap();
    let site = Site::serve(axum::Router::new().fallback_service(group)).await;
    let mut client = client(&site).await;
    let mut response = client.send_request(connect("websocket")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let stream = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
    talk(WebSocketStream::from_raw_socket(stream, Role::Client, None).await).await;
}

#[tokio::test]
async fn a_failing_status_is_retried_at_the_next_origin_as_for_a_get() {
    let failing = to(|_| async {
        let response = Response::builder().status(StatusCode::SERVICE_UNAVAILABLE);
        response.body(Empty::<Bytes>::new()).unwrap()
    });
    let backup = EchoOrigin::start().await;
    let group = failover(failing, backup.proxy()).build().unwrap();
    let site = Site::serve(axum::Router::new().fallback_service(group)).await;
    talk(super::websockets::client(&site).await).await;
    let mut client = client(&site).await;
    let mut response = client.send_request(connect("websocket")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let stream = TokioIo::new(hyper::upgrade::on(&mut response).await.unwrap());
    talk(WebSocketStream::from_raw_socket(stream, Role::Client, None).await).await;
}
