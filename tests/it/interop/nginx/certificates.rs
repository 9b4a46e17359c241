//! Valid and invalid certificates of nginx.

use cdn_origin::{
    connector::{AdviceId, CdnOriginBuilder},
    diagnosis::{CauseId, Certainty},
    error::{CertificateProblem, Error, ErrorKind, Stage},
    tls::{Roots, SpkiPin, VerifyPolicy, danger},
};

use crate::{
    interop::{
        client::{NAME, answer, assert_likeliest, connector, facts, refusal},
        server::{Folder, Server},
    },
    support::{AUTHORITY_NAME, Authority, Certified},
};

const OTHER: &str = "other.example.test";

/// An nginx that presents this certificate for any SNI.
fn presenting(certified: &Certified) -> Server {
    let folder = Folder::new().certified("site", certified);
    let servers = "
        server {
            listen LISTEN ssl;
            ssl_certificate site.pem;
            ssl_certificate_key site.pem;
            return 200 '$ssl_server_name';
        }";
    Server::nginx(folder, servers)
}

/// The error of a connect to [`NAME`] with this certificate, if the authority is trusted.
async fn refused(certified: &Certified, authority: &Authority) -> Error {
    let nginx = presenting(certified);
    let error = refusal(connector(&nginx, authority)).await;
    assert_eq!(error.stage(), Stage::Handshake);
    let presented = error.facts().certificates().first().unwrap();
    assert_eq!(presented.der(), &*certified.chain[0]);
    error
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_certificate_of_nginx_for_another_name_is_refused_and_the_name_is_reported() {
    let authority = Authority::new();
    let error = refused(&authority.issue(&[OTHER]), &authority).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::NameMismatch)
    );
    assert_eq!(
        error.facts().certificates().first().unwrap().names(),
        [OTHER]
    );
    assert_likeliest(
        &error.diagnosis(),
        CauseId::CertificateForAnotherName,
        Certainty::Likely,
        ".expected_name(\"other.example.test\") only if that is your origin",
    );
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_certificate_of_nginx_from_an_unknown_authority_is_refused_and_the_issuer_is_reported() {
    let error = refused(&Authority::new().issue(&[NAME]), &Authority::new()).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::UnknownIssuer)
    );
    let issuer = error.facts().certificates().first().unwrap().issuer();
    assert_eq!(issuer, format!("CN={AUTHORITY_NAME}"));
    assert_likeliest(
        &error.diagnosis(),
        CauseId::UntrustedAuthority,
        Certainty::Likely,
        format!(
            ".verify(VerifyPolicy::roots(Roots::pem(..))) with the PEM of {issuer} beside your \
             other roots, only if that is your own authority"
        ),
    );
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_self_signed_certificate_of_nginx_is_refused_and_a_pin_is_advised() {
    let error = refused(&Authority::self_signed(&[NAME]), &Authority::new()).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::UnknownIssuer)
    );
    assert_likeliest(
        &error.diagnosis(),
        CauseId::SelfSigned,
        Certainty::Certain,
        format!(
            "{}.verify(VerifyPolicy::pinned(pin))",
            pin_presented(&error)
        ),
    );
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn an_expired_certificate_of_nginx_is_refused_with_its_dates() {
    let authority = Authority::new();
    let error = refused(&authority.issue_expired(&[NAME]), &authority).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::Expired)
    );
    assert_likeliest(
        &error.diagnosis(),
        CauseId::CertificateExpired,
        Certainty::Certain,
        "renew the origin's certificate, or correct the local clock",
    );
    let report = error.report().to_string();
    assert!(
        report.contains("2019-01-01T00:00:00Z to 2020-01-02T00:00:00Z"),
        "{report}"
    );
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_certificate_of_nginx_that_is_not_valid_yet_is_refused_with_its_dates() {
    let authority = Authority::new();
    let error = refused(&authority.issue_not_yet_valid(&[NAME]), &authority).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::NotYetValid)
    );
    assert_likeliest(
        &error.diagnosis(),
        CauseId::CertificateNotYetValid,
        Certainty::Certain,
        "correct the local clock, or install a certificate that is valid by now",
    );
    let report = error.report().to_string();
    assert!(
        report.contains("2040-01-01T00:00:00Z to 2100-01-01T00:00:00Z"),
        "{report}"
    );
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_may_present_an_expected_name_that_differs_from_sni() {
    let authority = Authority::new();
    let nginx = presenting(&authority.issue(&[OTHER]));
    let connector = connector(&nginx, &authority);

    let response = answer(connector.clone().expected_name(OTHER)).await;
    assert_eq!(response.body(), NAME);

    let error = refusal(connector.expected_name("third.example.test")).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::NameMismatch)
    );
    assert_eq!(
        error.facts().certificates().first().unwrap().names(),
        [OTHER]
    );
    assert_likeliest(
        &error.diagnosis(),
        CauseId::CertificateForAnotherName,
        Certainty::Likely,
        ".expected_name(\"other.example.test\") only if that is your origin",
    );
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_certificate_of_nginx_for_its_sni_is_refused_if_another_name_is_expected() {
    let authority = Authority::new();
    let nginx = presenting(&authority.issue(&[NAME]));

    let error = refusal(connector(&nginx, &authority).expected_name(OTHER)).await;

    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::NameMismatch)
    );
    assert_likeliest(
        &error.diagnosis(),
        CauseId::CertificateForAnotherName,
        Certainty::Certain,
        ".expected_name(\"www.example.test\")",
    );
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn a_pin_checks_the_key_of_nginx_with_a_chain_and_without() {
    let authority = Authority::new();
    let issued = authority.issue(&[NAME]);
    let self_signed = Authority::self_signed(&["nobody.test"]);
    let (pin, other_pin) = (
        SpkiPin::sha256(issued.spki_sha256()),
        SpkiPin::sha256(self_signed.spki_sha256()),
    );
    let roots = || VerifyPolicy::roots(Roots::pem(authority.root_pem()));

    let nginx = presenting(&issued);
    let connector_to = |nginx: &Server, policy| connector(nginx, &authority).verify(policy);
    assert_connects(connector_to(&nginx, roots().and_pin(pin))).await;
    let error = pin_mismatch(connector_to(&nginx, roots().and_pin(other_pin))).await;
    assert_fix_of_mismatch(&error, &pins_presented_key(&error));
    // Without a verified chain, any peer could have presented the key.
    let error = pin_mismatch(connector_to(&nginx, VerifyPolicy::pinned(other_pin))).await;
    assert_fix_of_mismatch(
        &error,
        "compare the presented key with the origin's own; if they are the same, pin it",
    );

    let nginx = presenting(&self_signed);
    assert_connects(connector_to(&nginx, VerifyPolicy::pinned(other_pin))).await;
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn danger_accepts_any_certificate_of_nginx() {
    let authority = Authority::new();
    let nginx = presenting(&Authority::self_signed(&["nobody.test"]));
    let connector = connector(&nginx, &authority).verify(danger::accept_any_certificate());

    let advice = connector.clone().build().unwrap().advice().to_vec();
    assert_eq!(advice[0].id(), AdviceId::VerificationOff);
    let response = answer(connector).await;
    assert_eq!(response.body(), NAME);
    let presented = facts(&response).certificates().first().unwrap();
    assert_eq!(presented.names(), ["nobody.test"]);
}

async fn assert_connects(connector: CdnOriginBuilder) {
    assert_eq!(answer(connector).await.body(), NAME);
}

async fn pin_mismatch(connector: CdnOriginBuilder) -> Error {
    let error = refusal(connector).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::PinMismatch)
    );
    error
}

fn assert_fix_of_mismatch(error: &Error, fix: &str) {
    let diagnosis = error.diagnosis();
    assert_likeliest(&diagnosis, CauseId::PinMismatch, Certainty::Certain, fix);
}

fn pins_presented_key(error: &Error) -> String {
    let call = ".and_pin(pin) on the VerifyPolicy, if the key belongs to your origin";
    format!("{}{call}", pin_presented(error))
}

/// The start of the fix that pins the presented key.
fn pin_presented(error: &Error) -> String {
    let pin = crate::failing::presented_pin(error);
    format!("let pin = \"{pin}\".parse()?; ")
}
