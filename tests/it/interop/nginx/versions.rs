//! TLS versions that nginx does not support, and sessions that it resumes.

use cdn_origin::{
    CdnOriginConnector, OriginProxy, TlsVersion,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty},
    error::{ErrorKind, Stage},
};
use http::StatusCode;

use crate::{
    interop::{
        client::{NAME, answer, ask, assert_likeliest, connector, refusal, session},
        server::{Folder, Server},
    },
    support::Authority,
};

/// An nginx with one TLS version and a session cache, and a builder for it.
fn speaking(version: &str) -> (Server, CdnOriginBuilder) {
    let authority = Authority::new();
    let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
    let servers = "
        ssl_session_cache shared:sessions:1m;
        ssl_session_tickets on;
        server {
            listen LISTEN ssl http2;
            ssl_protocols VERSION;
            ssl_certificate site.pem;
            ssl_certificate_key site.pem;
            return 200 'welcome';
        }"
    .replace("VERSION", version);
    let nginx = Server::nginx(folder, &servers);
    let connector = connector(&nginx, &authority);
    (nginx, connector)
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_with_tls_1_2_only_refuses_a_connector_with_tls_1_3_only() {
    let (_nginx, connector) = speaking("TLSv1.2");

    let error = refusal(connector.clone().tls_versions(TlsVersion::V1_3..)).await;

    assert_eq!(error.kind(), ErrorKind::TlsVersionMismatch);
    assert_eq!(error.stage(), Stage::Handshake);
    assert_eq!(error.facts().alert().unwrap().code(), 70);
    assert_likeliest(
        &error.diagnosis(),
        CauseId::NoCommonTlsVersion,
        Certainty::Certain,
        ".tls_versions(TlsVersion::V1_2..)",
    );
    let fixed = answer(connector.tls_versions(TlsVersion::V1_2..)).await;
    assert_eq!(session(&fixed).version, TlsVersion::V1_2);
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_with_tls_1_3_only_refuses_a_connector_with_tls_1_2_only() {
    let (_nginx, connector) = speaking("TLSv1.3");

    let error = refusal(connector.clone().tls_versions(..=TlsVersion::V1_2)).await;

    assert_eq!(error.kind(), ErrorKind::TlsVersionMismatch);
    assert_eq!(error.facts().alert().unwrap().code(), 70);
    assert_likeliest(
        &error.diagnosis(),
        CauseId::NoCommonTlsVersion,
        Certainty::Certain,
        ".tls_versions(TlsVersion::V1_2..)",
    );
    let fixed = answer(connector.tls_versions(TlsVersion::V1_2..)).await;
    assert_eq!(session(&fixed).version, TlsVersion::V1_3);
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_resumes_a_session_of_tls_1_2_for_a_clone_of_the_connector() {
    let (_nginx, connector) = speaking("TLSv1.2");
    is_resumed(&connector.build().unwrap(), TlsVersion::V1_2).await;
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_resumes_a_session_of_tls_1_3_for_a_clone_of_the_connector() {
    let (_nginx, connector) = speaking("TLSv1.3");
    is_resumed(&connector.build().unwrap(), TlsVersion::V1_3).await;
}

/// Sends two requests with separate pools, so that the second opens a new connection.
async fn is_resumed(connector: &CdnOriginConnector, version: TlsVersion) {
    for resumed in [false, true] {
        let response = ask(&OriginProxy::new(connector.clone())).await;
        assert_eq!(response.status(), StatusCode::OK);
        let session = session(&response);
        assert_eq!((session.version, session.resumed), (version, resumed));
    }
}
