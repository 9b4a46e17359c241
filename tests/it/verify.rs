//! Certificates are verified by chain, name, dates and pins; errors show why one is refused.

use cdn_origin::{
    diagnosis::{CauseId, Certainty},
    error::{CertificateProblem, ErrorKind, Fault},
    tls::{Roots, SpkiPin, VerifyPolicy, danger},
};
use http::Uri;
use tower::ServiceExt;

use crate::{
    failing::{check, error, serving, to},
    support::{Authority, Certified, Edge},
};

async fn edge_with(authority: &Authority, name: &str, certified: Certified) -> Edge {
    Edge::builder(authority)
        .serves_with(name, certified)
        .start()
        .await
}

#[tokio::test]
async fn an_error_about_the_name_shows_the_expected_and_the_presented_ones() {
    let authority = Authority::new();
    let certified = authority.issue(&["cdn.example.test", "*.cdn.example.test"]);
    let edge = edge_with(&authority, "www.example.test", certified).await;
    let error = error(to(&edge, &authority, "www.example.test")).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::NameMismatch)
    );
    check(
        &error,
        CauseId::CertificateForAnotherName,
        Certainty::Likely,
        ".expected_name(\"cdn.example.test\") only if that is your origin",
    );
    let report = error.report().to_string();
    assert!(report.contains("expected   www.example.test"), "{report}");
    assert!(
        report.contains("presented  cdn.example.test, *.cdn.example.test"),
        "{report}"
    );
}

#[tokio::test]
async fn a_certificate_for_the_host_suggests_sending_the_host_as_sni() {
    let authority = Authority::new();
    let certified = authority.issue(&["www.example.test"]);
    let edge = edge_with(&authority, "x.map.example.test", certified).await;
    let builder = to(&edge, &authority, "x.map.example.test").host("www.example.test");
    check(
        &error(builder).await,
        CauseId::CertificateForAnotherName,
        Certainty::Certain,
        ".sni(\"www.example.test\")",
    );
}

#[tokio::test]
async fn default_certificate_of_a_known_edge_is_likely_an_unserved_name() {
    let authority = Authority::new();
    let certified = authority.issue(&["*.cloudfront.net"]);
    let edge = edge_with(&authority, "www.example.test", certified).await;
    let error = error(to(&edge, &authority, "www.example.test")).await;
    let diagnosis = error.diagnosis();
    assert_eq!(diagnosis.likeliest().unwrap().id(), CauseId::SniNotServed);
}

#[tokio::test]
async fn unknown_issuer_names_the_issuer() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let error = error(to(&edge, &Authority::new(), "www.example.test")).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::UnknownIssuer)
    );
    check(
        &error,
        CauseId::UntrustedAuthority,
        Certainty::Likely,
        ".verify(VerifyPolicy::roots(Roots::pem(..))) with the PEM of CN=Edge in a Box CA \
         beside your other roots, only if that is your own authority",
    );
    let issuer = error
        .facts()
        .certificates()
        .first()
        .unwrap()
        .issuer()
        .to_owned();
    assert!(issuer.contains("Edge in a Box CA"), "{issuer}");
    assert!(error.report().to_string().contains("1 root in PEM or DER"));
    assert!(
        error
            .to_string()
            .ends_with("; trusted: 1 root in PEM or DER"),
        "{error}"
    );
    let report = error.report().to_string();
    assert!(report.contains("1 root in PEM or DER"), "{report}");
}

#[tokio::test]
async fn the_files_of_trusted_roots_are_named() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), Authority::new().root_pem()).unwrap();
    let trusting = |roots| {
        let builder = to(&edge, &authority, "www.example.test");
        error(builder.verify(VerifyPolicy::roots(roots)))
    };
    let error = trusting(Roots::pem_file(file.path())).await;
    let trusted = format!("1 root in {}", file.path().display());
    assert!(error.to_string().contains(&trusted), "{error}");
    let fix = |error: &cdn_origin::Error| {
        let diagnosis = error.diagnosis();
        diagnosis.likeliest().unwrap().fixes()[0].to_string()
    };
    assert!(!fix(&error).contains("native"), "{}", fix(&error));
    let more = trusting(Roots::bundled().and(Roots::pem_file(file.path()))).await;
    assert!(fix(&more).contains("Roots::native()"), "{}", fix(&more));
}

