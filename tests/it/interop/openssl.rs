//! `openssl s_server` 3.0 as the origin.

use cdn_origin::{
    CdnOriginConnector, OriginProxy, TlsVersion,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty},
    error::{ErrorKind, Stage},
    tls::Alpn,
};
use http::{StatusCode, Uri};
use tower::ServiceExt;

use crate::{
    interop::{
        client::{
            NAME, answer, assert_fixed_by, assert_likeliest, connector, failure, refusal, session,
        },
        server::{Folder, Server},
    },
    support::Authority,
};

/// An `openssl s_server` with a certificate for [`NAME`] and these additional arguments, and a
/// builder for it.
fn serving(arguments: &str) -> (Server, CdnOriginBuilder) {
    let authority = Authority::new();
    let folder = Folder::new()
        .certified("site", &authority.issue(&[NAME]))
        .file("root.pem", &authority.root_pem());
    let arguments = format!("-cert site.pem -key site.pem {arguments}");
    let openssl = Server::openssl(folder, &arguments);
    let connector = connector(&openssl, &authority);
    (openssl, connector)
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_reports_the_negotiated_parameters() {
    let (_openssl, connector) = serving("-tls1_2 -alpn http/1.1");
    let response = answer(connector).await;
    assert_eq!(response.status(), StatusCode::OK);
    let session = session(&response);
    assert_eq!(session.version, TlsVersion::V1_2);
    assert_eq!(session.protocol.as_deref(), Some("http/1.1"));
    assert!(response.body().contains("TLSv1.2"), "{}", response.body());
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_closes_on_plain_http_and_the_diagnosis_names_the_scheme() {
    let (openssl, _) = serving("");
    let address = openssl.address();
    let connector = CdnOriginConnector::builder(format!("http://{address}").as_str());

    let error = failure(&OriginProxy::new(connector.build().unwrap())).await;

    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    assert_eq!(error.stage(), Stage::Receive);
    assert_fixed_by(
        &error.diagnosis(),
        CauseId::HttpToTlsPort,
        &format!("CdnOriginConnector::builder(\"https://{address}\")"),
    );
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_with_servername_fatal_sends_alert_112_for_another_name() {
    // It requires a certificate for a second name too.
    let (_openssl, connector) =
        serving("-servername www.example.test -servername_fatal -cert2 site.pem -key2 site.pem");

    let error = refusal(connector.clone().sni("other.example.test")).await;

    assert_eq!(error.kind(), ErrorKind::AlertReceived);
    assert_eq!(error.stage(), Stage::Handshake);
    assert_eq!(error.facts().alert().unwrap().code(), 112);
    assert_likeliest(
        &error.diagnosis(),
        CauseId::SniNotServed,
        Certainty::Certain,
        ".sni(\"www.example.test\"), or another name that the edge serves",
    );
    assert_eq!(answer(connector.sni(NAME)).await.status(), StatusCode::OK);
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_without_a_common_tls_version_sends_alert_70() {
    for (argument, ours) in [("-tls1_2", TlsVersion::V1_3), ("-tls1_3", TlsVersion::V1_2)] {
        let (_openssl, connector) = serving(argument);

        let error = refusal(connector.tls_versions(ours..=ours)).await;

        assert_eq!(error.kind(), ErrorKind::TlsVersionMismatch);
        assert_eq!(error.facts().alert().unwrap().code(), 70);
        assert_likeliest(
            &error.diagnosis(),
            CauseId::NoCommonTlsVersion,
            Certainty::Certain,
            ".tls_versions(TlsVersion::V1_2..)",
        );
    }
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_with_tls_1_1_only_is_too_old() {
    let (_openssl, connector) = serving("-tls1_1 -cipher DEFAULT@SECLEVEL=0");

    let error = refusal(connector).await;

    assert_eq!(error.kind(), ErrorKind::TlsVersionMismatch);
    assert_eq!(error.facts().alert().unwrap().code(), 70);
    assert_likeliest(
        &error.diagnosis(),
        CauseId::NoCommonTlsVersion,
        Certainty::Certain,
        "enable TLS 1.2 or 1.3 on the origin",
    );
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_without_alpn_is_refused_if_h2_is_required() {
    let (_openssl, connector) = serving("");

    let error = refusal(connector.clone().alpn(Alpn::Http2)).await;

    assert_eq!(error.kind(), ErrorKind::ProtocolNotNegotiated);
    assert_eq!(error.stage(), Stage::Handshake);
    assert_eq!(error.facts().tls_session().unwrap().protocol, None);
    assert_likeliest(
        &error.diagnosis(),
        CauseId::AlpnNotAccepted,
        Certainty::Certain,
        ".alpn(Alpn::Http2OrHttp1)",
    );
    let fixed = answer(connector.alpn(Alpn::Http2OrHttp1)).await;
    assert_eq!(fixed.status(), StatusCode::OK);
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_that_requires_a_client_certificate_fails_a_tls_1_2_handshake_with_an_alert() {
    let (_openssl, connector) = serving("-tls1_2 -Verify 1 -CAfile root.pem");

    let error = refusal(connector).await;

    assert_eq!(error.kind(), ErrorKind::AlertReceived);
    assert_eq!(error.stage(), Stage::Handshake);
    assert_eq!(error.facts().alert().unwrap().code(), 40);
    assert_fixed_by(
        &error.diagnosis(),
        CauseId::ClientCertificateRequired,
        ".client_identity(ClientIdentity::pem(chain, key))",
    );
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_that_requires_a_client_certificate_sends_an_alert_after_a_tls_1_3_handshake() {
    let (_openssl, connector) = serving("-tls1_3 -Verify 1 -CAfile root.pem");
    let connector = connector.build().unwrap();

    // The client completes the handshake before the server checks the certificate.
    let stream = connector.clone().oneshot(Uri::default()).await.unwrap();
    assert_eq!(
        stream.info().facts().tls_session().unwrap().version,
        TlsVersion::V1_3
    );
    drop(stream);

    let error = failure(&OriginProxy::new(connector)).await;
    assert_eq!(error.kind(), ErrorKind::AlertReceived);
    assert_eq!(error.stage(), Stage::Receive);
    assert_eq!(error.facts().alert().unwrap().code(), 116);
    assert_likeliest(
        &error.diagnosis(),
        CauseId::ClientCertificateRequired,
        Certainty::Certain,
        ".client_identity(ClientIdentity::pem(chain, key))",
    );
}
