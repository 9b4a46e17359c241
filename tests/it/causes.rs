//! Causes that few meet: each is staged on the wire, and none is called more certain than its symptom makes it.

use std::{io, time::Duration};

use cdn_origin::{
    CdnOriginConnector, TlsVersion,
    connector::Timeouts,
    diagnosis::{CauseId, Certainty},
    error::{CertificateProblem, ErrorKind, Stage},
    tls::TlsParameters,
};
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::io::DuplexStream;
use tower::service_fn;

use crate::{
    failing::{RESTORE, check, error, to},
    support::{Authority, Behaviour, Certified, Edge, SniRefusal},
    transports::to as over,
};

const SITE: &str = "www.example.test";
const TRUST_ANOTHER_ROOT: &str = ".verify(VerifyPolicy::roots(Roots::pem(..))) with the PEM of ";

/// What comes of an edge that answers the hello by this alert.
async fn by_alert(number: u8) -> cdn_origin::Error {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .unknown_sni(SniRefusal::Alert(number))
        .start()
        .await;
    error(to(&edge, &authority, SITE)).await
}

async fn by_behaviour(behaviour: Behaviour) -> cdn_origin::Error {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(SITE)
        .behaviour(behaviour)
        .start()
        .await;
    let builder = to(&edge, &authority, SITE);
    error(builder.timeouts(Timeouts::default().tls_handshake(Duration::from_millis(50)))).await
}

/// What comes of a certificate that is presented for this name.
async fn by_certificate(
    name: &str,
    trusted: &Authority,
    certified: Certified,
) -> cdn_origin::Error {
    let edge = Edge::builder(trusted)
        .serves_with(name, certified)
        .start()
        .await;
    error(to(&edge, trusted, name)).await
}

#[tokio::test]
async fn alerts_about_the_hello_are_likely_those_of_an_old_or_strict_peer() {
    for number in [47, 50, 86, 109, 110, 115] {
        let error = by_alert(number).await;
        check(&error, CauseId::StrictPeer, Certainty::Likely, "");
    }
}

#[tokio::test]
async fn alerts_of_peers_that_make_no_sense_of_what_they_got_are_possibly_broken_tls() {
    for number in [10, 20, 21, 22, 30, 51, 100, 255] {
        let error = by_alert(number).await;
        check(&error, CauseId::BrokenTls, Certainty::Possible, "");
    }
}

#[tokio::test]
async fn an_alert_before_the_certificate_is_not_about_ours() {
    let error = by_alert(40).await;
    let diagnosis = error.diagnosis();
    let mut ids = diagnosis.causes().iter().map(|cause| cause.id());
    assert!(!ids.any(|id| id == CauseId::ClientCertificateRequired));
}

#[tokio::test]
async fn alerts_of_a_peer_that_finds_the_offer_too_weak_are_likely_about_ciphers() {
    for number in [60, 71] {
        let error = by_alert(number).await;
        check(&error, CauseId::NoCommonCipher, Certainty::Likely, "");
    }
}

#[tokio::test]
async fn an_alert_that_cancels_the_handshake_is_likely_an_origin_in_trouble() {
    let error = by_alert(90).await;
    check(&error, CauseId::OriginDown, Certainty::Likely, RESTORE);
}

#[tokio::test]
async fn a_missing_extension_is_likely_the_missing_sni_where_none_was_sent() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .without_sni(SniRefusal::Alert(109))
        .start()
        .await;
    let error = error(to(&edge, &authority, SITE).omit_sni()).await;
    let fix = format!(".sni(\"{SITE}\"), or another name that the edge serves");
    check(&error, CauseId::SniMissing, Certainty::Likely, &fix);
}

#[tokio::test]
async fn an_alert_of_denied_access_is_likely_a_rule_about_names_or_clients() {
    let fix = ".sni(\"..\") with a name that the edge serves";
    let error = by_alert(49).await;
    check(&error, CauseId::AccessDenied, Certainty::Likely, fix);
}