#[tokio::test]
async fn an_unknown_issuer_of_a_certificate_for_another_name_may_be_that_of_another_server() {
    let authority = Authority::new();
    let certified = authority.issue(&["other.example.test"]);
    let edge = edge_with(&authority, "www.example.test", certified).await;
    let error = error(to(&edge, &Authority::new(), "www.example.test")).await;
    let diagnosis = error.diagnosis();
    let cause = diagnosis.likeliest().unwrap();
    assert_eq!(cause.id(), CauseId::UntrustedAuthority);
    let text = cause.text();
    assert!(
        text.contains("another server than www.example.test answered"),
        "{text}"
    );
    let fix = cause.fixes()[2].to_string();
    assert!(fix.starts_with("check the dialled name and port"), "{fix}");
}

#[tokio::test]
async fn self_signed_certificate_is_called_so() {
    let authority = Authority::new();
    let certified = Authority::self_signed(&["www.example.test"]);
    let edge = edge_with(&authority, "www.example.test", certified).await;
    let error = error(to(&edge, &authority, "www.example.test")).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::UnknownIssuer)
    );
    let certificate = error.facts().certificates().first().unwrap();
    assert_eq!(certificate.subject(), certificate.issuer());
    let pin = crate::failing::presented_pin(&error);
    check(
        &error,
        CauseId::SelfSigned,
        Certainty::Certain,
        &format!("let pin = \"{pin}\".parse()?; .verify(VerifyPolicy::pinned(pin))"),
    );
}

#[tokio::test]
async fn an_error_about_an_expired_certificate_shows_its_dates() {
    let authority = Authority::new();
    let certified = authority.issue_expired(&["www.example.test"]);
    let edge = edge_with(&authority, "www.example.test", certified).await;
    let error = error(to(&edge, &authority, "www.example.test")).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::Expired)
    );
    assert_eq!(error.fault(), Fault::Origin);
    check(
        &error,
        CauseId::CertificateExpired,
        Certainty::Certain,
        "renew the origin's certificate, or correct the local clock",
    );
    assert!(
        error
            .report()
            .to_string()
            .contains("to 2020-01-02T00:00:00Z")
    );
}

#[tokio::test]
async fn an_error_about_a_certificate_of_the_future_shows_its_dates() {
    let authority = Authority::new();
    let certified = authority.issue_not_yet_valid(&["www.example.test"]);
    let edge = edge_with(&authority, "www.example.test", certified).await;
    let error = error(to(&edge, &authority, "www.example.test")).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::NotYetValid)
    );
    check(
        &error,
        CauseId::CertificateNotYetValid,
        Certainty::Certain,
        "correct the local clock, or install a certificate that is valid by now",
    );
    assert!(error.report().to_string().contains("2040-"));
}

#[tokio::test]
async fn expected_name_may_differ_from_sni() {
    let authority = Authority::new();
    let certified = authority.issue(&["origin.example.test"]);
    let edge = edge_with(&authority, "www.example.test", certified).await;
    let connector = to(&edge, &authority, "www.example.test")
        .expected_name("origin.example.test")
        .build()
        .unwrap();
    connector.oneshot(Uri::default()).await.unwrap();
    assert_eq!(edge.hellos()[0].sni.as_deref(), Some("www.example.test"));
}

#[tokio::test]
async fn wrong_expected_name_fails_even_though_sni_matches() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let builder = to(&edge, &authority, "www.example.test").expected_name("other.example.test");
    let error = error(builder).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::NameMismatch)
    );
    check(
        &error,
        CauseId::CertificateForAnotherName,
        Certainty::Certain,
        ".expected_name(\"www.example.test\")",
    );
}

#[tokio::test]
async fn expected_name_is_verified_where_no_sni_is_sent() {
    let authority = Authority::new();
    let certified = authority.issue(&["origin.example.test", "127.0.0.1"]);
    let edge = Edge::builder(&authority)
        .without_sni(crate::support::SniRefusal::DefaultCertificate)
        .default_certificate(certified)
        .start()
        .await;
    for name in ["origin.example.test", "127.0.0.1"] {
        let builder = to(&edge, &authority, "127.0.0.1").expected_name(name);
        let connector = builder.build().unwrap();
        connector.oneshot(Uri::default()).await.unwrap();
    }
    let builder = to(&edge, &authority, "127.0.0.1").expected_name("other.example.test");
    assert_eq!(
        error(builder).await.kind(),
        ErrorKind::Certificate(CertificateProblem::NameMismatch)
    );
    assert!(edge.hellos().iter().all(|hello| hello.sni.is_none()));
}

