//! `openssl s_server` with different keys, groups and tickets, and with client certificates.

use cdn_origin::{
    CdnOriginConnector, OriginProxy, TlsVersion,
    connector::{CdnOriginBuilder, Sessions},
    diagnosis::{CauseId, Certainty},
    error::{CertificateProblem, EarlyData, ErrorKind},
    tls::{ClientIdentity, SpkiPin, TlsParameters, VerifyPolicy},
};
use http::StatusCode;

use crate::{
    interop::{
        client::{NAME, answer, ask, assert_likeliest, connector, failure, refusal, session},
        server::{Folder, Server},
    },
    support::{Authority, Certified},
};

struct Openssl {
    authority: Authority,
    server: Server,
}

impl Openssl {
    fn start(certified: impl FnOnce(&Authority) -> Certified, arguments: &str) -> Self {
        let authority = Authority::new();
        let folder = Folder::new()
            .certified("site", &certified(&authority))
            .file("root.pem", &authority.root_pem());
        let arguments = format!("-cert site.pem -key site.pem {arguments}");
        let server = Server::openssl(folder, &arguments);
        Self { authority, server }
    }

    fn ecdsa(arguments: &str) -> Self {
        Self::start(|authority| authority.issue(&[NAME]), arguments)
    }

    fn connector(&self) -> CdnOriginBuilder {
        connector(&self.server, &self.authority)
    }

    fn identity(&self, name: &str) -> ClientIdentity {
        pem(&self.authority.issue_client(name))
    }
}

