//! Which requests ask for an upgrade, which are ordinary ones, and which are malformed.

use axum::body::Body;
use cdn_origin::proxy::{Upgrades, Via};
use http::{Request, StatusCode};
use tokio::io::AsyncWriteExt;
use tower::ServiceExt;

use super::{ASK, Scene, bytes, fields, head, rest};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";

#[tokio::test]
async fn the_origin_is_asked_for_the_protocol_that_the_client_asked_for() {
    let scene = Scene::with(|proxy| proxy.via(Via::named("edge-7").unwrap())).await;
    let _client = scene.client(ASK).await;
    let (_origin, received) = scene.accept_request().await;
    assert!(
        received.starts_with("GET /chat?a=b HTTP/1.1\r\n"),
        "{received}"
    );
    assert_eq!(
        fields(&received),
        [
            "connection: upgrade",
            "host: origin.test",
            "sec-websocket-key: dghlihnhbxbszsbub25jzq==",
            "sec-websocket-protocol: chat, superchat",
            "sec-websocket-version: 13",
            "upgrade: websocket",
            "via: 1.1 edge-7",
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-host: client.test",
            "x-forwarded-proto: http",
            "x-real-ip: 127.0.0.1",
        ]
    );
}

#[tokio::test]
async fn an_upgrade_is_the_only_connection_option_even_beside_te() {
    let scene = Scene::with(|proxy| proxy).await;
    let ask = ASK.replacen("\r\n", "\r\nConnection: TE\r\nTE: trailers\r\n", 1);
    let _client = scene.client(&ask).await;
    let (_origin, received) = scene.accept_request().await;
    let received = fields(&received);
    let options = received
        .iter()
        .filter(|line| line.starts_with("connection:"));
    assert_eq!(options.collect::<Vec<_>>(), ["connection: upgrade"]);
    assert!(
        !received.iter().any(|line| line.starts_with("te:")),
        "{received:?}"
    );
}

#[tokio::test]
async fn of_several_protocols_the_first_that_is_allowed_is_asked_for_alone() {
    let scene =
        Scene::with(|proxy| proxy.upgrades(Upgrades::default().and("x-echo").unwrap())).await;
    let ask = "GET / HTTP/1.1\r\nHost: client.test\r\nConnection: Upgrade, HTTP2-Settings\r\n\
        Upgrade: h2c, X-Other/1\r\nUpgrade: X-Echo, websocket\r\nHTTP2-Settings: AAMAAABk\r\n\r\n";
    let _client = scene.client(ask).await;
    let (_origin, received) = scene.accept_request().await;
    let received = fields(&received);
    assert!(
        received.contains(&"upgrade: x-echo".to_owned()),
        "{received:?}"
    );
    assert!(
        !received
            .iter()
            .any(|line| line.starts_with("http2-settings")),
        "{received:?}"
    );
}

