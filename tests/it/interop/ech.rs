//! Go's crypto/tls as the origin: it decrypts a ClientHello and sends retry configurations.

use cdn_origin::{
    OriginProxy,
    connector::CdnOriginBuilder,
    error::{EchStatus, ErrorKind, TlsSession},
    tls::Ech,
};
use http::Response;

use crate::{
    ech::{PUBLIC, published_by},
    interop::{
        client::{NAME, answer, ask, connector, refusal, session},
        server::{Folder, Server},
    },
    support::Authority,
};

/// A server with these arguments, a builder for it, and its ECH configuration.
fn serving(arguments: &str) -> (Server, CdnOriginBuilder, Ech) {
    let authority = Authority::new();
    let folder = Folder::new()
        .certified("site", &authority.issue(&[NAME]))
        .certified("public", &authority.issue(&[PUBLIC]));
    let (go, list) = Server::go(folder, arguments);
    let connector = connector(&go, &authority);
    (go, connector, Ech::config_list(list))
}

fn sni_and_session(response: &Response<String>) -> (&str, &TlsSession) {
    (response.body(), session(response))
}

#[tokio::test]
#[ignore = "needs go"]
async fn go_decrypts_the_client_hello() {
    for arguments in ["", "-p256"] {
        let (_go, connector, published) = serving(arguments);
        let response = answer(connector.ech(published.required())).await;
        let (sni, session) = sni_and_session(&response);
        assert_eq!(sni, format!("name {NAME}, accepted true, resumed false"));
        assert_eq!(session.ech, EchStatus::Accepted);
    }
}

#[tokio::test]
#[ignore = "needs go"]
async fn go_resumes_a_session_with_ech() {
    let (_go, connector, published) = serving("");
    let connector = connector.ech(published).build().unwrap();
    for resumed in [false, true] {
        // A separate pool, and so a new connection.
        let response = ask(&OriginProxy::new(connector.clone())).await;
        let (sni, session) = sni_and_session(&response);
        assert_eq!(
            sni,
            format!("name {NAME}, accepted true, resumed {resumed}")
        );
        assert_eq!(session.ech, EchStatus::Accepted);
        assert_eq!(session.resumed, resumed);
    }
}

#[tokio::test]
#[ignore = "needs go"]
async fn go_rejects_a_stale_configuration_and_its_retry_configuration_is_used_once() {
    for arguments in ["", "-p256"] {
        let (_go, connector, _) = serving(arguments);
        let stale = published_by(PUBLIC).required();
        let connector = connector.ech(stale).build().unwrap();
        // The retry configuration applies to one connection; the next one starts with the stale one
        // again. The ticket of the first connection is used up by its rejected ClientHello.
        for _ in 0..2 {
            let response = ask(&OriginProxy::new(connector.clone())).await;
            let (sni, session) = sni_and_session(&response);
            assert_eq!(sni, format!("name {NAME}, accepted true, resumed false"));
            assert_eq!(session.ech, EchStatus::AcceptedOnRetry);
        }
    }
}

#[tokio::test]
#[ignore = "needs go"]
async fn go_without_a_retry_configuration_is_connected_to_without_ech_unless_required() {
    let (_go, connector, _) = serving("-silent");
    let stale = published_by(PUBLIC);
    let response = answer(connector.clone().ech(stale.clone())).await;
    let (sni, session) = sni_and_session(&response);
    assert_eq!(sni, format!("name {NAME}, accepted false, resumed false"));
    assert_eq!(session.ech, EchStatus::Disabled);

    let error = refusal(connector.ech(stale.required())).await;
    assert_eq!(error.kind(), ErrorKind::EchRejected);
}

#[tokio::test]
#[ignore = "needs go"]
async fn go_that_rejects_its_retry_configuration_gets_no_third_attempt() {
    let (_go, connector, published) = serving("-confused");
    for ech in [published, published_by(PUBLIC)] {
        let error = refusal(connector.clone().ech(ech)).await;
        assert_eq!(error.kind(), ErrorKind::EchRejected);
        assert_eq!(
            error.facts().certificates().first().unwrap().names(),
            [PUBLIC]
        );
    }
}

#[tokio::test]
#[ignore = "needs go"]
async fn go_that_sends_hundreds_of_retry_configurations_makes_no_long_report() {
    let (_go, connector, published) = serving("-confused -configs 600");
    let error = refusal(connector.ech(published.required())).await;
    assert_eq!(error.kind(), ErrorKind::EchRejected);
    let report = error.report().to_string();
    assert!(report.lines().count() <= 60, "{report}");
    for line in report.lines() {
        assert!(line.chars().count() <= 80, "{line}\n{report}");
    }
    let mut level: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(shown) = level {
        let texts = [shown.to_string(), format!("{shown:?}")];
        assert!(texts.iter().all(|text| text.len() < 2_000), "{texts:?}");
        level = shown.source();
    }
}