fn pem(certified: &Certified) -> ClientIdentity {
    ClientIdentity::pem(certified.cert_pem(), certified.key_pem())
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_accepts_rsa_and_ecdsa_in_both_versions() {
    for (arguments, version) in [("-tls1_2", TlsVersion::V1_2), ("-tls1_3", TlsVersion::V1_3)] {
        let rsa = Openssl::start(|authority| authority.issue_rsa(&[NAME]), arguments);
        let ecdsa = Openssl::ecdsa(arguments);
        for (openssl, kind) in [(rsa, "_RSA_"), (ecdsa, "_ECDSA_")] {
            let response = answer(openssl.connector()).await;
            assert_eq!(response.status(), StatusCode::OK);
            let session = session(&response);
            assert_eq!(session.version, version);
            let names_the_key = session.cipher_suite.contains(kind);
            assert_eq!(names_the_key, version == TlsVersion::V1_2, "{session}");
        }
    }
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn an_x509_version_1_certificate_is_unusable_with_and_without_a_pin() {
    let folder = Folder::new().version_1("site", NAME);
    let server = Server::openssl(folder, "-cert site.pem -key site.key");
    let origin = |policy| connector(&server, &Authority::new()).verify(policy);
    let failure_of =
        async |policy| failure(&OriginProxy::new(origin(policy).build().unwrap())).await;
    let strange = failure_of(VerifyPolicy::default()).await;
    // `SpkiPin::of_certificate` refuses such a certificate, too.
    let report = strange.report().to_string();
    let pin = report
        .split_whitespace()
        .find(|it| it.starts_with("sha256/"));
    let pinned = VerifyPolicy::pinned(pin.unwrap().parse::<SpkiPin>().unwrap());
    let pinned = failure_of(pinned).await;
    for error in [strange, pinned] {
        assert_eq!(
            error.kind(),
            ErrorKind::Certificate(CertificateProblem::Rejected)
        );
        assert_likeliest(
            &error.diagnosis(),
            CauseId::CertificateUnusable,
            Certainty::Certain,
            "replace the origin's certificate",
        );
    }
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_receives_the_client_certificate_in_both_versions() {
    for version in ["-tls1_2", "-tls1_3"] {
        let arguments = format!("{version} -Verify 1 -verify_return_error -CAfile root.pem");
        let openssl = Openssl::ecdsa(&arguments);
        let identity = openssl.identity("client.example.test");
        let response = answer(openssl.connector().client_identity(identity)).await;
        assert_eq!(response.status(), StatusCode::OK);
        let page = response.body();
        assert!(page.contains("client.example.test"), "{page}");
    }
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_that_refuses_the_client_certificate_is_diagnosed_in_both_versions() {
    for version in ["-tls1_2", "-tls1_3"] {
        let arguments = format!("{version} -Verify 1 -verify_return_error -CAfile root.pem");
        let openssl = Openssl::ecdsa(&arguments);
        let expired = openssl
            .authority
            .issue_expired_client("client.example.test");
        let stranger = Authority::new().issue_client("client.example.test");
        for (certified, alerts) in [(expired, &[45][..]), (stranger, &[48, 42, 51])] {
            let builder = openssl.connector().client_identity(pem(&certified));
            let error = failure(&OriginProxy::new(builder.build().unwrap())).await;
            assert_eq!(error.kind(), ErrorKind::AlertReceived, "{error}");
            let alert = error.facts().alert().unwrap();
            assert!(alerts.contains(&alert.code()), "{alert}");
            let cause = error.diagnosis().likeliest().unwrap().clone();
            assert_eq!(cause.id(), CauseId::ClientCertificateRefused, "{cause}");
        }
    }
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_gets_its_group_after_a_hello_retry_request() {
    let openssl = Openssl::ecdsa("-tls1_3 -groups P-384");
    // The order does not matter: the key share is for the first group.
    let groups = ["x25519", "secp256r1", "secp384r1"];
    for builder in [
        openssl.connector(),
        openssl
            .connector()
            .tls_parameters(TlsParameters::default().key_exchange_groups(groups)),
    ] {
        let response = answer(builder).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(session(&response).group, Some("secp384r1"));
    }
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_without_a_common_group_or_suite_sends_alert_40() {
    let groups = Openssl::ecdsa("-tls1_3 -groups P-384");
    let groups = groups
        .connector()
        .tls_parameters(TlsParameters::default().key_exchange_groups(["x25519"]));
    let suites = Openssl::ecdsa("-tls1_2 -cipher ECDHE-ECDSA-CHACHA20-POLY1305");
    let suite = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    let suites_of_ours = suites
        .connector()
        .tls_versions(..=TlsVersion::V1_2)
        .tls_parameters(TlsParameters::default().cipher_suites([suite]));
    for builder in [groups, suites_of_ours] {
        let error = refusal(builder).await;
        assert_eq!(error.kind(), ErrorKind::AlertReceived, "{error}");
        assert_eq!(error.facts().alert().unwrap().code(), 40);
        let diagnosis = error.diagnosis();
        let mut causes = diagnosis.causes().iter();
        let reported = causes.any(|cause| cause.id() == CauseId::NoCommonCipher);
        assert!(reported, "{}", error.report());
    }
}

/// Whether the second of two connections is resumed. `-www` closes each after its response.
async fn second_is_resumed(connector: CdnOriginConnector) -> bool {
    let proxy = OriginProxy::new(connector);
    assert!(!session(&ask(&proxy).await).resumed);
    session(&ask(&proxy).await).resumed
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_resumes_a_session_unless_it_sends_no_tickets() {
    for (arguments, resumed) in [
        ("-tls1_2", true),
        ("-tls1_2 -no_ticket", true),
        ("-tls1_3", true),
        ("-tls1_2 -no_ticket -no_cache", false),
        ("-tls1_3 -num_tickets 0", false),
    ] {
        let openssl = Openssl::ecdsa(arguments);
        let connector = openssl.connector().build().unwrap();
        assert_eq!(second_is_resumed(connector).await, resumed, "{arguments}");
    }
}

#[tokio::test]
#[ignore = "needs openssl"]
async fn openssl_accepts_one_request_in_early_data_for_each_session() {
    let authority = Authority::new();
    let folder = Folder::new().certified("site", &authority.issue(&[NAME]));
    let arguments = "-tls1_3 -alpn http/1.1 -cert site.pem -key site.pem";
    let openssl = Server::openssl_with_early_data(folder, arguments);
    let connector = connector(&openssl, &authority).sessions(Sessions::default().early_data());
    let proxy = OriginProxy::new(connector.build().unwrap());
    for early_data in [EarlyData::NotSent, EarlyData::Accepted, EarlyData::Accepted] {
        let response = ask(&proxy).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.body(), "ok");
        assert_eq!(session(&response).early_data, early_data);
    }
    let output = openssl.output();
    assert_eq!(output.matches("GET /page?query HTTP/1.1").count(), 3);
    assert_eq!(output.matches("No early data received").count(), 1);
    assert_eq!(output.matches("Early data received:").count(), 2);
}
