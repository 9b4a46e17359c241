//! The events of failures have the four names as fields, escaped and capped.

use cdn_origin::{
    CdnOriginConnector, HostRewriteLayer, OriginProxy,
    group::{Member, OriginGroup},
};
use http::{Request, StatusCode};
use http_body_util::Full;
use tower::ServiceExt;
use tracing::Level;

use super::send;
use crate::{
    failing::to,
    support::{Authority, Edge, HostMismatch, SniRefusal, refused_address},
    tls_facts::Log,
};

fn line(log: &Log, message: &str) -> String {
    let text = log.text();
    let mut lines = text.lines().filter(|line| line.contains(message));
    let line = lines
        .next()
        .unwrap_or_else(|| panic!("no {message} in {text}"));
    assert!(lines.next().is_none(), "{text}");
    line.to_owned()
}

#[tokio::test]
async fn a_failed_handshake_is_logged_with_all_four_names() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .unknown_sni(SniRefusal::Alert(40))
        .start()
        .await;
    let connector = to(&edge, &authority, "distribution.test")
        .expected_name("expected.test")
        .host("host.test")
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector);
    let (log, _guard) = Log::start();
    let request = Request::get("/page?secret=1").header("host", "client.test");
    let request = request.header("x-token", "hidden").body(Full::default());
    let response = send(&proxy, request.unwrap()).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    let line = line(&log, "request failed");
    for field in [
        format!(" dial={} ", edge.address()),
        " sni=distribution.test ".into(),
        " expected_name=expected.test ".into(),
        " host=host.test ".into(),
        " diagnosis=likely: the edge does not serve distribution.test, the name in SNI; fix: "
            .into(),
    ] {
        assert!(line.contains(&field), "{field} is not in {line}");
    }
    for secret in ["secret", "hidden", "client.test"] {
        assert!(!line.contains(secret), "{line}");
    }
}

#[tokio::test]
async fn a_refusal_is_logged_with_all_four_names() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .host_mismatch(HostMismatch::Misdirected421)
        .start()
        .await;
    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let proxy = OriginProxy::new(connector).host_rewrite(HostRewriteLayer::preserve());
    let (log, _guard) = Log::start();
    let request = Request::get("/").header("host", "client.test");
    let response = send(&proxy, request.body(Full::default()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    let line = line(&log, "the edge refused the request");
    for field in [
        &format!(" dial={} ", edge.address()),
        " sni=www.example.test ",
        " expected_name=www.example.test ",
        " host=client.test ",
        " status=421 ",
    ] {
        assert!(line.contains(field), "{field} is not in {line}");
    }
}

#[tokio::test]
async fn a_host_that_a_client_chose_is_capped() {
    let edge = Edge::builder(&Authority::new())
        .plain_http()
        .respond(|_| {
            let response = http::Response::builder().status(403);
            response.body(bytes::Bytes::new()).unwrap()
        })
        .start()
        .await;
    let url = format!("http://{}", edge.address());
    let connector = CdnOriginConnector::builder(url).build().unwrap();
    let proxy = OriginProxy::new(connector).host_rewrite(HostRewriteLayer::preserve());
    let (log, _guard) = Log::down_to(Level::INFO);
    let request = Request::get("/").header("host", "a".repeat(2000));
    send(&proxy, request.body(Full::default()).unwrap()).await;
    let line = line(&log, "perhaps by Host");
    assert!(
        line.contains(&format!(" host={}... ", "a".repeat(260))),
        "{line}"
    );
    assert!(!line.contains(" sni="), "{line}");
}

#[tokio::test]
async fn a_403_that_may_be_about_the_host_is_logged_once_a_second_with_its_cause() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .respond(|_| {
            let response = http::Response::builder().status(403);
            response.body(bytes::Bytes::new()).unwrap()
        })
        .start()
        .await;
    let connector = to(&edge, &authority, "www.example.test")
        .host("ww.example.test")
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector);
    let (log, _guard) = Log::down_to(Level::INFO);
    for _ in 0..3 {
        let request = Request::get("/").header("host", "client.test");
        let response = send(&proxy, request.body(Full::default()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
    }
    let line = line(&log, "perhaps by Host");
    assert!(line.contains(" host=ww.example.test "), "{line}");
    assert!(line.contains(" diagnosis=possible: "), "{line}");
    assert!(line.contains(" count=1"), "{line}");
}

#[tokio::test]
async fn events_of_a_group_have_the_label_and_the_address_of_the_member() {
    let (log, _guard) = Log::down_to(Level::INFO);
    let refused = refused_address();
    let connector = CdnOriginConnector::builder(format!("http://{}", refused.address()));
    let connector = connector.label("shop").build().unwrap();
    let group = OriginGroup::builder().tier([Member::new(connector).name("a")]);
    let group = group.build().unwrap();
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Full::<bytes::Bytes>::default()).unwrap();
    let Ok(response) = group.clone().oneshot(request).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    drop(group.remove("a"));
    for message in ["request failed", "origin removed"] {
        let line = line(&log, message);
        for field in [" label=\"shop\" ", &format!(" dial={} ", refused.address())] {
            assert!(
                format!("{line} ").contains(field),
                "{field} is not in {line}"
            );
        }
    }
}