#[tokio::test]
async fn an_alert_of_denied_access_without_sni_is_likely_the_missing_sni_before_anything_else() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves(SITE)
        .without_sni(SniRefusal::Alert(49))
        .start()
        .await;
    let error = error(to(&edge, &authority, SITE).omit_sni()).await;
    let fix = format!(".sni(\"{SITE}\"), or another name that the edge serves");
    check(&error, CauseId::SniMissing, Certainty::Likely, &fix);
    let diagnosis = error.diagnosis();
    let then = &diagnosis.causes()[1];
    assert_eq!(then.id(), CauseId::AccessDenied);
    assert!(
        then.fixes()
            .iter()
            .all(|fix| fix.to_string().contains("client_identity"))
    );
}

#[tokio::test]
async fn alerts_about_a_certificate_that_was_not_sent_are_likely_an_interceptors() {
    for number in [42, 43, 44, 45, 46, 48, 113, 121] {
        let error = by_alert(number).await;
        check(&error, CauseId::Interception, Certainty::Likely, "");
    }
}

#[tokio::test]
async fn alert_40_for_want_of_a_common_cipher_is_called_certain_of_nothing() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves(SITE).start().await;
    // The edge's key is ECDSA.
    let builder = to(&edge, &authority, SITE)
        .tls_versions(..=TlsVersion::V1_2)
        .tls_parameters(
            TlsParameters::default().cipher_suites(["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]),
        );
    let error = error(builder).await;
    let alert = error.facts().alert().map(|alert| alert.code());
    assert_eq!(alert, Some(40), "{error}");
    let fix = "leave out .tls_parameters(..)";
    check(&error, CauseId::NoCommonCipher, Certainty::Likely, fix);
}

#[tokio::test]
async fn alert_80_may_be_the_origins_own_trouble_too() {
    let error = by_alert(80).await;
    let fix = ".sni(\"..\") with a name that the edge serves";
    check(&error, CauseId::SniNotServed, Certainty::Likely, fix);
    assert_possible(&error, CauseId::OriginDown);
}

/// One of several causes.
#[track_caller]
fn assert_possible(error: &cdn_origin::Error, id: CauseId) {
    let diagnosis = error.diagnosis();
    let found = diagnosis.causes().iter().find(|cause| cause.id() == id);
    let certainty = found.map(|cause| cause.certainty());
    assert_eq!(certainty, Some(Certainty::Possible), "{}", error.report());
}

#[tokio::test]
async fn records_that_make_no_sense_are_likely_a_broken_peers() {
    // A handshake message of a type that does not exist.
    let error = by_behaviour(Behaviour::Plaintext(b"\x16\x03\x03\0\x04\x63\0\0\0")).await;
    assert_eq!(error.kind(), ErrorKind::TlsProtocol);
    check(&error, CauseId::BrokenTls, Certainty::Likely, "");
}

/// A ServerHello of TLS 1.2 (RFC 5246 section 7.4.1.3) that chooses `spdy/3` (RFC 7301 section 3.1).
const HELLO_WITH_SPDY: &[u8] = b"\x16\x03\x03\0\x42\x02\0\0\x3e\x03\x03\
    ................................\0\xc0\x2b\0\0\x16\
    \0\x10\0\x09\0\x07\x06spdy/3\0\x17\0\0\xff\x01\0\x01\0";

#[tokio::test]
async fn a_protocol_that_was_not_offered_is_the_peers_mistake() {
    let error = by_behaviour(Behaviour::Plaintext(HELLO_WITH_SPDY)).await;
    assert_eq!(error.kind(), ErrorKind::ProtocolNotNegotiated, "{error:?}");
    let fix = "configure the origin to support one of the offered protocols";
    check(&error, CauseId::AlpnNotAccepted, Certainty::Certain, fix);
}

#[tokio::test]
async fn http2_without_tls_is_recognised_by_its_first_frame() {
    let fix = "dial the port on which the origin supports https";
    let settings = Behaviour::Plaintext(b"\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64");
    let error = by_behaviour(settings).await;
    assert_eq!(error.kind(), ErrorKind::NotTls);
    check(&error, CauseId::OtherService, Certainty::Certain, fix);
    let unknown = Behaviour::Plaintext(b"\x05who are you?");
    let error = by_behaviour(unknown).await;
    check(&error, CauseId::OtherService, Certainty::Likely, fix);
}

#[tokio::test]
async fn silence_in_the_handshake_has_four_causes_and_none_is_certain() {
    let error = by_behaviour(Behaviour::StallInHandshake).await;
    check(&error, CauseId::OriginDown, Certainty::Likely, RESTORE);
    let diagnosis = error.diagnosis();
    let others = diagnosis.causes()[1..].iter();
    let others: Vec<_> = others
        .map(|cause| (cause.id(), cause.certainty()))
        .collect();
    let possible = [
        CauseId::OtherService,
        CauseId::ProxyHeaderExpected,
        CauseId::ClientHelloDropped,
    ];
    assert_eq!(others, possible.map(|id| (id, Certainty::Possible)));
    let port = diagnosis.causes()[1].fixes()[0].to_string();
    assert_eq!(port, "dial the port on which the origin supports https");
}

#[tokio::test]
async fn a_wildcard_matches_exactly_one_label() {
    let authority = Authority::new();
    let certified = authority.issue(&["*.example.test"]);
    let error = by_certificate("a.b.example.test", &authority, certified).await;
    let fix = "use a name that the certificate covers; for an S3 bucket with dots in its name, the endpoint with the bucket in the path";
    check(&error, CauseId::WildcardTooShallow, Certainty::Certain, fix);
}

#[tokio::test]
async fn a_certificate_for_clients_serves_no_server() {
    let authority = Authority::new();
    let certified = authority.issue_client(SITE);
    let error = by_certificate(SITE, &authority, certified).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::Rejected)
    );
    let fix = "replace the origin's certificate";
    check(
        &error,
        CauseId::CertificateUnusable,
        Certainty::Certain,
        fix,
    );
}