#[tokio::test]
async fn a_pinned_key_is_trusted_regardless_of_the_certificate_contents() {
    let authority = Authority::new();
    let certified = Authority::self_signed(&["somewhere.else.test"]);
    let pin = SpkiPin::sha256(certified.spki_sha256());
    let edge = edge_with(&authority, "www.example.test", certified).await;
    let policy = VerifyPolicy::pinned(pin);
    let connector = to(&edge, &authority, "www.example.test")
        .verify(policy)
        .build()
        .unwrap();
    connector.oneshot(Uri::default()).await.unwrap();
}

#[tokio::test]
async fn key_that_is_not_pinned_is_refused_under_every_policy() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let wrong = SpkiPin::sha256([7; 32]);
    let roots = VerifyPolicy::roots(Roots::pem(authority.root_pem()));
    for policy in [
        VerifyPolicy::pinned(wrong),
        roots.and_pin(wrong),
        danger::accept_any_certificate().and_pin(wrong),
    ] {
        let error = error(to(&edge, &authority, "www.example.test").verify(policy)).await;
        assert_eq!(
            error.kind(),
            ErrorKind::Certificate(CertificateProblem::PinMismatch)
        );
        assert_eq!(
            error.diagnosis().likeliest().unwrap().id(),
            CauseId::PinMismatch
        );
    }
}

#[tokio::test]
async fn pin_on_top_of_the_chain_does_not_replace_the_chain() {
    let authority = Authority::new();
    let certified = Authority::self_signed(&["www.example.test"]);
    let pin = SpkiPin::sha256(certified.spki_sha256());
    let edge = edge_with(&authority, "www.example.test", certified).await;
    let policy = VerifyPolicy::roots(Roots::pem(authority.root_pem())).and_pin(pin);
    let error = error(to(&edge, &authority, "www.example.test").verify(policy)).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::UnknownIssuer)
    );
}

#[tokio::test]
async fn one_of_several_pins_is_enough() {
    let authority = Authority::new();
    let certified = authority.issue(&["www.example.test"]);
    let present: SpkiPin = SpkiPin::of_certificate(&certified.chain[0]).unwrap();
    assert_eq!(present, SpkiPin::sha256(certified.spki_sha256()));
    assert_eq!(present, present.to_string().parse().unwrap());
    let edge = edge_with(&authority, "www.example.test", certified).await;
    let policy = VerifyPolicy::roots(Roots::pem(authority.root_pem()))
        .and_pin(SpkiPin::sha256([7; 32]))
        .and_pin(present);
    let connector = to(&edge, &authority, "www.example.test")
        .verify(policy)
        .build()
        .unwrap();
    connector.oneshot(Uri::default()).await.unwrap();
}

#[tokio::test]
async fn roots_may_be_given_as_der_and_joined() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let other = Authority::new();
    let roots = Roots::pem(other.root_pem()).and(Roots::der(authority.root_der().to_vec()));
    let policy = VerifyPolicy::roots(roots);
    let connector = to(&edge, &authority, "www.example.test")
        .verify(policy)
        .build()
        .unwrap();
    connector.oneshot(Uri::default()).await.unwrap();
}

#[tokio::test]
async fn a_session_is_resumed_under_every_policy_and_by_clones() {
    let authority = Authority::new();
    let certified = authority.issue(&["origin.example.test"]);
    let pin = SpkiPin::sha256(certified.spki_sha256());
    let edge = edge_with(&authority, "www.example.test", certified).await;
    let roots = VerifyPolicy::roots(Roots::pem(authority.root_pem()));
    for policy in [
        roots.clone(),
        roots.and_pin(pin),
        VerifyPolicy::pinned(pin),
        danger::accept_any_certificate(),
    ] {
        let connector = to(&edge, &authority, "www.example.test")
            .expected_name("origin.example.test")
            .verify(policy)
            .build()
            .unwrap();
        let resumed = |connector: cdn_origin::CdnOriginConnector| async {
            let mut stream = connector.oneshot(Uri::default()).await.unwrap();
            // The ticket of TLS 1.3 comes with the first bytes of the response.
            let facts = stream.info().facts().clone();
            crate::http_get::exchange(&mut stream).await;
            facts.tls_session().unwrap().resumed
        };
        assert!(!resumed(connector.clone()).await);
        assert!(resumed(connector.clone()).await);
    }
}
