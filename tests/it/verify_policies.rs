//! Names of a policy, pins of certificates, lists of revoked ones: what they accept, and what is said when they do not.

use std::time::Duration;

use cdn_origin::{
    BuildError, CdnOriginConnector,
    connector::{AdviceId, CdnOriginBuilder},
    diagnosis::{CauseId, Certainty},
    error::{BuildProblemKind, CertificateProblem, ErrorKind, Fault},
    tls::{
        CertificatePin, Crls, Roots, SanMatcher, SpkiPin, VerifyPolicy, danger,
        rustls::{self, Error},
    },
};
use http::Uri;
use rcgen::{CertificateParams, SanType, SerialNumber, date_time_ymd};
use tower::ServiceExt;

use crate::{
    failing::{check, error, serving, to},
    pki::{Ca, complete_handshake, dns, key, server, uri},
    support::{Authority, Certified, Edge},
};

/// Whether a certificate with these names is taken by a policy that expects one of those.
fn matched(presented: Vec<SanType>, expected: SanMatcher) -> bool {
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| it.subject_alt_names = presented);
    let policy = VerifyPolicy::roots(Roots::pem(root.pem())).expecting_any([expected]);
    result(policy, &chain, &key).is_ok()
}

fn result(
    policy: VerifyPolicy,
    chain: &[rustls::pki_types::CertificateDer<'static>],
    key: &rcgen::KeyPair,
) -> Result<(), Error> {
    let connector = CdnOriginConnector::builder("https://sni.example.test")
        .verify(policy)
        .build()
        .unwrap();
    let server = server(chain, key, &rustls::version::TLS13);
    complete_handshake(connector.tls_config().unwrap(), server, "sni.example.test").map(|_| ())
}

#[test]
fn a_suffix_matches_every_name_below_it_but_not_itself() {
    let below = || SanMatcher::dns_suffix("example.test");
    for name in ["a.example.test", "a.b.Example.Test", "*.example.test"] {
        assert!(matched(vec![dns(name)], below()), "{name}");
    }
    for name in [
        "example.test",
        "badexample.test",
        "example.test.evil.test",
        "*.test",
    ] {
        assert!(!matched(vec![dns(name)], below()), "{name}");
    }
    assert!(!matched(vec![uri("https://a.example.test")], below()));
}

#[test]
fn an_ip_address_is_matched_only_against_ip_addresses() {
    let address = std::net::Ipv4Addr::new(192, 0, 2, 1);
    assert!(matched(
        vec![SanType::IpAddress(address.into())],
        SanMatcher::ip(address)
    ));
    assert!(!matched(vec![dns("192.0.2.1")], SanMatcher::ip(address)));
    let other = SanType::IpAddress([192, 0, 2, 2].into());
    assert!(!matched(vec![other], SanMatcher::ip(address)));
}

#[test]
fn a_uri_is_matched_byte_for_byte() {
    let expected = || SanMatcher::uri("spiffe://prod.example/shop");
    assert!(matched(vec![uri("spiffe://prod.example/shop")], expected()));
    for other in [
        "spiffe://prod.example/shop/",
        "spiffe://prod.example/Shop",
        "spiffe://prod.example/sho",
        "https://prod.example/shop",
    ] {
        assert!(!matched(vec![uri(other)], expected()), "{other}");
    }
    assert!(!matched(vec![dns("prod.example")], expected()));
}

#[test]
fn a_spiffe_identity_must_be_the_only_uri() {
    let shop = "spiffe://prod.example/shop";
    let with_dns = vec![uri(shop), dns("shop.example.test")];
    assert!(matched(with_dns, SanMatcher::uri(shop)));
    let two = || vec![uri(shop), uri("spiffe://prod.example/other")];
    assert!(!matched(two(), SanMatcher::uri(shop)));
    assert!(!matched(
        two(),
        SanMatcher::spiffe_trust_domain("prod.example")
    ));
    // Other URIs have no such rule.
    let two = vec![uri("https://a.example/x"), uri("https://b.example/y")];
    assert!(matched(two, SanMatcher::uri("https://b.example/y")));
}

#[test]
fn a_trust_domain_matches_only_its_own_identities() {
    let expected = || SanMatcher::spiffe_trust_domain("prod.example");
    assert!(matched(vec![uri("spiffe://prod.example/a/b")], expected()));
    for other in [
        "spiffe://prod.example",
        "spiffe://prod.example/",
        "spiffe://prod.example.evil.test/a",
        "spiffe://test.example/a",
        "https://prod.example/a",
    ] {
        assert!(!matched(vec![uri(other)], expected()), "{other}");
    }
}

#[test]
fn a_common_name_is_no_name() {
    let (root, key) = (Ca::root(), key());
    let named = |it: &mut CertificateParams| {
        it.subject_alt_names = Vec::new();
        let name = &mut it.distinguished_name;
        name.push(rcgen::DnType::CommonName, "www.example.test");
    };
    let chain = root.leaf(&key, named);
    let roots = || VerifyPolicy::roots(Roots::pem(root.pem()));
    let expecting = roots().expecting_any([SanMatcher::dns("www.example.test")]);
    assert!(result(expecting, &chain, &key).is_err());
    assert!(result(roots(), &chain, &key).is_err());
}

#[tokio::test]
async fn a_name_that_the_policy_does_not_list_is_reported_with_the_list() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let roots = VerifyPolicy::roots(Roots::pem(authority.root_pem()));
    let names = [
        SanMatcher::dns("shop.example.test"),
        SanMatcher::uri("spiffe://prod.example/shop"),
    ];
    let policy = roots.expecting_any(names);
    let error = error(to(&edge, &authority, "www.example.test").verify(policy)).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::NameMismatch)
    );
    check(
        &error,
        CauseId::CertificateForAnotherName,
        Certainty::Likely,
        ".expecting_any(..) on the VerifyPolicy, if the name belongs to your origin",
    );
    let report = error.report().to_string();
    let expected = "expected   shop.example.test or spiffe://prod.example/shop";
    assert!(report.contains(expected), "{report}");
}

