//! Requests and WebSockets through the proxy, to nginx and HAProxy over HTTP/2 and HTTP/1.1.

use axum::{
    Router,
    body::Body,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use bytes::Bytes;
use cdn_origin::{OriginProxy, connector::CdnOriginBuilder, tls::Alpn};
use http::{Method, Request, StatusCode};
use tokio::net::TcpStream;

use crate::{
    interop::{
        client::{NAME, connector, send, session},
        server::{Folder, Server},
    },
    support::{Authority, Site},
    upgrades::websockets::{PlainEcho, talk},
};

const LARGE: usize = 5_000_000;

/// The applications behind the servers.
struct Behind {
    pages: Site,
    echo: PlainEcho,
}

impl Behind {
    async fn start() -> Self {
        let pages = Router::new()
            .route("/page", get(|| async { "hello" }))
            .route("/large", get(|| async { "x".repeat(LARGE) }))
            .route(
                "/upload",
                post(|body: Bytes| async move { body.len().to_string() }),
            )
            .layer(DefaultBodyLimit::disable());
        Self {
            pages: Site::serve(pages).await,
            echo: PlainEcho::start().await,
        }
    }

    /// Starts an nginx in front of them, and returns a builder for it.
    fn nginx(&self) -> (Server, CdnOriginBuilder) {
        let authority = Authority::new();
        let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
        let servers = "
            client_max_body_size 0;
            server {
                listen LISTEN ssl http2;
                ssl_certificate site.pem;
                ssl_certificate_key site.pem;
                proxy_http_version 1.1;
                location / { proxy_pass http://PAGES; }
                location /connection { return 200 $connection; }
                location /chat {
                    proxy_pass http://ECHO;
                    proxy_set_header Upgrade $http_upgrade;
                    proxy_set_header Connection $http_connection;
                }
            }";
        let nginx = Server::nginx(folder, &self.named(servers));
        let connector = connector(&nginx, &authority);
        (nginx, connector)
    }

    /// Starts a HAProxy in front of them, and returns a builder for it.
    fn haproxy(&self) -> (Server, CdnOriginBuilder) {
        let authority = Authority::new();
        let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
        let sections = "
            frontend edge
                bind fd@0 ssl crt site.pem alpn h2,http/1.1
                http-request return status 200 content-type text/plain lf-string %[src_port] if { path /connection }
                use_backend echo if { path /chat }
                default_backend pages
            backend pages
                server pages PAGES
            backend echo
                server echo ECHO";
        let haproxy = Server::haproxy(folder, &self.named(sections));
        let connector = connector(&haproxy, &authority);
        (haproxy, connector)
    }

    fn named(&self, settings: &str) -> String {
        settings
            .replace("PAGES", &self.pages.address().to_string())
            .replace("ECHO", &self.echo.address().to_string())
    }
}

async fn everyday_requests(connector: CdnOriginBuilder) {
    for (alpn, protocol) in [(Alpn::Http2OrHttp1, "h2"), (Alpn::Http1, "http/1.1")] {
        let proxy = OriginProxy::new(connector.clone().alpn(alpn).build().unwrap());
        let ask = |method: Method, path: &'static str, body: Vec<u8>| {
            let request = Request::builder().method(method).uri(path);
            let request = request.header("host", "client.test").body(Body::from(body));
            send(&proxy, request.unwrap())
        };
        let page = ask(Method::GET, "/page", Vec::new()).await;
        assert_eq!(
            (page.status(), page.body().as_str()),
            (StatusCode::OK, "hello")
        );
        assert_eq!(session(&page).protocol.as_deref(), Some(protocol));

        let head = ask(Method::HEAD, "/page", Vec::new()).await;
        assert_eq!((head.status(), head.body().as_str()), (StatusCode::OK, ""));
        assert_eq!(head.headers()["content-length"], "5");

        let missing = ask(Method::GET, "/missing", Vec::new()).await;
        assert_eq!(missing.status(), StatusCode::NOT_FOUND);

        let uploaded = ask(Method::POST, "/upload", vec![b'x'; LARGE]).await;
        assert_eq!(uploaded.body(), &LARGE.to_string());

        let large = ask(Method::GET, "/large", Vec::new()).await;
        assert_eq!(large.body().len(), LARGE);

        let one = ask(Method::GET, "/connection", Vec::new()).await;
        let other = ask(Method::GET, "/connection", Vec::new()).await;
        assert_eq!(one.status(), StatusCode::OK);
        assert_eq!(one.body(), other.body());
        assert_eq!(proxy.snapshot().pool.open, 1);
    }
}

/// A WebSocket over a dedicated HTTP/1.1 connection, while other requests use HTTP/2.
async fn a_websocket(connector: CdnOriginBuilder) {
    let proxy = OriginProxy::new(connector.build().unwrap());
    let site = Site::serve(Router::new().fallback_service(proxy.clone())).await;
    let page = Request::get("/page").header("host", "client.test");
    let page = send(&proxy, page.body(Body::empty()).unwrap()).await;
    assert_eq!(session(&page).protocol.as_deref(), Some("h2"));

    let stream = TcpStream::connect(site.address()).await.unwrap();
    let chat = tokio_tungstenite::client_async("ws://client.test/chat", stream);
    let (socket, _) = chat.await.unwrap();
    assert_eq!(proxy.snapshot().pool.tunnels, 1);
    talk(socket).await;
    while proxy.snapshot().pool.tunnels > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn everyday_requests_reach_nginx_over_h2_and_http_1_1() {
    let behind = Behind::start().await;
    let (_nginx, connector) = behind.nginx();
    everyday_requests(connector).await;
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn everyday_requests_reach_haproxy_over_h2_and_http_1_1() {
    let behind = Behind::start().await;
    let (_haproxy, connector) = behind.haproxy();
    everyday_requests(connector).await;
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_websocket_passes_nginx() {
    let behind = Behind::start().await;
    let (_nginx, connector) = behind.nginx();
    a_websocket(connector).await;
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn a_websocket_passes_haproxy() {
    let behind = Behind::start().await;
    let (_haproxy, connector) = behind.haproxy();
    a_websocket(connector).await;
}