#[tokio::test]
async fn what_is_no_upgrade_goes_on_as_an_ordinary_request() {
    let ordinary = [
        // Not allowed.
        (
            "GET / HTTP/1.1",
            "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        ),
        // Not named by `Connection`.
        ("GET / HTTP/1.1", "Upgrade: websocket\r\n\r\n"),
        // Nothing to switch to.
        ("GET / HTTP/1.1", "Connection: upgrade\r\n\r\n"),
        // HTTP/1.0 has no upgrades.
        (
            "GET / HTTP/1.0",
            "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        ),
        // Content, so that a switch would be ambiguous.
        (
            "POST / HTTP/1.1",
            "Connection: upgrade\r\nUpgrade: x-echo\r\nContent-Length: 2\r\n\r\nhi",
        ),
    ];
    for (line, fields_and_content) in ordinary {
        let upgrades = Upgrades::default().and("x-echo").unwrap();
        let scene = Scene::with(|proxy| proxy.upgrades(upgrades)).await;
        let ask = format!("{line}\r\nHost: client.test\r\n{fields_and_content}");
        let mut client = scene.client(&ask).await;
        let (mut origin, received) = scene.accept_request().await;
        let unasked =
            |line: &String| !line.starts_with("upgrade") && !line.starts_with("connection");
        assert!(fields(&received).iter().all(unasked), "{ask}{received}");
        origin.write_all(OK).await.unwrap();
        let answer = head(&mut client).await;
        assert!(answer.contains(" 200 OK\r\n"), "{answer}");
        assert_eq!(scene.proxy.snapshot().pool.tunnels, 0);
    }
}

#[tokio::test]
async fn no_protocol_may_be_switched_to_where_none_is_allowed() {
    let scene = Scene::with(|proxy| proxy.upgrades(Upgrades::none())).await;
    let _client = scene.client(ASK).await;
    let (_origin, received) = scene.accept_request().await;
    assert!(
        !received.to_ascii_lowercase().contains("upgrade"),
        "{received}"
    );
}

#[tokio::test]
async fn a_malformed_handshake_is_400_and_the_origin_hears_nothing_of_it() {
    let malformed = [
        ASK.replace("GET", "POST"),
        ASK.replace("Sec-WebSocket-Key", "X-Key"),
        ASK.replace("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ=="),
        ASK.replace("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13, 8"),
        ASK.replace("Sec-WebSocket-Version: 13\r\n", ""),
        ASK.replace(
            "Host",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nHost",
        ),
        ASK.replace("Host", "Content-Length: 2\r\nHost") + "hi",
        ASK.replace("Host", "Transfer-Encoding: chunked\r\nHost") + "2\r\nhi\r\n0\r\n\r\n",
    ];
    let scene = Scene::new().await;
    for ask in malformed {
        let mut client = scene.client(&ask).await;
        let answer = head(&mut client).await;
        assert!(
            answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{ask}{answer}"
        );
        assert!(answer.contains("error=http_request_error"), "{answer}");
    }
    assert_eq!(scene.proxy.snapshot().pool.open, 0);
}

#[tokio::test]
async fn bytes_that_follow_an_upgrade_wait_for_the_101() {
    let scene = Scene::new().await;
    let mut client = scene.client(&format!("{ASK}early")).await;
    let (mut origin, _) = scene.accept_request().await;
    origin.write_all(super::SWITCH.as_bytes()).await.unwrap();
    assert_eq!(&bytes(&mut origin).await, b"early");
    let _ = head(&mut client).await;
}

#[tokio::test]
async fn bytes_that_follow_a_refused_upgrade_never_reach_its_connection() {
    let scene = Scene::new().await;
    let smuggled = "GET /smuggled HTTP/1.1\r\nHost: client.test\r\n\r\n";
    let _client = scene.client(&format!("{ASK}{smuggled}")).await;
    let (mut origin, _) = scene.accept_request().await;
    let refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
    origin.write_all(refusal).await.unwrap();
    // What follows is a request of its own, on a connection of its own.
    assert_eq!(rest(&mut origin).await, "");
    let (_other, received) = scene.accept_request().await;
    assert!(
        received.starts_with("GET /smuggled HTTP/1.1\r\n"),
        "{received}"
    );
}

#[tokio::test]
async fn a_server_that_cannot_switch_gets_an_ordinary_answer() {
    let scene = Scene::new().await;
    let request = Request::get("/")
        .header("host", "client.test")
        .header("connection", "upgrade")
        .header("upgrade", "websocket");
    let request = request.body(Body::empty()).unwrap();
    // No server around the proxy: there is nothing to be switched.
    let answer = tokio::spawn(scene.proxy.clone().oneshot(request));
    let (mut origin, received) = scene.accept_request().await;
    assert!(
        !received.to_ascii_lowercase().contains("upgrade"),
        "{received}"
    );
    origin.write_all(OK).await.unwrap();
    let Ok(answer) = answer.await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_origin_that_cannot_be_reached_is_502_for_an_upgrade_too() {
    let scene = Scene::new().await;
    let (site, origin) = (scene.site, scene.origin);
    drop(origin);
    let mut client = tokio::net::TcpStream::connect(site.address())
        .await
        .unwrap();
    client.write_all(ASK.as_bytes()).await.unwrap();
    let answer = head(&mut client).await;
    assert!(
        answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"),
        "{answer}"
    );
    assert!(answer.contains("error=connection_refused"), "{answer}");
    assert_eq!(scene.proxy.snapshot().pool.open, 0);
}
