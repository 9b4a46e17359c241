//! Connections that nginx closes while the proxy would still use them.

use axum::body::Body;
use cdn_origin::{OriginProxy, connector::CdnOriginBuilder, tls::Alpn};
use http::{Request, StatusCode};

use crate::{
    interop::{
        client::{NAME, ask, connector, send},
        server::{Folder, Server},
    },
    support::Authority,
};

/// An nginx with few requests per connection, which responds with their number, and a builder for
/// it.
fn with_few_requests_per_connection() -> (Server, CdnOriginBuilder) {
    let authority = Authority::new();
    let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
    let servers = "
        keepalive_requests 3;
        client_max_body_size 1k;
        server {
            listen LISTEN ssl http2;
            ssl_certificate site.pem;
            ssl_certificate_key site.pem;
            location / { return 200 $connection_requests; }
            location /upload { proxy_pass http://LISTEN; }
        }";
    let nginx = Server::nginx(folder, servers);
    let connector = connector(&nginx, &authority);
    (nginx, connector)
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_may_close_a_connection_after_a_few_requests_without_a_failed_request() {
    for alpn in [Alpn::Http2, Alpn::Http1] {
        let (_nginx, connector) = with_few_requests_per_connection();
        let proxy = OriginProxy::new(connector.alpn(alpn).build().unwrap());
        for number in ["1", "2", "3"].into_iter().cycle().take(30) {
            let response = ask(&proxy).await;
            assert_eq!(response.status(), StatusCode::OK, "{}", response.body());
            assert_eq!(response.body(), number);
        }
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_may_refuse_an_upload_early_and_the_client_receives_the_response() {
    for alpn in [Alpn::Http2, Alpn::Http1] {
        let (_nginx, connector) = with_few_requests_per_connection();
        let proxy = OriginProxy::new(connector.alpn(alpn).build().unwrap());
        let upload = Request::post("/upload").header("host", "client.test");
        let body = Body::from(vec![b'x'; 2_000_000]);
        let response = send(&proxy, upload.body(body).unwrap()).await;
        assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }
}
