//! Chains with cross-signed authorities, and certificates of X.509 version 1.

use std::net::SocketAddr;

use cdn_origin::{
    CdnOriginConnector, Error,
    diagnosis::{CauseId, Certainty},
    error::{CertificateProblem, ErrorKind},
    tls::{Roots, VerifyPolicy, rustls, rustls::pki_types::CertificateDer},
};
use http::Uri;
use rcgen::{CertificateParams, KeyPair, SigningKey, date_time_ymd};
use tower::ServiceExt;

use crate::{
    pki::{Ca, dns, key, server},
    tls_facts::shaking_hands,
};

const SITE: &str = "good.example.test";

async fn presenting(chain: &[CertificateDer<'static>], key: &KeyPair) -> SocketAddr {
    shaking_hands(server(chain, key, &rustls::version::TLS13)).await
}

/// Connects with this root alone.
async fn connect(address: SocketAddr, root: &str) -> Result<(), Error> {
    let connector = CdnOriginConnector::builder(format!("https://{SITE}"))
        .dial(address.to_string())
        .verify(VerifyPolicy::roots(Roots::pem(root)))
        .build()
        .unwrap();
    connector.oneshot(Uri::default()).await.map(drop)
}

/// Asserts the problem, the likeliest cause and parts of its text and first fix.
#[track_caller]
fn assert_refused(
    result: Result<(), Error>,
    problem: CertificateProblem,
    expected: (CauseId, Certainty),
    text: &str,
    fix: &str,
) {
    let error = result.unwrap_err();
    let report = error.report().to_string();
    assert_eq!(error.kind(), ErrorKind::Certificate(problem), "{report}");
    let diagnosis = error.diagnosis();
    let cause = diagnosis.likeliest().unwrap();
    assert_eq!((cause.id(), cause.certainty()), expected, "{report}");
    assert!(cause.text().contains(text), "{report}");
    let shown = cause.fixes().first().map(ToString::to_string);
    assert!(shown.unwrap_or_default().contains(fix), "{report}");
}

/// An authority with a root of its own, whose key an older root has signed too.
struct CrossSigned {
    old: Ca,
    new: Ca,
    /// The new authority's key, signed by the old one.
    cross: CertificateDer<'static>,
    /// A site's certificate and its intermediate, below the new authority.
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl CrossSigned {
    fn new(change: impl FnOnce(&mut CertificateParams)) -> Self {
        let shared = key();
        let copy = || KeyPair::try_from(shared.serialize_der()).unwrap();
        let old = Ca::root_of("Old Root", key());
        let new = Ca::root_of("New Root", copy());
        let cross = old.below_with("New Root", copy(), change).der();
        let intermediate = new.below("Intermediate", |_| {});
        let key = key();
        Self {
            chain: intermediate.leaf(&key, |_| {}),
            old,
            new,
            cross,
            key,
        }
    }

    fn with_cross(&self) -> Vec<CertificateDer<'static>> {
        [&self.chain[..], std::slice::from_ref(&self.cross)].concat()
    }
}

#[tokio::test]
async fn a_cross_signed_chain_is_trusted_by_either_root() {
    let site = CrossSigned::new(|_| {});
    let address = presenting(&site.with_cross(), &site.key).await;
    for root in [&site.old, &site.new] {
        connect(address, &root.pem()).await.unwrap();
    }
    // Some servers send certificates in another order.
    let [leaf, intermediate, cross] = &site.with_cross()[..] else {
        panic!("three certificates");
    };
    let mixed = [leaf.clone(), cross.clone(), intermediate.clone()];
    let address = presenting(&mixed, &site.key).await;
    for root in [&site.old, &site.new] {
        connect(address, &root.pem()).await.unwrap();
    }
}

#[tokio::test]
async fn a_cross_signed_chain_without_either_root_names_the_authority_at_its_end() {
    let site = CrossSigned::new(|_| {});
    let address = presenting(&site.with_cross(), &site.key).await;
    assert_refused(
        connect(address, &Ca::root().pem()).await,
        CertificateProblem::UnknownIssuer,
        (CauseId::UntrustedAuthority, Certainty::Likely),
        "CN=Old Root, at which the chain ends",
        ".verify(",
    );
}

#[tokio::test]
async fn a_cross_certificate_that_is_not_sent_may_be_what_an_old_client_lacks() {
    let site = CrossSigned::new(|_| {});
    let address = presenting(&site.chain, &site.key).await;
    connect(address, &site.new.pem()).await.unwrap();
    assert_refused(
        connect(address, &site.old.pem()).await,
        CertificateProblem::UnknownIssuer,
        (CauseId::UntrustedAuthority, Certainty::Likely),
        "a cross-signed certificate",
        ".verify(",
    );
}

/// The end of DST Root CA X3 in 2021: clients that knew the new root were not affected.
#[tokio::test]
async fn an_expired_cross_certificate_matters_only_to_clients_of_the_old_root() {
    let site = CrossSigned::new(|it| it.not_after = date_time_ymd(2021, 9, 30));
    let address = presenting(&site.with_cross(), &site.key).await;
    connect(address, &site.new.pem()).await.unwrap();
    assert_refused(
        connect(address, &site.old.pem()).await,
        CertificateProblem::Expired,
        (CauseId::CertificateExpired, Certainty::Certain),
        "the issuer's certificate, of CN=New Root",
        "send the authority's current chain",
    );
}

#[tokio::test]
async fn a_root_of_the_same_name_with_another_key_is_not_trusted() {
    let site = CrossSigned::new(|_| {});
    let address = presenting(&site.with_cross(), &site.key).await;
    for name in ["Old Root", "New Root"] {
        let imposter = Ca::root_of(name, key());
        let error = connect(address, &imposter.pem()).await.unwrap_err();
        let likeliest = error.diagnosis().likeliest().unwrap().clone();
        let found = (likeliest.id(), likeliest.certainty());
        let expected = (CauseId::UntrustedAuthority, Certainty::Likely);
        assert_eq!(found, expected, "{}", error.report());
    }
}

/// Definite lengths of DER (X.690 section 8.1.3): short, or long with one or two bytes.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    let [high, low] = length.to_be_bytes();
    let head = match length {
        0..128 => vec![tag, low],
        128..256 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [head, content.to_vec()].concat()
}

/// The first element: its tag, its content, itself, and what follows.
fn element(bytes: &[u8]) -> (u8, &[u8], &[u8], &[u8]) {
    let (start, length) = match bytes[1] {
        0x81 => (3, usize::from(bytes[2])),
        0x82 => (4, usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
        short => (2, usize::from(short)),
    };
    let (whole, rest) = bytes.split_at(start + length);
    (bytes[0], &whole[start..], whole, rest)
}

/// The same certificate in version 1, without version number and extensions (RFC 5280 section
/// 4.1), signed anew.
fn version_1(certificate: &[u8], issuer: &KeyPair) -> CertificateDer<'static> {
    let (_, parts, ..) = element(certificate);
    let (_, mut body, _, rest) = element(parts);
    let (_, _, algorithm, _) = element(rest);
    let mut kept = Vec::new();
    while !body.is_empty() {
        let (tag, _, whole, rest) = element(body);
        if ![0xa0, 0xa3].contains(&tag) {
            kept.extend_from_slice(whole);
        }
        body = rest;
    }
    let body = tlv(0x30, &kept);
    let signature = [&[0], &issuer.sign(&body).unwrap()[..]].concat();
    let parts = [&body[..], algorithm, &tlv(0x03, &signature)].concat();
    tlv(0x30, &parts).into()
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    let text = data_encoding::BASE64.encode(certificate);
    format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
}

#[tokio::test]
async fn a_version_1_certificate_of_a_trusted_root_is_unusable() {
    let root_key = key();
    let root = Ca::root_of("Root", KeyPair::try_from(root_key.serialize_der()).unwrap());
    let key = key();
    let leaf = version_1(&root.leaf(&key, |_| {})[0], &root_key);
    let address = presenting(&[leaf], &key).await;
    assert_refused(
        connect(address, &root.pem()).await,
        CertificateProblem::Rejected,
        (CauseId::CertificateUnusable, Certainty::Certain),
        "the certificate is of X.509 version 1",
        "replace the origin's certificate",
    );
}

#[tokio::test]
async fn a_version_1_issuer_is_unusable_unless_it_is_the_trusted_root() {
    let root_key = key();
    let root = Ca::root_of("Root", KeyPair::try_from(root_key.serialize_der()).unwrap());
    let between = root.below("Between", |_| {});
    let key = key();
    let chain = between.leaf(&key, |_| {});
    let old = version_1(&chain[1], &root_key);
    let address = presenting(&[chain[0].clone(), old], &key).await;
    assert_refused(
        connect(address, &root.pem()).await,
        CertificateProblem::Rejected,
        (CauseId::CertificateUnusable, Certainty::Certain),
        "CN=Between, is of X.509 version 1",
        "replace",
    );

    let root = version_1(&root.der(), &root_key);
    let address = presenting(&[chain[0].clone(), chain[1].clone(), root.clone()], &key).await;
    connect(address, &pem(&root)).await.unwrap();
    assert_refused(
        connect(address, &Ca::root().pem()).await,
        CertificateProblem::UnknownIssuer,
        (CauseId::UntrustedAuthority, Certainty::Likely),
        "CN=Root",
        ".verify(",
    );
}

#[tokio::test]
async fn a_self_signed_version_1_certificate_is_not_to_be_pinned() {
    let key = key();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![dns(SITE)];
    let own = params.self_signed(&key).unwrap();
    let address = presenting(&[version_1(own.der(), &key)], &key).await;
    let error = connect(address, &Ca::root().pem()).await.unwrap_err();
    let report = error.report().to_string();
    assert!(report.contains("is of X.509 version 1"), "{report}");
    assert!(!report.contains("VerifyPolicy::pinned"), "{report}");
}