#[tokio::test]
async fn a_public_certificate_sent_without_a_chain_likely_misses_its_intermediate() {
    let trusted = Authority::new();
    let certified = Authority::of_organization("Let's Encrypt").issue(&[SITE]);
    let error = by_certificate(SITE, &trusted, certified).await;
    let fix = "configure the server to send its whole chain";
    check(&error, CauseId::IntermediateMissing, Certainty::Likely, fix);
    let diagnosis = error.diagnosis();
    let fixes: Vec<_> = diagnosis.causes()[0].fixes().iter().collect();
    let trust = fixes[1].to_string();
    assert!(trust.starts_with(TRUST_ANOTHER_ROOT), "{trust}");
    assert_eq!(diagnosis.causes()[1].id(), CauseId::RootsMissing);
}

#[tokio::test]
async fn the_default_certificate_of_an_edge_shows_that_the_name_is_not_served() {
    let another = ".sni(\"..\") with a name that the edge serves";
    let add = "add a certificate for the name at the ingress: `tls` and its secret, or the \
               router's `tls`";
    for (subject, of_unknown, of_missing, fix) in [
        // "No SNI provided": it is not documented for a name that was sent.
        (
            "invalid2.invalid",
            Certainty::Likely,
            Certainty::Certain,
            another,
        ),
        // The site may have no certificate of its own, whatever SNI says.
        (
            "Kubernetes Ingress Controller Fake Certificate",
            Certainty::Certain,
            Certainty::Likely,
            add,
        ),
        (
            "TRAEFIK DEFAULT CERT",
            Certainty::Certain,
            Certainty::Likely,
            add,
        ),
    ] {
        let authority = Authority::new();
        let certified = Authority::self_signed_as(subject, &[SITE]);
        let edge = Edge::builder(&authority)
            .serves_with(SITE, certified.clone())
            .default_certificate(certified)
            .without_sni(SniRefusal::DefaultCertificate)
            .start()
            .await;
        let with_sni = error(to(&edge, &authority, SITE)).await;
        check(&with_sni, CauseId::SniNotServed, of_unknown, fix);
        let without = error(to(&edge, &authority, SITE).omit_sni()).await;
        let sni = ".sni(\"www.example.test\"), or another name that the edge serves";
        check(&without, CauseId::SniMissing, of_missing, sni);
    }
}

