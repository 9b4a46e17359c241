//! HAProxy 2.6 as the origin.

use cdn_origin::{
    CdnOriginConnector, OriginProxy, TlsVersion,
    diagnosis::{CauseId, Certainty},
    error::{ErrorKind, Stage},
};
use http::StatusCode;

use crate::{
    interop::{
        client::{
            NAME, answer, assert_fixed_by, assert_likeliest, by_address, connector, diagnosis,
            failure, refusal, session,
        },
        server::{Folder, Server},
    },
    support::Authority,
};

/// A HAProxy with a certificate for [`NAME`] and these arguments after `bind fd@0 ssl crt
/// site.pem`.
fn serving(authority: &Authority, rest: &str) -> Server {
    let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
    let section = format!(
        "frontend edge
            bind fd@0 ssl crt site.pem {rest}
            http-request return status 200 content-type text/plain string welcome"
    );
    Server::haproxy(folder, &section)
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn haproxy_closes_on_plain_http_on_its_tls_port_and_the_diagnosis_names_the_scheme() {
    let haproxy = serving(&Authority::new(), "");
    let address = haproxy.address();
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
#[ignore = "needs haproxy"]
async fn haproxy_responds_in_http_to_a_client_hello_and_the_report_quotes_it() {
    let haproxy = Server::haproxy(
        Folder::new(),
        "frontend edge\n bind fd@0\n http-request return status 200",
    );

    let error = refusal(by_address(&haproxy)).await;

    assert_eq!(error.kind(), ErrorKind::NotTls);
    assert_eq!(error.stage(), Stage::Handshake);
    let first_bytes = error.facts().first_bytes();
    assert!(first_bytes.starts_with(b"HTTP/1.1 400 Bad request\r\n"));
    assert_likeliest(
        &error.diagnosis(),
        CauseId::PlainHttpPeer,
        Certainty::Certain,
        "dial the port on which the origin supports https",
    );
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn haproxy_with_strict_sni_sends_alert_112_when_no_sni_is_sent() {
    let authority = Authority::new();
    let haproxy = serving(&authority, "strict-sni");

    let error = refusal(connector(&haproxy, &authority).omit_sni()).await;

    assert_eq!(error.kind(), ErrorKind::AlertReceived);
    assert_eq!(error.stage(), Stage::Handshake);
    assert_eq!(error.facts().alert().unwrap().code(), 112);
    assert_likeliest(
        &error.diagnosis(),
        CauseId::SniMissing,
        Certainty::Certain,
        ".sni(\"www.example.test\"), or another name that the edge serves",
    );
    let fixed = answer(connector(&haproxy, &authority).sni(NAME)).await;
    assert_eq!(fixed.body(), "welcome");
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn haproxy_with_strict_sni_sends_alert_112_for_an_unknown_sni() {
    let authority = Authority::new();
    let haproxy = serving(&authority, "strict-sni");

    let error = refusal(connector(&haproxy, &authority).sni("other.example.test")).await;

    assert_eq!(error.kind(), ErrorKind::AlertReceived);
    assert_eq!(error.facts().alert().unwrap().code(), 112);
    assert_likeliest(
        &error.diagnosis(),
        CauseId::SniNotServed,
        Certainty::Certain,
        ".sni(\"www.example.test\"), or another name that the edge serves",
    );
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn a_421_and_a_403_of_haproxy_for_other_hosts_are_diagnosed() {
    let names = [
        ".sni(\"other.example.test\"), or another name that the edge serves",
        ".host(\"www.example.test\"), or another name that the edge serves",
    ];
    // A 421 is about the connection, and a 403 about the request.
    for (status, certainty, [first, second]) in [
        (StatusCode::MISDIRECTED_REQUEST, Certainty::Likely, names),
        (
            StatusCode::FORBIDDEN,
            Certainty::Possible,
            [names[1], names[0]],
        ),
    ] {
        let authority = Authority::new();
        let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
        let section = format!(
            "frontend edge
                bind fd@0 ssl crt site.pem alpn h2,http/1.1
                http-request return status {} unless {{ hdr(host) -i {NAME} }}
                http-request return status 200 content-type text/plain string welcome",
            status.as_u16()
        );
        let haproxy = Server::haproxy(folder, &section);
        let connector = connector(&haproxy, &authority);

        let response = answer(connector.clone().host("other.example.test")).await;

        assert_eq!(response.status(), status);
        assert_likeliest(
            diagnosis(&response),
            CauseId::SniAndHostDisagree,
            certainty,
            first,
        );
        let fixes = diagnosis(&response).likeliest().unwrap().fixes();
        assert_eq!(fixes[1].to_string(), second);
        let fixed = answer(connector.host(NAME)).await;
        assert_eq!(fixed.body(), "welcome");
        assert_eq!(session(&fixed).protocol.as_deref(), Some("h2"));
    }
}

#[tokio::test]
#[ignore = "needs haproxy"]
async fn haproxy_without_a_common_tls_version_sends_alert_70() {
    let authority = Authority::new();
    for (settings, theirs) in [
        ("ssl-max-ver TLSv1.2", TlsVersion::V1_2),
        ("ssl-min-ver TLSv1.3", TlsVersion::V1_3),
    ] {
        let haproxy = serving(&authority, settings);
        let connector = connector(&haproxy, &authority);
        let ours = match theirs {
            TlsVersion::V1_2 => TlsVersion::V1_3,
            _ => TlsVersion::V1_2,
        };

        let error = refusal(connector.clone().tls_versions(ours..=ours)).await;

        assert_eq!(error.kind(), ErrorKind::TlsVersionMismatch);
        assert_eq!(error.facts().alert().unwrap().code(), 70);
        assert_likeliest(
            &error.diagnosis(),
            CauseId::NoCommonTlsVersion,
            Certainty::Certain,
            ".tls_versions(TlsVersion::V1_2..)",
        );
        assert_eq!(session(&answer(connector).await).version, theirs);
    }
}
