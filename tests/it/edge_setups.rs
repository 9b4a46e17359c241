//! Two setups of the guide: an nginx and a HAProxy in front of CloudFront.

use axum::Router;
use cdn_origin::{
    CdnOriginConnector, ForwardedLayer, HostRewriteLayer, OriginProxy, TlsVersion,
    connector::AdviceId,
    tls::{Roots, VerifyPolicy, danger},
};
use http::{Request, StatusCode};
use tokio::net::TcpStream;

use crate::support::{Authority, Edge, Requests, Site};

async fn send_through(site: &Site, request: Request<bytes::Bytes>) -> http::Response<String> {
    let stream = TcpStream::connect(site.address()).await.unwrap();
    let mut client = Requests::http1(stream).await.unwrap();
    client.send(request).await.unwrap()
}

#[tokio::test]
async fn the_nginx_setup_arrives_with_every_field_that_it_sets() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("example.test")
        .start()
        .await;
    let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.test")
        .dial(edge.address().to_string())
        .sni("example.test")
        .tls_versions(TlsVersion::V1_2..=TlsVersion::V1_3)
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())))
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector)
        .host_rewrite(HostRewriteLayer::preserve())
        .forwarded(ForwardedLayer::new().append_unverified());
    let site = Site::serve(Router::new().fallback_service(proxy)).await;

    let request = Request::get("/page?query=1")
        .header("host", "example.test")
        .header("authorization", "Basic c2VjcmV0")
        .header("x-forwarded-for", "203.0.113.7")
        .body(bytes::Bytes::new())
        .unwrap();
    let response = send_through(&site, request).await;

    assert_eq!(response.status(), StatusCode::OK);
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.sni.as_deref(), Some("example.test"));
    assert_eq!(seen.authority.as_deref(), Some("example.test"));
    assert_eq!(seen.header("x-real-ip"), Some("127.0.0.1"));
    assert_eq!(
        seen.header("x-forwarded-for"),
        Some("203.0.113.7, 127.0.0.1")
    );
    assert_eq!(seen.header("x-forwarded-proto"), Some("http"));
    assert_eq!(seen.header("x-forwarded-host"), Some("example.test"));
    assert_eq!(seen.header("authorization"), Some("Basic c2VjcmV0"));
    assert!(seen.target.ends_with("/page?query=1"), "{}", seen.target);
}

#[tokio::test]
async fn the_haproxy_setup_works_without_verification_only_through_the_fence() {
    let edge_authority = Authority::new();
    let edge = Edge::builder(&edge_authority)
        .serves("my-cloudfront-domain.test")
        .start()
        .await;
    let setup = CdnOriginConnector::builder("https://my-cloudfront-domain.test")
        .dial(edge.address().to_string());

    let fenced = setup
        .clone()
        .verify(danger::accept_any_certificate())
        .build()
        .unwrap();
    assert_eq!(fenced.advice()[0].id(), AdviceId::VerificationOff);
    let site = Site::serve(Router::new().fallback_service(OriginProxy::new(fenced))).await;
    let request = Request::get("/")
        .header("host", "old-site.test")
        .body(bytes::Bytes::new())
        .unwrap();
    let response = send_through(&site, request.clone()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.authority.as_deref(), Some("my-cloudfront-domain.test"));
    assert_eq!(seen.sni.as_deref(), Some("my-cloudfront-domain.test"));

    let other = Authority::new();
    let verified = setup
        .verify(VerifyPolicy::roots(Roots::pem(other.root_pem())))
        .build()
        .unwrap();
    let site = Site::serve(Router::new().fallback_service(OriginProxy::new(verified))).await;
    let response = send_through(&site, request).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(
        response.headers()["proxy-status"],
        "cdn-origin;error=tls_certificate_error"
    );
}
