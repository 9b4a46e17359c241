//! TLS versions and application protocols.

use cdn_origin::{
    TlsVersion,
    diagnosis::{CauseId, Certainty},
    error::{ErrorKind, Stage},
    tls::{Alpn, rustls},
};
use http::Uri;
use tower::ServiceExt;

use crate::{
    failing::{check, error, serving, to},
    support::{Authority, Edge},
};

#[tokio::test]
async fn an_edge_with_tls_1_2_only_against_a_client_with_1_3_only_names_both_ranges() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .tls_versions(&[&rustls::version::TLS12])
        .start()
        .await;
    let builder = to(&edge, &authority, "www.example.test").tls_versions(TlsVersion::V1_3..);
    let error = error(builder).await;
    assert_eq!(error.stage(), Stage::Handshake);
    check(
        &error,
        CauseId::NoCommonTlsVersion,
        Certainty::Certain,
        ".tls_versions(TlsVersion::V1_2..)",
    );
    let why = error.diagnosis().likeliest().unwrap().text().to_owned();
    assert_eq!(
        why,
        "the ClientHello offered only TLS 1.3, and the origin supports only TLS 1.2 or older"
    );
}

#[tokio::test]
async fn an_edge_with_tls_1_3_only_against_a_client_with_1_2_only_names_both_ranges() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .tls_versions(&[&rustls::version::TLS13])
        .start()
        .await;
    let builder = to(&edge, &authority, "www.example.test").tls_versions(..=TlsVersion::V1_2);
    let error = error(builder).await;
    check(
        &error,
        CauseId::NoCommonTlsVersion,
        Certainty::Certain,
        ".tls_versions(TlsVersion::V1_2..)",
    );
    assert!(error.report().to_string().contains("offered only TLS 1.2"));
}

#[tokio::test]
async fn both_versions_are_spoken_by_default() {
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let authority = Authority::new();
        let edge = Edge::builder(&authority)
            .serves("www.example.test")
            .tls_versions(&[version])
            .start()
            .await;
        let connector = to(&edge, &authority, "www.example.test").build().unwrap();
        let stream = connector.oneshot(Uri::default()).await.unwrap();
        let session = stream.info().facts().tls_session().unwrap().clone();
        let expected = match version.version {
            rustls::ProtocolVersion::TLSv1_2 => TlsVersion::V1_2,
            _ => TlsVersion::V1_3,
        };
        assert_eq!(session.version, expected);
        assert_eq!(session.protocol.as_deref(), Some("h2"));
    }
}

#[tokio::test]
async fn h2_is_offered_before_http_1_1_and_each_can_be_offered_exclusively() {
    for (alpn, offered) in [
        (Alpn::Http2OrHttp1, vec!["h2", "http/1.1"]),
        (Alpn::Http2, vec!["h2"]),
        (Alpn::Http1, vec!["http/1.1"]),
    ] {
        let authority = Authority::new();
        let edge = serving(&authority).await;
        let connector = to(&edge, &authority, "www.example.test")
            .alpn(alpn)
            .build()
            .unwrap();
        connector.oneshot(Uri::default()).await.unwrap();
        assert_eq!(edge.hellos()[0].alpn, offered);
    }
}

#[tokio::test]
async fn required_h2_that_the_edge_refuses_is_an_error() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .alpn(&["http/1.1"])
        .start()
        .await;
    let error = error(to(&edge, &authority, "www.example.test").alpn(Alpn::Http2)).await;
    assert_eq!(error.facts().alert().map(|alert| alert.code()), Some(120));
    check(
        &error,
        CauseId::AlpnNotAccepted,
        Certainty::Certain,
        ".alpn(Alpn::Http2OrHttp1)",
    );
}

#[tokio::test]
async fn required_h2_that_the_edge_passes_over_in_silence_is_an_error() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .alpn(&[])
        .start()
        .await;
    let refused = error(to(&edge, &authority, "www.example.test").alpn(Alpn::Http2)).await;
    assert_eq!(refused.kind(), ErrorKind::ProtocolNotNegotiated);
    check(
        &refused,
        CauseId::AlpnNotAccepted,
        Certainty::Certain,
        ".alpn(Alpn::Http2OrHttp1)",
    );

    let connector = to(&edge, &authority, "www.example.test").build().unwrap();
    let stream = connector.oneshot(Uri::default()).await.unwrap();
    assert_eq!(stream.info().facts().tls_session().unwrap().protocol, None);
}
