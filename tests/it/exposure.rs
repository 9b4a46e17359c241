//! Diagnosis disclosure: clients receive no diagnosis unless it is configured.

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, HostRewriteLayer, OriginProxy,
    proxy::{ProxyBody, Via},
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use tower::ServiceExt;

use crate::{
    failing::{serving, to},
    support::{Authority, Edge, HostMismatch, refused_address},
};

const NAME: &str = "www.example.test";

async fn visit(proxy: &OriginProxy, host: &str) -> Response<ProxyBody> {
    let request = Request::get("/secret?token=secret").header("host", host);
    let request = request.header("authorization", "Bearer secret");
    let request = request.body(Full::<Bytes>::default()).unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    response
}

/// The members of `Proxy-Status`, one a line.
fn proxy_status(response: &Response<ProxyBody>) -> Vec<&str> {
    let lines = response.headers().get_all("proxy-status").iter();
    lines.map(|line| line.to_str().unwrap()).collect()
}

#[tokio::test]
async fn an_error_of_our_own_tells_its_cause_only_when_asked() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, "d1234567890.cloudfront.test")
        .host(NAME)
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector);
    let without =
        r#"cdn-origin;error=tls_alert_received;alert-id=40;alert-message="handshake_failure""#;
    assert_eq!(proxy_status(&visit(&proxy, "client.test").await), [without]);

    let response = visit(&proxy.disclose_diagnosis(), "client.test").await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    // Quotes are escaped as RFC 9651 section 3.3.3 says.
    let details = r#";details="sni_not_served, likely; fix: .sni(\"www.example.test\"), or another name that the edge serves""#;
    assert_eq!(proxy_status(&response), [format!("{without}{details}")]);
    let text = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(text, "502 Bad Gateway\n");
}

#[tokio::test]
async fn a_proxy_that_has_a_name_says_which_of_several_it_is() {
    let refused = refused_address();
    let connector = CdnOriginConnector::builder(format!("http://{}", refused.address()))
        .build()
        .unwrap();
    // A token does not begin with a digit, in a structured field.
    for (name, member) in [
        ("edge-7.example:8443", "edge-7.example:8443"),
        ("7-edge", "\"7-edge\""),
    ] {
        let proxy = OriginProxy::new(connector.clone()).via(Via::named(name).unwrap());
        let response = visit(&proxy, "client.test").await;
        assert_eq!(
            proxy_status(&response),
            [format!("{member};error=connection_refused")]
        );
    }
}

#[tokio::test]
async fn a_refusal_of_the_edge_tells_its_cause_after_what_others_said_of_it() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(NAME)
        .respond(|_| {
            Response::builder()
                .status(421)
                .header("proxy-status", "edge; error=http_request_denied")
                .body(Bytes::new())
                .unwrap()
        })
        .start()
        .await;
    let connector = to(&edge, &authority, NAME).build().unwrap();
    let proxy = OriginProxy::new(connector).host_rewrite(HostRewriteLayer::preserve());
    let theirs = "edge; error=http_request_denied";
    assert_eq!(proxy_status(&visit(&proxy, "client.test").await), [theirs]);

    let response = visit(&proxy.disclose_diagnosis(), "client.test").await;
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    let ours = concat!(
        r#"cdn-origin;received-status=421;details="sni_and_host_disagree, likely; "#,
        r#"fix: HostRewriteLayer::to(\"www.example.test\"), or another name that the edge serves""#
    );
    assert_eq!(proxy_status(&response), [theirs, ours]);
}

#[tokio::test]
async fn what_is_no_refusal_says_nothing() {
    let authority = Authority::new();
    for status in [200, 404, 500] {
        let edge = Edge::builder(&authority)
            .serves(NAME)
            .respond(move |_| {
                let response = Response::builder().status(status);
                response.body(Bytes::from_static(b"honest")).unwrap()
            })
            .start()
            .await;
        let connector = to(&edge, &authority, NAME).build().unwrap();
        let proxy = OriginProxy::new(connector).disclose_diagnosis();
        let response = visit(&proxy, "client.test").await;
        assert_eq!(response.status().as_u16(), status);
        assert!(proxy_status(&response).is_empty());
    }
}

#[tokio::test]
async fn no_address_and_nothing_of_the_request_is_disclosed() {
    let refused = refused_address();
    let closed = CdnOriginConnector::builder(format!("http://{}", refused.address()));

    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(NAME)
        .host_mismatch(HostMismatch::Misdirected421)
        .start()
        .await;
    // The fix would be https at the same address.
    let plain = CdnOriginConnector::builder(format!("http://127.0.0.1:{}", edge.port()));

    for (builder, expected) in [
        (
            closed,
            r#"cdn-origin;error=connection_refused;details="nothing_listens, likely"#,
        ),
        (
            plain,
            r#"cdn-origin;received-status=400;details="http_to_tls_port, likely""#,
        ),
    ] {
        let proxy = OriginProxy::new(builder.build().unwrap()).disclose_diagnosis();
        let response = visit(&proxy, "client.test").await;
        let [member] = proxy_status(&response)[..] else {
            panic!("one member: {:?}", response.headers());
        };
        assert!(member.starts_with(expected), "{member}");
        for secret in ["127.0.0.1", "secret", "token"] {
            assert!(!member.contains(secret), "{member}");
        }
    }
}

#[tokio::test]
async fn a_grpc_call_receives_the_diagnosis_too() {
    let refused = refused_address();
    let connector = CdnOriginConnector::builder(format!("http://{}", refused.address()))
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector).disclose_diagnosis();
    let request = Request::post("/svc/Method")
        .header("host", "client.test")
        .header("content-type", "application/grpc")
        .body(Full::<Bytes>::default())
        .unwrap();
    let Ok(response) = proxy.oneshot(request).await;
    assert_eq!(response.headers()["grpc-status"], "14");
    let proxy_status = proxy_status(&response).concat();
    assert!(
        proxy_status.contains("details=\"nothing_listens, likely"),
        "{proxy_status}"
    );
}