/// Another of the listed names may be the one that the origin serves.
#[tokio::test]
async fn an_expired_certificate_is_the_certain_cause_only_with_a_listed_name() {
    let authority = Authority::new();
    let certified = authority.issue_expired(&["other.example.test"]);
    let edge = Edge::builder(&authority)
        .serves_with("www.example.test", certified)
        .start()
        .await;
    for (name, expected) in [
        ("other.example.test", Certainty::Certain),
        ("shop.example.test", Certainty::Likely),
    ] {
        let policy = VerifyPolicy::roots(Roots::pem(authority.root_pem()));
        let policy = policy.expecting_any([SanMatcher::dns(name)]);
        let error = error(to(&edge, &authority, "www.example.test").verify(policy)).await;
        assert_eq!(
            error.kind(),
            ErrorKind::Certificate(CertificateProblem::Expired)
        );
        let diagnosis = error.diagnosis();
        let mut causes = diagnosis.causes().iter();
        let expired = causes.find(|cause| cause.id() == CauseId::CertificateExpired);
        assert_eq!(expired.unwrap().certainty(), expected, "{name}");
        let likeliest = diagnosis.likeliest().unwrap().certainty();
        assert_eq!(likeliest, expected, "{name}: {diagnosis}");
    }
}

#[tokio::test]
async fn one_of_several_pinned_certificates_is_enough() {
    let authority = Authority::new();
    let certified = Authority::self_signed(&["somewhere.else.test"]);
    let pin = CertificatePin::of_certificate(&certified.chain[0]);
    let edge = Edge::builder(&authority)
        .serves_with("www.example.test", certified)
        .start()
        .await;
    let wrong = CertificatePin::sha256([7; 32]);
    let to = || to(&edge, &authority, "www.example.test");
    let both = VerifyPolicy::pinned_certificate(wrong).and_certificate_pin(pin);
    let connector = to().verify(both).build().unwrap();
    connector.oneshot(Uri::default()).await.unwrap();
    let or_key = VerifyPolicy::pinned(SpkiPin::sha256([7; 32])).and_certificate_pin(pin);
    let connector = to().verify(or_key).build().unwrap();
    connector.oneshot(Uri::default()).await.unwrap();
    let error = error(to().verify(VerifyPolicy::pinned_certificate(wrong))).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::PinMismatch)
    );
}