#[tokio::test]
async fn a_reset_may_be_about_the_only_version_that_is_offered() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .behaviour(Behaviour::ResetInHandshake)
        .start()
        .await;
    let builder = to(&edge, &authority, SITE);
    let narrowed = builder.clone().tls_versions(TlsVersion::V1_3..);
    let fix = ".tls_versions(TlsVersion::V1_2..)";
    check(
        &error(narrowed).await,
        CauseId::NoCommonTlsVersion,
        Certainty::Possible,
        fix,
    );
    let diagnosis = error(builder).await.diagnosis();
    let mut causes = diagnosis.causes().iter();
    assert!(causes.all(|it| it.id() != CauseId::NoCommonTlsVersion));
}

/// What comes of an edge that has one certificate for everybody, and was sent no SNI.
async fn by_default_certificate(trusted: &Authority, certified: Certified) -> cdn_origin::Error {
    let edge = Edge::builder(trusted)
        .default_certificate(certified)
        .without_sni(SniRefusal::DefaultCertificate)
        .start()
        .await;
    error(to(&edge, trusted, SITE).omit_sni()).await
}

#[tokio::test]
async fn the_default_names_of_an_edge_are_certainly_the_missing_sni() {
    let fix = ".sni(\"www.example.test\"), or another name that the edge serves";
    for name in ["*.cloudfront.net", "*.netlify.app", "ingress.local"] {
        let authority = Authority::new();
        let certified = authority.issue(&[name]);
        let error = by_default_certificate(&authority, certified).await;
        check(&error, CauseId::SniMissing, Certainty::Certain, fix);
    }
    // Told by others only.
    let authority = Authority::new();
    let certified = authority.issue(&["a248.e.akamai.net"]);
    let error = by_default_certificate(&authority, certified).await;
    check(&error, CauseId::SniMissing, Certainty::Likely, fix);
}

#[tokio::test]
async fn a_certificate_that_vouches_for_itself_may_be_the_default_one() {
    let certified = Authority::self_signed(&[SITE]);
    let error = by_default_certificate(&Authority::new(), certified).await;
    let fix = ".sni(\"www.example.test\"), or another name that the edge serves";
    check(&error, CauseId::SniMissing, Certainty::Likely, fix);
    assert_possible(&error, CauseId::SelfSigned);
}

/// The certificate with other bytes, wherever these stand.
fn with_bytes(mut certified: Certified, these: &[u8], others: &[u8]) -> Certified {
    let mut der = certified.chain[0].to_vec();
    let places: Vec<_> = (0..der.len() - these.len())
        .filter(|at| der[*at..].starts_with(these))
        .collect();
    assert!(!places.is_empty());
    for at in places {
        der[at..at + these.len()].copy_from_slice(others);
    }
    certified.chain[0] = der.into();
    certified
}

