//! The setups of nginx and HAProxy in front of a CDN, with the real programs: as the origin of our
//! proxy, and as the proxy in front of the test edge, first failing and then fixed.

use axum::Router;
use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, ForwardedLayer, HostRewriteLayer, OriginProxy, TlsVersion,
    tls::{Roots, VerifyPolicy, danger},
};
use http::{Request, Response, StatusCode};
use tokio::net::TcpStream;

use crate::{
    interop::server::{Folder, Server},
    support::{Authority, Edge, Requests, Site, SniRefusal},
};

/// What nginx echoes of a request, in the order in which the setup sets the fields.
const ECHO: &str = "
    server { listen LISTEN ssl http2 default_server; ssl_reject_handshake on; }
    server {
        listen LISTEN ssl http2;
        server_name SITE;
        ssl_certificate site.pem;
        ssl_certificate_key site.pem;
        return 200 '$ssl_server_name|$http_host|$http_x_real_ip|$http_x_forwarded_for|$http_x_forwarded_proto|$http_authorization|$request_uri';
    }";

fn echoing(site: &str, authority: &Authority) -> Server {
    let folder = Folder::new().certified("site", &authority.issue(&[site]));
    Server::nginx(folder, &ECHO.replace("SITE", site))
}

/// Requests `http://<host>/page?query` from this address.
async fn request_page(address: std::net::SocketAddr, host: &str) -> Response<String> {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut client = Requests::http1(stream).await.unwrap();
    let request = Request::get("/page?query")
        .header("host", host)
        .header("authorization", "Basic c2VjcmV0")
        .header("x-forwarded-for", "203.0.113.7");
    client
        .send(request.body(Bytes::new()).unwrap())
        .await
        .unwrap()
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_real_nginx_receives_every_field_of_the_nginx_setup() {
    let authority = Authority::new();
    let nginx = echoing("example.test", &authority);
    let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.test")
        .dial(nginx.address().to_string())
        .sni("example.test")
        .tls_versions(TlsVersion::V1_2..=TlsVersion::V1_3)
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .forwarded(ForwardedLayer::new().append_unverified());
    let site = Site::serve(Router::new().fallback_service(proxy)).await;

    let response = request_page(site.address(), "example.test").await;

    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        response.body(),
        "example.test|example.test|127.0.0.1|203.0.113.7, 127.0.0.1|http|Basic c2VjcmV0|/page?query"
    );
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_real_nginx_receives_the_haproxy_setup_without_verification_and_with_it() {
    let authority = Authority::new();
    let nginx = echoing("my-cloudfront-domain.test", &authority);
    let setup = CdnOriginConnector::builder("https://my-cloudfront-domain.test")
        .dial(nginx.address().to_string());
    for policy in [
        danger::accept_any_certificate(),
        VerifyPolicy::roots(Roots::pem(authority.root_pem())),
    ] {
        let connector = setup.clone().verify(policy).build().unwrap();
        let router = Router::new().fallback_service(OriginProxy::new(connector));
        let site = Site::serve(router).await;

        let response = request_page(site.address(), "old-site.test").await;

        assert_eq!(response.status(), StatusCode::OK);
        let site = "my-cloudfront-domain.test|my-cloudfront-domain.test|";
        assert!(response.body().starts_with(site), "{}", response.body());
    }
}

/// Starts a HAProxy with this `server` line and returns its response to a client.
async fn through_haproxy(edge: &Edge, server: &str) -> Response<String> {
    let section = format!(
        "listen setup
            bind fd@0
            http-request set-header Host my-cloudfront-domain.test
            server cloudfront {} {server}",
        edge.address()
    );
    let haproxy = Server::haproxy(Folder::new(), &section);
    request_page(haproxy.address(), "old-site.test").await
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn a_real_haproxy_fails_without_ssl_without_sni_and_without_host() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("my-cloudfront-domain.test")
        .without_sni(SniRefusal::Close)
        .start()
        .await;

    let broken = through_haproxy(&edge, "").await;
    assert_eq!(broken.status(), StatusCode::BAD_REQUEST);
    let still_broken = through_haproxy(&edge, "ssl verify none").await;
    assert_eq!(still_broken.status(), StatusCode::SERVICE_UNAVAILABLE);
    let working = "ssl verify none sni str(my-cloudfront-domain.test)";
    assert_eq!(
        through_haproxy(&edge, working).await.status(),
        StatusCode::OK
    );
}

/// Starts an nginx with these additional lines and returns its response to a client.
async fn through_nginx(edge: &Edge, lines: &str) -> Response<String> {
    let servers = format!(
        "server {{
            listen LISTEN;
            location / {{
                proxy_pass https://{};
                proxy_ssl_protocols TLSv1.2;
                proxy_set_header Host $host;
                {lines}
            }}
        }}",
        edge.address()
    );
    let nginx = Server::nginx(Folder::new(), &servers);
    request_page(nginx.address(), "example.test").await
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_real_nginx_responds_502_until_it_sends_the_sni_of_the_site() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("example.test")
        .start()
        .await;

    let broken = through_nginx(&edge, "").await;
    assert_eq!(broken.status(), StatusCode::BAD_GATEWAY);
    let still_broken = through_nginx(&edge, "proxy_ssl_name example.test;").await;
    assert_eq!(still_broken.status(), StatusCode::BAD_GATEWAY);
    let working = "proxy_ssl_server_name on; proxy_ssl_name example.test;";
    assert_eq!(through_nginx(&edge, working).await.status(), StatusCode::OK);
}