#[test]
fn a_fingerprint_is_read_as_openssl_prints_it() {
    let pin = CertificatePin::sha256([0xa5; 32]);
    let colons = pin.to_string();
    assert_eq!(colons.len(), 95);
    assert_eq!(colons.parse(), Ok(pin));
    let plain = colons.replace(':', "").to_ascii_lowercase();
    assert_eq!(plain.parse(), Ok(pin));
    let hexadecimal = "a fingerprint is hexadecimal digits, with or without colons";
    for (text, message) in [
        ("a5:5", hexadecimal),
        ("a5", "a SHA-256 digest has 32 bytes"),
        ("xx", hexadecimal),
    ] {
        let error = text.parse::<CertificatePin>().unwrap_err();
        assert_eq!(error.to_string(), message, "{text:?}");
    }
}

/// A root, one CA below it, and a leaf with serial number 9.
struct Revoking {
    root: Ca,
    issuing: Ca,
    key: rcgen::KeyPair,
}

impl Revoking {
    fn new() -> Self {
        let root = Ca::root();
        let below = |it: &mut CertificateParams| it.serial_number = Some(SerialNumber::from(5));
        Self {
            issuing: root.below("Issuing", below),
            root,
            key: key(),
        }
    }

    fn verify_with(&self, crls: Crls) -> Result<(), Error> {
        let serial = |it: &mut CertificateParams| it.serial_number = Some(SerialNumber::from(9));
        let chain = self.issuing.leaf(&self.key, |it| {
            serial(it);
            it.subject_alt_names = vec![dns("sni.example.test")];
        });
        let roots = VerifyPolicy::roots(Roots::pem(self.root.pem()));
        result(roots.crls(crls), &chain, &self.key)
    }
}

#[test]
fn revocation_lists_apply_to_the_whole_chain_by_default() {
    use rustls::CertificateError::{
        ExpiredRevocationListContext, Revoked, UnknownRevocationStatus,
    };
    let pki = Revoking::new();
    let of_root = |serial| Crls::pem(pki.root.crl(serial, 2090));
    let of_issuing = |serial, until| Crls::pem(pki.issuing.crl(serial, until));

    let clean = || of_issuing(1, 2090).and(of_root(1));
    assert_eq!(pki.verify_with(clean()), Ok(()));

    let revoked = Err(Error::InvalidCertificate(Revoked));
    assert_eq!(
        pki.verify_with(of_issuing(9, 2090).and(of_root(1))),
        revoked
    );
    assert_eq!(
        pki.verify_with(of_issuing(1, 2090).and(of_root(5))),
        revoked
    );
    let leaf_only = of_issuing(1, 2090).and(of_root(5)).leaf_only();
    assert_eq!(pki.verify_with(leaf_only), Ok(()));

    let unknown = Err(Error::InvalidCertificate(UnknownRevocationStatus));
    assert_eq!(pki.verify_with(of_issuing(1, 2090)), unknown);
    assert_eq!(pki.verify_with(of_issuing(1, 2090).leaf_only()), Ok(()));
    assert_eq!(
        pki.verify_with(of_issuing(1, 2090).allow_unknown_status()),
        Ok(())
    );
    assert_eq!(
        pki.verify_with(of_issuing(9, 2090).allow_unknown_status()),
        revoked
    );

    let old = || of_issuing(1, 2022).and(of_root(1));
    let expired = pki.verify_with(old()).unwrap_err();
    let is_expired = matches!(
        &expired,
        Error::InvalidCertificate(ExpiredRevocationListContext { .. })
    );
    assert!(is_expired, "{expired:?}");
    assert_eq!(pki.verify_with(old().ignore_expiry()), Ok(()));
    let old_and_revoked = of_issuing(9, 2022).and(of_root(1)).ignore_expiry();
    assert_eq!(pki.verify_with(old_and_revoked), revoked);
}

fn revoking_edge_parts() -> (Ca, Certified) {
    let (root, key) = (Ca::root(), key());
    let mut params = CertificateParams::new(vec!["www.example.test".to_owned()]).unwrap();
    params.serial_number = Some(SerialNumber::from(9));
    let certificate = root.sign(&params, &key);
    (root, Certified::new(&certificate, &key))
}