#[tokio::test]
async fn certificates_that_cannot_be_parsed_are_unusable() {
    let authority = Authority::new();
    let version_3 = b"\xa0\x03\x02\x01\x02";
    let version_1 = b"\xa0\x03\x02\x01\x00";
    // ecdsa-with-SHA256 (RFC 5758 section 3.2), and one that there is not.
    let known = b"\x2a\x86\x48\xce\x3d\x04\x03\x02";
    let unknown = b"\x2a\x86\x48\xce\x3d\x04\x03\x09";
    let mut garbage = authority.issue(&[SITE]);
    garbage.chain[0] = b"no certificate at all".to_vec().into();
    for certified in [
        garbage,
        with_bytes(authority.issue(&[SITE]), version_3, version_1),
        with_bytes(authority.issue(&[SITE]), known, unknown),
    ] {
        let error = by_certificate(SITE, &authority, certified).await;
        // No `check`: rustls' list of algorithms has words that are wider than the screen.
        let diagnosis = error.diagnosis();
        let cause = diagnosis.likeliest().unwrap();
        assert_eq!(cause.id(), CauseId::CertificateUnusable, "{diagnosis}");
        assert_eq!(cause.certainty(), Certainty::Certain, "{diagnosis}");
        let fix = cause.fixes().first().unwrap().to_string();
        assert_eq!(fix, "replace the origin's certificate");
    }
}

#[tokio::test]
async fn a_website_endpoint_of_s3_that_cuts_the_handshake_off_has_likely_none() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .behaviour(Behaviour::ResetInHandshake)
        .start()
        .await;
    let url = "https://a.s3-website-eu-west-1.amazonaws.com";
    let builder = CdnOriginConnector::builder(url).transport(over(edge.address()));
    let error = error(builder).await;
    let cause = error.diagnosis().likeliest().unwrap().clone();
    assert_eq!(cause.id(), CauseId::HttpOnlyEndpoint, "{cause}");
    assert_eq!(cause.certainty(), Certainty::Likely, "{cause}");
    let fix = "CdnOriginConnector::builder(\"http://a.s3-website-eu-west-1.amazonaws.com\")";
    assert_eq!(cause.fixes().first().unwrap().to_string(), fix);
}

#[tokio::test(start_paused = true)]
async fn an_s3_website_endpoint_that_is_silent_on_the_tls_port_does_not_support_tls() {
    let silent = service_fn(|_: Uri| std::future::pending::<io::Result<TokioIo<DuplexStream>>>());
    let url = "https://a.s3-website-eu-west-1.amazonaws.com";
    let error = error(CdnOriginConnector::builder(url).transport(silent)).await;
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    let cause = error.diagnosis().likeliest().unwrap().clone();
    assert_eq!(cause.id(), CauseId::HttpOnlyEndpoint, "{cause}");
    assert_eq!(cause.certainty(), Certainty::Certain, "{cause}");
}

#[tokio::test]
async fn a_website_endpoint_of_s3_that_refuses_tls_has_none() {
    let refused = service_fn(|_: Uri| async {
        Err::<TokioIo<DuplexStream>, _>(io::Error::from(io::ErrorKind::ConnectionRefused))
    });
    let url = "https://shop.s3-website-eu-west-1.amazonaws.com";
    let error = error(CdnOriginConnector::builder(url).transport(refused)).await;
    let fix = "CdnOriginConnector::builder(\"http://shop.s3-website-eu-west-1.amazonaws.com\")";
    check(&error, CauseId::HttpOnlyEndpoint, Certainty::Certain, fix);
}

#[tokio::test(start_paused = true)]
async fn a_port_that_cloudflare_does_not_proxy_is_likely_the_reason_for_silence() {
    let silent =
        || service_fn(|_: Uri| std::future::pending::<io::Result<TokioIo<DuplexStream>>>());
    let odd = "https://shop.example.cdn.cloudflare.net:9443";
    let odd = error(CdnOriginConnector::builder(odd).transport(silent())).await;
    let fix = "CdnOriginConnector::builder(\"https://shop.example.cdn.cloudflare.net\")";
    check(&odd, CauseId::PortNotServed, Certainty::Likely, fix);
    let proxied = "https://shop.example.cdn.cloudflare.net:8443";
    let proxied = error(CdnOriginConnector::builder(proxied).transport(silent())).await;
    assert_eq!(proxied.stage(), Stage::Dial);
    assert_eq!(
        proxied.diagnosis().likeliest().unwrap().id(),
        CauseId::OriginDown
    );
}
