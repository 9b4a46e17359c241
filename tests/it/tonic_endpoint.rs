//! tonic's endpoint of a connector whose four names differ.

use cdn_origin::{
    Alpn, CdnOriginConnector, Error, SpkiPin, VerifyPolicy,
    adapt::tonic::{channel, connect},
    error::{BuildProblemKind, ErrorKind},
};
use http::{Request, Version};
use tower::ServiceExt;

use crate::{
    failing::to,
    support::{Authority, Edge},
};

fn call() -> Request<tonic::body::Body> {
    Request::post("/service/Method")
        .body(tonic::body::Body::empty())
        .unwrap()
}

#[tokio::test]
async fn eager_and_lazy_channels_use_all_four_names() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with(
            "sni.example.test",
            authority.issue(&["expected.example.test"]),
        )
        .start()
        .await;
    let connector = to(&edge, &authority, "sni.example.test")
        .expected_name("expected.example.test")
        .host("host.example.test")
        .alpn(Alpn::Http2)
        .build()
        .unwrap();
    let eager = connect(&connector).await.unwrap();
    let lazy = channel(&connector).unwrap();
    for channel in [eager, lazy] {
        assert_eq!(channel.oneshot(call()).await.unwrap().status(), 200);
    }
    let seen = edge.wait_for_requests(2).await;
    assert_eq!(seen.version, Version::HTTP_2);
    assert_eq!(seen.authority.as_deref(), Some("host.example.test"));
}

#[tokio::test]
async fn a_status_and_an_eager_error_contain_our_report() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("sni.example.test")
        .start()
        .await;
    let connector = to(&edge, &authority, "wrong.example.test")
        .alpn(Alpn::Http2)
        .build()
        .unwrap();
    let eager = connect(&connector).await;
    let lazy = channel(&connector).unwrap();
    let status = tonic::Status::from_error(lazy.oneshot(call()).await.unwrap_err());
    let eager = eager.unwrap_err();
    for found in [Error::find_in(&*eager), Error::find_in(&status)] {
        let found = found.unwrap();
        assert_eq!(found.kind(), ErrorKind::AlertReceived);
        let report = found.report().to_string();
        assert!(report.contains("wrong.example.test"), "{report}");
    }
}

#[test]
fn a_connector_for_http1_only_is_refused() {
    let connector = CdnOriginConnector::builder("https://grpc.example.test")
        .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
        .alpn(Alpn::Http1)
        .build()
        .unwrap();
    let error = channel(&connector).unwrap_err();
    assert_eq!(error.problems()[0].setter(), "alpn");
    assert_eq!(error.problems()[0].kind(), BuildProblemKind::Contradiction);
}