#[tokio::test]
async fn a_revoked_certificate_is_distinguished_from_one_that_no_list_covers() {
    let (root, certified) = revoking_edge_parts();
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with("www.example.test", certified)
        .start()
        .await;
    let with = |crls| {
        let policy = VerifyPolicy::roots(Roots::pem(root.pem())).crls(crls);
        error(to(&edge, &authority, "www.example.test").verify(policy))
    };

    let revoked = with(Crls::pem(root.crl(9, 2090))).await;
    assert_eq!(
        revoked.kind(),
        ErrorKind::Certificate(CertificateProblem::Revoked)
    );
    assert_eq!(revoked.fault(), Fault::Origin);
    check(
        &revoked,
        CauseId::CertificateRevoked,
        Certainty::Certain,
        "replace the origin's certificate",
    );

    let stranger = Ca::root().below("Stranger", |_| ());
    for crls in [
        Crls::pem(stranger.crl(1, 2090)),
        Crls::pem(root.crl(1, 2022)),
    ] {
        let unknown = with(crls).await;
        assert_eq!(
            unknown.kind(),
            ErrorKind::Certificate(CertificateProblem::RevocationUnknown)
        );
        assert_eq!(unknown.fault(), Fault::Config);
        check(
            &unknown,
            CauseId::RevocationUnknown,
            Certainty::Certain,
            "pass .crls(..) a current list of every issuer, or relax it: leaf_only(), allow_unknown_status(), ignore_expiry()",
        );
    }
}

#[tokio::test]
async fn a_peer_without_the_key_of_its_certificate_is_called_so() {
    let authority = Authority::new();
    let mut mixed = authority.issue(&["www.example.test"]);
    mixed.key = authority.issue(&["www.example.test"]).key;
    let edge = Edge::builder(&authority)
        .serves_with("www.example.test", mixed)
        .start()
        .await;
    let error = error(to(&edge, &authority, "www.example.test")).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::KeyNotProven)
    );
    check(
        &error,
        CauseId::KeyNotHeld,
        Certainty::Likely,
        "configure the origin with the key that matches its certificate",
    );
}

fn built(policy: VerifyPolicy) -> Result<CdnOriginConnector, BuildError> {
    CdnOriginConnector::builder("https://www.example.test")
        .verify(policy)
        .build()
}

#[track_caller]
fn refused(policy: VerifyPolicy, kind: BuildProblemKind, words: &str) {
    let error = built(policy).unwrap_err();
    let problem = error.problems().iter().find(|it| it.kind() == kind);
    let problem = problem.unwrap_or_else(|| panic!("no {kind:?} in {error}"));
    assert_eq!(problem.setter(), "verify");
    assert!(problem.to_string().contains(words), "{problem}");
}

#[test]
fn malformed_lists_and_contradictions_are_build_errors() {
    use BuildProblemKind::{Contradiction, Empty, InvalidCertificate, InvalidName, UnreadableFile};
    let root = Ca::root();
    let roots = || VerifyPolicy::roots(Roots::pem(root.pem()));
    let pinned = || VerifyPolicy::pinned(SpkiPin::sha256([1; 32]));
    let list = || Crls::pem(root.crl(1, 2090));
    let hour = Duration::from_secs(3600);

    let broken = |crls: Crls, words| refused(roots().crls(crls), InvalidCertificate, words);
    broken(Crls::der([0x30, 0x03, 0x02, 0x01, 0x01]), "cannot be used");
    broken(Crls::der(Vec::new()), "cannot be used");
    broken(Crls::der(root.der().to_vec()), "cannot be used");
    broken(Crls::pem(root.pem()), "no revocation list");
    broken(Crls::pem("-----BEGIN X509 CRL-----\n!\n"), "cannot be read");
    let missing = Crls::pem_file("/nonexistent/list.pem");
    refused(
        roots().crls(missing),
        UnreadableFile,
        "/nonexistent/list.pem",
    );
    let missing = Roots::pem_file("/nonexistent/roots.pem");
    refused(
        VerifyPolicy::roots(missing),
        UnreadableFile,
        "/nonexistent/roots.pem",
    );

    refused(
        pinned().crls(list()),
        Contradiction,
        "needs a policy with roots",
    );
    refused(
        danger::accept_expired(pinned(), hour),
        Contradiction,
        "no other one looks at dates",
    );
    let both = danger::accept_expired(roots().crls(list()), hour);
    refused(both, Contradiction, "Crls::ignore_expiry()");

    refused(roots().expecting_any([]), Empty, "lists no name");
    refused(pinned().expecting_any([]), Empty, "lists no name");
    for bad in [
        SanMatcher::dns("*.example.test"),
        SanMatcher::dns(""),
        SanMatcher::dns_suffix("192.0.2.1"),
        SanMatcher::spiffe_trust_domain("a/b"),
        SanMatcher::uri(""),
        SanMatcher::uri("no-scheme"),
        SanMatcher::uri("spiffe:"),
        SanMatcher::uri("1x://y"),
        SanMatcher::uri("x://space here"),
    ] {
        refused(roots().expecting_any([bad]), InvalidName, "verify(..): ");
    }
}

/// Cut and flipped bytes of a good list: an error at most, never a panic.
#[test]
fn no_damage_to_a_list_makes_the_builder_panic() {
    let root = Ca::root();
    let pem = root.crl(1, 2090);
    let good = rustls::pki_types::pem::PemObject::from_pem_slice(pem.as_bytes());
    let good: rustls::pki_types::CertificateRevocationListDer<'_> = good.unwrap();
    for at in 0..good.len() {
        let mut flipped = good.to_vec();
        flipped[at] ^= 0x81;
        for damaged in [good[..at].to_vec(), flipped] {
            let roots = VerifyPolicy::roots(Roots::pem(root.pem()));
            let _ = built(roots.crls(Crls::der(damaged)));
        }
    }
}

#[test]
fn whatever_weakens_a_policy_is_advised_against() {
    let root = Ca::root();
    let roots = || VerifyPolicy::roots(Roots::pem(root.pem()));
    let advice = |policy| {
        let connector = built(policy).unwrap();
        let ids: Vec<_> = connector.advice().iter().map(|it| it.id()).collect();
        ids
    };
    assert_eq!(advice(roots()), []);
    assert_eq!(advice(roots().crls(Crls::pem(root.crl(1, 2090)))), []);
    assert_eq!(
        advice(danger::ignore_names(roots())),
        [AdviceId::NamesIgnored]
    );
    assert_eq!(
        advice(danger::accept_expired(roots(), Duration::from_secs(1))),
        [AdviceId::ExpiryGrace]
    );
    assert_eq!(
        advice(danger::accept_any_certificate()),
        [AdviceId::VerificationOff]
    );
    let named = |policy| -> CdnOriginBuilder {
        CdnOriginConnector::builder("https://www.example.test")
            .expected_name("other.example.test")
            .verify(policy)
    };
    let expecting = roots().expecting_any([SanMatcher::dns("a.example.test")]);
    for policy in [expecting, danger::ignore_names(roots())] {
        let connector = named(policy).build().unwrap();
        let ids: Vec<_> = connector.advice().iter().map(|it| it.id()).collect();
        assert!(ids.contains(&AdviceId::ExpectedNameUnused), "{ids:?}");
    }
}

#[test]
fn a_grace_ends() {
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| {
        it.subject_alt_names = vec![dns("sni.example.test")];
        it.not_after = date_time_ymd(2021, 1, 1);
    });
    let with = |grace| {
        let roots = VerifyPolicy::roots(Roots::pem(root.pem()));
        result(danger::accept_expired(roots, grace), &chain, &key)
    };
    assert!(with(Duration::ZERO).is_err());
    assert!(with(Duration::from_secs(24 * 3600)).is_err());
    assert!(with(Duration::MAX).is_ok());
}

#[cfg(feature = "platform-verifier")]
#[test]
fn the_platform_verifier_checks_only_chains_and_names() {
    use BuildProblemKind::Contradiction;
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| {
        it.subject_alt_names = vec![dns("sni.example.test")]
    });
    match built(VerifyPolicy::platform()) {
        Ok(_) => {
            let unknown = result(VerifyPolicy::platform(), &chain, &key).unwrap_err();
            assert_eq!(unknown, rustls::CertificateError::UnknownIssuer.into());
        }
        // A machine without roots trusts no certificate.
        Err(error) => {
            assert_eq!(error.problems()[0].kind(), BuildProblemKind::Empty);
            assert!(error.to_string().contains("no root certificate"), "{error}");
        }
    }

    let platform = VerifyPolicy::platform;
    let list = Crls::pem(root.crl(1, 2090));
    refused(platform().crls(list), Contradiction, "roots");
    let grace = danger::accept_expired(platform(), Duration::from_secs(1));
    refused(grace, Contradiction, "roots");
    refused(
        danger::ignore_names(platform()),
        Contradiction,
        "expected name",
    );
    let names = [SanMatcher::dns("a.example.test")];
    refused(
        platform().expecting_any(names),
        Contradiction,
        "expected name",
    );
}
