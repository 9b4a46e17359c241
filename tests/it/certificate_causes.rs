//! Refused certificates: who presented it decides what is said first and which fix is offered.

use std::net::SocketAddr;

use cdn_origin::{
    CdnOriginConnector, Error,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty},
    error::{CertificateProblem, ErrorKind},
    tls::{
        Crls, Roots, SpkiPin, VerifyPolicy,
        rustls::{self, pki_types::CertificateDer},
    },
};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use tower::ServiceExt;

use crate::{
    failing::{check, error},
    pki::{Ca, dns, key, server},
    tls_facts::shaking_hands,
    transports,
};

const SITE: &str = "www.example.test";
const CDN: &str = "d1234567890.cloudfront.net";
const ANY_SNI: &str = ".sni(\"..\") with a name that the edge serves";

async fn presenting(chain: &[CertificateDer<'static>], key: &KeyPair) -> SocketAddr {
    shaking_hands(server(chain, key, &rustls::version::TLS13)).await
}

/// Reaches the address under this name, port 443 included, as a CDN's would be.
fn at(name: &str, address: SocketAddr, root: &Ca) -> CdnOriginBuilder {
    CdnOriginConnector::builder(format!("https://{name}"))
        .transport(transports::to(address))
        .verify(VerifyPolicy::roots(Roots::pem(root.pem())))
}

/// A subject of these attributes.
fn subject(attributes: &[(DnType, &str)]) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    for (kind, value) in attributes {
        subject.push(kind.clone(), *value);
    }
    subject
}

fn leaf(common_name: &str, names: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = subject(&[(DnType::CommonName, common_name)]);
    params.subject_alt_names = names.iter().map(|name| dns(name)).collect();
    params
}

async fn self_signed(params: CertificateParams) -> SocketAddr {
    let key = key();
    let certificate = params.self_signed(&key).unwrap();
    presenting(&[certificate.der().clone()], &key).await
}

fn ids(error: &Error) -> Vec<CauseId> {
    let diagnosis = error.diagnosis();
    diagnosis.causes().iter().map(|cause| cause.id()).collect()
}

/// Everything that the report offers as a fix.
fn fixes(error: &Error) -> String {
    let diagnosis = error.diagnosis();
    let causes = diagnosis.causes().iter();
    let fixes: Vec<_> = causes
        .flat_map(|cause| cause.fixes().iter().map(ToString::to_string))
        .collect();
    fixes.join("\n")
}

#[tokio::test]
async fn a_self_signed_certificate_in_a_cdns_name_is_an_interceptors_and_no_pin_is_offered() {
    let root = Ca::root();
    for params in [
        leaf("firewall.corp.test", &[CDN]),
        leaf(CDN, &[CDN]),
        leaf("TRAEFIK DEFAULT CERT", &["a.b.traefik.default"]),
        leaf("localhost", &["localhost"]),
        leaf("invalid2.invalid", &["invalid2.invalid"]),
    ] {
        let address = self_signed(params).await;
        for builder in [at(CDN, address, &root), at(CDN, address, &root).omit_sni()] {
            let error = error(builder).await;
            check(&error, CauseId::Interception, Certainty::Likely, "");
            let fixes = fixes(&error);
            for word in ["pin", "verify", "localhost", "invalid2", "traefik"] {
                assert!(!fixes.contains(word), "{fixes}");
            }
        }
    }
}

#[tokio::test]
async fn a_private_authority_in_a_platforms_name_is_an_interceptors_and_is_not_to_be_trusted() {
    let (root, inspector, key) = (Ca::root(), Ca::root(), key());
    let between = inspector.below("Inspection CA", |_| {});
    for name in [
        CDN,
        "shop.azurewebsites.net",
        "shop.herokuapp.com",
        "x.map.fastly.net",
    ] {
        for issuer in [&inspector, &between] {
            let chain = issuer.leaf(&key, |it| it.subject_alt_names = vec![dns(name)]);
            let error = error(at(name, presenting(&chain, &key).await, &root)).await;
            check(&error, CauseId::Interception, Certainty::Likely, "");
            assert_eq!(fixes(&error), "");
        }
    }
}

#[tokio::test]
async fn the_placeholder_of_the_dialled_edge_itself_is_no_interception() {
    let address = self_signed(leaf("invalid2.invalid", &["invalid2.invalid"])).await;
    let root = Ca::root();
    let error = error(at("shop.run.app", address, &root).omit_sni()).await;
    let fix = ".sni(\"shop.run.app\"), or another name that the edge serves";
    check(&error, CauseId::SniMissing, Certainty::Certain, fix);
}

#[tokio::test]
async fn the_certificate_that_a_server_was_installed_with_says_that_it_has_no_such_site() {
    let root = Ca::root();
    for common_name in ["localhost", "localhost.localdomain", "Plesk"] {
        let address = self_signed(leaf(common_name, &["localhost"])).await;
        let error = error(at(SITE, address, &root)).await;
        check(&error, CauseId::SniNotServed, Certainty::Likely, ANY_SNI);
        assert_eq!(ids(&error), [CauseId::SniNotServed]);
        // Or it is the user's own origin.
        let pin = "if the presented key is the one on your server, pin it: \
                   VerifyPolicy::pinned(..)";
        assert_eq!(fixes(&error), format!("{ANY_SNI}\n{pin}"));
    }
    let mut params = leaf("host.internal", &[]);
    params.distinguished_name = subject(&[
        (DnType::OrganizationName, "SomeOrganization"),
        (DnType::CommonName, "host.internal"),
    ]);
    let error = error(at(SITE, self_signed(params).await, &root)).await;
    check(&error, CauseId::SniNotServed, Certainty::Likely, ANY_SNI);
}

#[tokio::test]
async fn a_certificate_for_localhost_is_the_right_one_where_localhost_is_asked_for() {
    let address = self_signed(leaf("localhost", &["localhost"])).await;
    let error = error(at("localhost", address, &Ca::root())).await;
    let pin = crate::failing::presented_pin(&error);
    let fix = format!("let pin = \"{pin}\".parse()?; .verify(VerifyPolicy::pinned(pin))");
    check(&error, CauseId::SelfSigned, Certainty::Certain, &fix);
}

#[tokio::test]
async fn a_self_signed_certificate_for_another_name_is_a_default_one_and_its_key_is_not_offered() {
    let address = self_signed(leaf("nas.home.test", &["nas.home.test"])).await;
    let error = error(at(SITE, address, &Ca::root())).await;
    check(&error, CauseId::SniNotServed, Certainty::Likely, ANY_SNI);
    assert_eq!(ids(&error)[1..], [CauseId::SelfSigned]);
    let fixes = fixes(&error);
    assert!(fixes.contains("check the dialled name and port"), "{fixes}");
    assert!(
        !fixes.contains("sha256/") && !fixes.contains("nas.home"),
        "{fixes}"
    );
}

#[tokio::test]
async fn a_certificate_that_only_has_its_issuers_name_is_not_called_self_signed() {
    // An authority and a server of the same name.
    let mut params = leaf(SITE, &[]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, key()).unwrap();
    let key = key();
    let signed = leaf(SITE, &[SITE]).signed_by(&key, &issuer).unwrap();
    let address = presenting(&[signed.der().clone()], &key).await;
    let error = error(at(SITE, address, &Ca::root())).await;
    let leaf = error.facts().certificates().first().unwrap();
    assert_eq!(leaf.subject(), leaf.issuer());
    assert!(
        !ids(&error).contains(&CauseId::SelfSigned),
        "{}",
        error.report()
    );
    assert_eq!(ids(&error), [CauseId::UntrustedAuthority]);
}

#[tokio::test]
async fn a_self_signed_certificate_marked_as_an_authority_is_self_signed_too() {
    let mut params = leaf(SITE, &[SITE]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let error = error(at(SITE, self_signed(params).await, &Ca::root())).await;
    assert_eq!(
        error.diagnosis().likeliest().unwrap().id(),
        CauseId::SelfSigned
    );
}

#[tokio::test]
async fn an_authoritys_certificate_is_unusable_as_a_leaf_even_if_it_is_a_trusted_root() {
    let mut params = leaf(SITE, &[SITE]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = key();
    let own = params.self_signed(&key).unwrap();
    let address = presenting(&[own.der().clone()], &key).await;
    let trusting = |policy| at(SITE, address, &Ca::root()).verify(policy);
    let error = error(trusting(VerifyPolicy::roots(Roots::pem(own.pem())))).await;
    let rejected = ErrorKind::Certificate(CertificateProblem::Rejected);
    assert_eq!(error.kind(), rejected);
    let fix = "issue a certificate for the origin without CA:TRUE, and trust its authority";
    check(
        &error,
        CauseId::CertificateUnusable,
        Certainty::Certain,
        fix,
    );
    // The other fix works.
    let pin = crate::failing::presented_pin(&error);
    assert!(
        fixes(&error).contains(&pin.to_string()),
        "{}",
        error.report()
    );
    let pinned = trusting(VerifyPolicy::pinned(pin));
    let connector = pinned.build().unwrap();
    connector.oneshot(http::Uri::default()).await.unwrap();

    // An authority below a trusted one is no better.
    let root = Ca::root();
    let chain = root.leaf(&key, |it| {
        it.subject_alt_names = vec![dns(SITE)];
        it.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    let error = self::error(at(SITE, presenting(&chain, &key).await, &root)).await;
    assert_eq!(error.kind(), rejected);
    check(
        &error,
        CauseId::CertificateUnusable,
        Certainty::Certain,
        fix,
    );
}

/// A chain of a leaf, an intermediate of this organisation and its root.
struct Hierarchy {
    key: KeyPair,
    leaf: CertificateDer<'static>,
    intermediate: CertificateDer<'static>,
    root: CertificateDer<'static>,
}

impl Hierarchy {
    fn of(organization: &str) -> Self {
        let ca = |name: &str| {
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.distinguished_name = subject(&[
                (DnType::OrganizationName, organization),
                (DnType::CommonName, name),
            ]);
            params
        };
        let root = CertifiedIssuer::self_signed(ca("Root X"), key()).unwrap();
        let intermediate = CertifiedIssuer::signed_by(ca("R11"), key(), &root).unwrap();
        let key = key();
        let leaf = leaf(SITE, &[SITE]).signed_by(&key, &intermediate).unwrap();
        Self {
            key,
            leaf: leaf.der().clone(),
            intermediate: intermediate.der().clone(),
            root: root.der().clone(),
        }
    }

    /// The failure with the leaf and these further certificates.
    async fn presented_with(&self, others: &[CertificateDer<'static>]) -> Error {
        let chain = [std::slice::from_ref(&self.leaf), others].concat();
        let address = presenting(&chain, &self.key).await;
        let error = error(at(SITE, address, &Ca::root())).await;
        let unknown = ErrorKind::Certificate(CertificateProblem::UnknownIssuer);
        assert_eq!(error.kind(), unknown);
        error
    }
}

const UPDATE_ROOTS: &str =
    "install ca-certificates, or trust Roots::bundled(), with the feature `bundled-roots`";
const SEND_CHAIN: &str = "configure the server to send its whole chain";

#[tokio::test]
async fn a_public_chain_that_was_sent_in_full_misses_its_root_here() {
    let public = Hierarchy::of("Let's Encrypt");
    let stranger = Ca::root().der();
    let (intermediate, root) = (public.intermediate.clone(), public.root.clone());
    // In order, with the root, in the wrong order, and among certificates that do not belong to it.
    for others in [
        vec![intermediate.clone()],
        vec![intermediate.clone(), root.clone()],
        vec![root.clone(), intermediate.clone()],
        vec![stranger, intermediate.clone()],
    ] {
        let error = public.presented_with(&others).await;
        check(
            &error,
            CauseId::RootsMissing,
            Certainty::Likely,
            UPDATE_ROOTS,
        );
        let certain = ids(&error);
        let sends_root = others.contains(&root);
        assert_eq!(certain.contains(&CauseId::IntermediateMissing), !sends_root);
    }
}

#[tokio::test]
async fn a_public_chain_without_its_intermediate_is_incomplete_whatever_else_is_sent() {
    let public = Hierarchy::of("Let's Encrypt");
    let other = Hierarchy::of("Sectigo Limited");
    for others in [
        vec![],
        vec![public.root.clone()],
        vec![Ca::root().der()],
        vec![other.intermediate, other.root],
        vec![public.leaf.clone()],
    ] {
        let error = public.presented_with(&others).await;
        check(
            &error,
            CauseId::IntermediateMissing,
            Certainty::Likely,
            SEND_CHAIN,
        );
        assert_eq!(ids(&error)[1..], [CauseId::RootsMissing]);
    }
}

#[tokio::test]
async fn a_private_chain_that_was_sent_in_full_ends_at_the_authority_to_trust() {
    let private = Hierarchy::of("Example Ltd");
    for others in [
        vec![private.intermediate.clone()],
        vec![private.intermediate.clone(), private.root.clone()],
    ] {
        let error = private.presented_with(&others).await;
        let text = error.diagnosis().likeliest().unwrap().text().to_owned();
        let (issuer, _) = text.split_once(", at which the chain ends,").unwrap();
        let fix = format!(
            ".verify(VerifyPolicy::roots(Roots::pem(..))) with the PEM of {issuer} beside your \
             other roots, only if that is your own authority"
        );
        check(&error, CauseId::UntrustedAuthority, Certainty::Likely, &fix);
        assert!(issuer.contains("Root X"), "{text}");
        assert!(!fixes(&error).contains("whole chain"), "{fix}");
        assert!(!text.contains("intermediate"), "{text}");
    }
    let leaf_alone = private.presented_with(&[]).await;
    let text = leaf_alone
        .diagnosis()
        .likeliest()
        .unwrap()
        .text()
        .to_owned();
    assert!(
        text.contains("R11") && text.contains("intermediate"),
        "{text}"
    );
    assert!(fixes(&leaf_alone).contains("whole chain"), "{text}");
}

#[tokio::test]
async fn the_origins_own_certificate_as_a_root_is_named_and_its_key_can_be_pinned() {
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| it.subject_alt_names = vec![dns(SITE)]);
    let pin = SpkiPin::of_certificate(&chain[0]).unwrap();
    let address = presenting(&chain, &key).await;
    let own = VerifyPolicy::roots(Roots::der(chain[0].to_vec()));
    let error = error(at(SITE, address, &root).verify(own)).await;
    let fix = format!("let pin = \"{pin}\".parse()?; .verify(VerifyPolicy::pinned(pin))");
    check(&error, CauseId::UntrustedAuthority, Certainty::Likely, &fix);
    let text = error.diagnosis().likeliest().unwrap().text().to_owned();
    assert!(text.contains("configured as a root"), "{text}");
}

/// Each rule has its own words.
#[tokio::test]
async fn a_certificate_for_clients_breaks_one_rule_and_that_is_named() {
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| {
        it.subject_alt_names = vec![dns(SITE)];
        it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    let error = error(at(SITE, presenting(&chain, &key).await, &root)).await;
    let fix = "replace the origin's certificate";
    check(
        &error,
        CauseId::CertificateUnusable,
        Certainty::Certain,
        fix,
    );
    let text = error.diagnosis().likeliest().unwrap().text().to_owned();
    assert!(text.contains("is not meant for a server"), "{text}");
    assert!(!text.contains("malformed"), "{text}");
}

#[tokio::test]
async fn an_unknown_issuer_does_not_hide_that_the_certificate_is_for_another_name() {
    let (root, stranger, key) = (Ca::root(), Ca::root(), key());
    let chain = stranger.leaf(&key, |it| it.subject_alt_names = vec![dns("cert.cdn.test")]);
    let address = presenting(&chain, &key).await;
    let error = error(at("edge.cdn.test", address, &root)).await;
    let unknown = ErrorKind::Certificate(CertificateProblem::UnknownIssuer);
    assert_eq!(error.kind(), unknown);
    let expected = [
        CauseId::UntrustedAuthority,
        CauseId::CertificateForAnotherName,
    ];
    assert_eq!(ids(&error), expected, "{}", error.report());
    let text = error.diagnosis().causes()[1].text().to_owned();
    assert!(
        text.contains("cert.cdn.test") && text.contains("edge.cdn.test"),
        "{text}"
    );
    // Nothing vouches for the name that was presented.
    assert!(
        !fixes(&error).contains("cert.cdn.test"),
        "{}",
        error.report()
    );
}

#[tokio::test]
async fn an_expired_intermediate_is_not_called_the_certificate() {
    let (root, key) = (Ca::root(), key());
    let expired = root.below("Expired CA", |it| {
        it.not_after = rcgen::date_time_ymd(2020, 1, 2)
    });
    let chain = expired.leaf(&key, |it| it.subject_alt_names = vec![dns(SITE)]);
    let error = error(at(SITE, presenting(&chain, &key).await, &root)).await;
    let fix = "let the server send the authority's current chain, trust its current root, or \
               correct the local clock";
    check(&error, CauseId::CertificateExpired, Certainty::Certain, fix);
    let text = error.diagnosis().likeliest().unwrap().text().to_owned();
    assert!(
        text.contains("CN=Expired CA") && text.contains("2020-01-02"),
        "{text}"
    );
}

#[tokio::test]
async fn a_pin_of_an_issuer_is_named_and_does_not_count() {
    let (root, key) = (Ca::root(), key());
    let between = root.below("Between", |_| {});
    let chain = between.leaf(&key, |it| it.subject_alt_names = vec![dns(SITE)]);
    let [leaf, issuer] = [&chain[0], &chain[1]].map(|it| SpkiPin::of_certificate(it).unwrap());
    let address = presenting(&chain, &key).await;
    let trusted = VerifyPolicy::roots(Roots::pem(root.pem()));
    let refused = error(at(SITE, address, &root).verify(trusted.and_pin(issuer))).await;
    let fix = format!(
        "let pin = \"{leaf}\".parse()?; .and_pin(pin) on the VerifyPolicy, if the key belongs to \
         your origin"
    );
    check(&refused, CauseId::PinMismatch, Certainty::Certain, &fix);
    let text = refused.diagnosis().likeliest().unwrap().text().to_owned();
    assert!(text.contains("the issuer CN=Between"), "{text}");

    // The chain proves nothing where only the pin is checked: anyone can send that issuer along.
    let refused = error(at(SITE, address, &root).verify(VerifyPolicy::pinned(issuer))).await;
    let text = refused.diagnosis().likeliest().unwrap().text().to_owned();
    assert!(text.contains("the issuer CN=Between"), "{text}");
    assert!(!fixes(&refused).contains("sha256/"), "{}", refused.report());
}

#[tokio::test]
async fn a_pin_that_nothing_presented_has_is_that_of_another_key() {
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| it.subject_alt_names = vec![dns(SITE)]);
    let policy = VerifyPolicy::roots(Roots::pem(root.pem())).and_pin(SpkiPin::sha256([7; 32]));
    let refused = error(at(SITE, presenting(&chain, &key).await, &root).verify(policy)).await;
    let text = refused.diagnosis().likeliest().unwrap().text().to_owned();
    assert!(text.contains("a key that is not pinned"), "{text}");
}

/// The failure of a trusted certificate for these names under another one.
async fn mismatched(names: &[&str], common_name: &str, expected: &str) -> Error {
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| {
        it.distinguished_name = subject(&[(DnType::CommonName, common_name)]);
        it.subject_alt_names = names.iter().map(|name| dns(name)).collect();
    });
    let error = error(at(expected, presenting(&chain, &key).await, &root)).await;
    let mismatch = ErrorKind::Certificate(CertificateProblem::NameMismatch);
    assert_eq!(error.kind(), mismatch, "{error:?}");
    error
}

#[tokio::test]
async fn a_wildcard_that_does_not_cover_the_name_is_said_to_break_its_own_rule() {
    for (wildcard, name, part) in [
        ("*.example.test", "a.b.example.test", "has more"),
        ("*.EXAMPLE.test", "a.b.example.test", "has more"),
        ("*.example.test", "example.test", "has none"),
        ("*.internal", "app.internal", "top-level domain"),
        ("*w.example.test", "www.example.test", "whole label"),
        ("w*.example.test", "www.example.test", "whole label"),
    ] {
        let error = mismatched(&[wildcard], "x", name).await;
        let cause = error.diagnosis().likeliest().unwrap().clone();
        assert_eq!(
            cause.id(),
            CauseId::WildcardTooShallow,
            "{}",
            error.report()
        );
        assert_eq!(cause.certainty(), Certainty::Certain);
        assert!(cause.text().contains(part), "{wildcard} {name}: {cause}");
    }
    let unrelated = mismatched(&["*.example.test"], "x", "www.other.test").await;
    assert!(!ids(&unrelated).contains(&CauseId::WildcardTooShallow));
}

#[tokio::test]
async fn wildcards_cover_in_any_case() {
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| {
        it.subject_alt_names = vec![dns("*.EXAMPLE.test")]
    });
    let address = presenting(&chain, &key).await;
    let connector = at(SITE, address, &root).build().unwrap();
    let connected = connector.oneshot(http::Uri::default()).await;
    connected.unwrap();
    // The Host is covered, and SNI is not.
    let builder = at("other.test", address, &root).host(SITE);
    let fix = format!(".sni(\"{SITE}\")");
    let id = CauseId::CertificateForAnotherName;
    check(&error(builder).await, id, Certainty::Certain, &fix);
}

#[tokio::test]
async fn a_common_name_without_alternative_names_does_not_count() {
    let fix =
        "replace the origin's certificate by one with the name among its subject alternative names";
    let error = mismatched(&[], SITE, SITE).await;
    check(
        &error,
        CauseId::CertificateUnusable,
        Certainty::Certain,
        fix,
    );
    let text = error.diagnosis().likeliest().unwrap().text().to_owned();
    assert!(text.contains("common name does not count"), "{text}");
    assert!(text.contains(SITE), "{text}");
}

#[tokio::test]
async fn configurations_that_mean_the_same_get_the_same_fix_for_a_certificate_of_another_name() {
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| it.subject_alt_names = vec![dns("cert.cdn.test")]);
    let address = presenting(&chain, &key).await;
    let trusting = |url: String| {
        let policy = VerifyPolicy::roots(Roots::pem(root.pem()));
        CdnOriginConnector::builder(url).verify(policy)
    };
    let expect = ".expected_name(\"cert.cdn.test\") only if that is your origin";
    let id = CauseId::CertificateForAnotherName;
    for builder in [
        trusting(String::from("https://edge.cdn.test")).dial(address),
        trusting(format!("https://{address}")).sni("edge.cdn.test"),
    ] {
        let error = error(builder).await;
        check(&error, id, Certainty::Likely, expect);
        // SNI was chosen: the name in the certificate is no name to send.
        assert_eq!(fixes(&error), format!("{expect}\n{ANY_SNI}"));
    }
    // One name for everything may be the wrong one, but the peer has chosen the other.
    let error = error(at("edge.cdn.test", address, &root)).await;
    let send = ".sni(\"cert.cdn.test\") only if that is your origin";
    check(&error, id, Certainty::Likely, send);
    assert_eq!(fixes(&error), format!("{send}\n{expect}\n{ANY_SNI}"));
}

#[tokio::test]
async fn a_presented_name_is_sent_only_on_a_condition() {
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| it.subject_alt_names = vec![dns("cert.cdn.test")]);
    let address = presenting(&chain, &key).await;
    let policy = VerifyPolicy::roots(Roots::pem(root.pem()));
    let error =
        error(CdnOriginConnector::builder(format!("https://{address}")).verify(policy)).await;
    let send = ".sni(\"cert.cdn.test\") only if that is your origin";
    check(&error, CauseId::AddressExpected, Certainty::Certain, send);
}

#[tokio::test]
async fn a_platforms_own_certificate_is_no_reason_to_send_the_platforms_name() {
    for name in [
        "shop.azurewebsites.net",
        "shop.herokuapp.com",
        "shop.netlify.app",
    ] {
        let error = mismatched(&[name], "x", SITE).await;
        check(&error, CauseId::SniNotServed, Certainty::Likely, ANY_SNI);
        assert!(!fixes(&error).contains(name), "{}", error.report());
    }
}

#[tokio::test]
async fn no_name_of_a_certificate_without_a_trusted_root_is_offered() {
    let (root, stranger, key) = (Ca::root(), Ca::root(), key());
    let chain = stranger.leaf(&key, |it| it.subject_alt_names = vec![dns("attacker.test")]);
    let address = presenting(&chain, &key).await;
    for builder in [
        at(SITE, address, &root),
        at(SITE, address, &root).omit_sni(),
    ] {
        let error = error(builder).await;
        assert!(
            !fixes(&error).contains("attacker.test"),
            "{}",
            error.report()
        );
    }
    let address = self_signed(leaf("attacker.test", &["attacker.test"])).await;
    for builder in [
        at(SITE, address, &root),
        at(SITE, address, &root).omit_sni(),
    ] {
        let error = error(builder).await;
        assert!(
            !fixes(&error).contains("attacker.test"),
            "{}",
            error.report()
        );
    }
}

/// What is certain, if anything is, and all causes.
fn ranking(error: &Error) -> Vec<(CauseId, Certainty)> {
    let diagnosis = error.diagnosis();
    let causes = diagnosis.causes().iter();
    causes.map(|it| (it.id(), it.certainty())).collect()
}

#[tokio::test]
async fn a_default_certificate_without_a_revocation_list_is_not_a_missing_list() {
    use {
        CauseId::{RevocationUnknown, SniMissing, SniNotServed},
        Certainty::Likely,
    };
    let (root, key) = (Ca::root(), key());
    let [ours, others] = ["Ours", "Others"].map(|name| root.below(name, |_| ()));
    let lists = format!("{}{}", root.crl(77, 2090), ours.crl(77, 2090));
    let policy = VerifyPolicy::roots(Roots::pem(root.pem())).crls(Crls::pem(lists));
    let chain = others.leaf(&key, |it| {
        it.subject_alt_names = vec![dns("default.invalid")];
    });
    let address = presenting(&chain, &key).await;
    let builder = at(SITE, address, &root).verify(policy);
    let refused = error(builder.clone()).await;
    let expected = [(SniNotServed, Likely), (RevocationUnknown, Likely)];
    assert_eq!(ranking(&refused), expected, "{}", refused.report());
    let refused = error(builder.omit_sni()).await;
    let expected = [(SniMissing, Likely), (RevocationUnknown, Likely)];
    assert_eq!(ranking(&refused), expected, "{}", refused.report());
}

#[tokio::test]
async fn a_revoked_default_certificate_is_not_the_only_cause() {
    use {
        CauseId::{CertificateRevoked, SniMissing, SniNotServed},
        Certainty::Likely,
    };
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| {
        it.serial_number = Some(7_u64.into());
        it.subject_alt_names = vec![dns("default.invalid")];
    });
    let policy = VerifyPolicy::roots(Roots::pem(root.pem())).crls(Crls::pem(root.crl(7, 2090)));
    let builder = at(SITE, presenting(&chain, &key).await, &root).verify(policy);
    let refused = error(builder.clone()).await;
    let expected = [(SniNotServed, Likely), (CertificateRevoked, Likely)];
    assert_eq!(ranking(&refused), expected, "{}", refused.report());
    let refused = error(builder.omit_sni()).await;
    let expected = [(SniMissing, Likely), (CertificateRevoked, Likely)];
    assert_eq!(ranking(&refused), expected, "{}", refused.report());
}

/// A pin checks no name, so that a default certificate is refused for its key.
#[tokio::test]
async fn a_default_certificate_that_is_not_pinned_may_be_a_matter_of_sni() {
    use {
        CauseId::{PinMismatch, SniMissing, SniNotServed},
        Certainty::{Certain, Likely, Possible},
    };
    let (root, key) = (Ca::root(), key());
    let pinned = |address| {
        let policy = VerifyPolicy::pinned(SpkiPin::sha256([7; 32]));
        at(SITE, address, &root).verify(policy)
    };
    for (names, of_sni, expected) in [
        (&["*.cloudfront.net"][..], Likely, Likely),
        (&["default.invalid"], Possible, Likely),
    ] {
        let chain = root.leaf(&key, |it| {
            it.subject_alt_names = names.iter().map(|name| dns(name)).collect();
        });
        let address = presenting(&chain, &key).await;
        for (builder, id) in [
            (pinned(address), SniNotServed),
            (pinned(address).omit_sni(), SniMissing),
        ] {
            let refused = error(builder).await;
            let mut found = ranking(&refused);
            found.sort_by_key(|(id, _)| *id == PinMismatch);
            let all = [(id, of_sni), (PinMismatch, expected)];
            assert_eq!(found, all, "{}", refused.report());
        }
    }
    let chain = root.leaf(&key, |it| it.subject_alt_names = vec![dns(SITE)]);
    let refused = error(pinned(presenting(&chain, &key).await)).await;
    assert_eq!(ranking(&refused), [(PinMismatch, Certain)]);
    // A key without names is often pinned: nothing speaks for SNI.
    let chain = root.leaf(&key, |it| it.subject_alt_names.clear());
    let refused = error(pinned(presenting(&chain, &key).await)).await;
    assert_eq!(ranking(&refused), [(PinMismatch, Likely)]);
}

#[tokio::test]
async fn a_default_certificate_that_is_not_for_servers_may_be_a_matter_of_sni() {
    use {
        CauseId::{CertificateUnusable, SniMissing, SniNotServed},
        Certainty::{Certain, Likely},
    };
    let (root, key) = (Ca::root(), key());
    let for_clients = |name| {
        root.leaf(&key, |it| {
            it.subject_alt_names = vec![dns(name)];
            it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        })
    };
    let builder = at(SITE, presenting(&for_clients("a.test"), &key).await, &root);
    let refused = error(builder.clone()).await;
    let expected = [(SniNotServed, Likely), (CertificateUnusable, Likely)];
    assert_eq!(ranking(&refused), expected, "{}", refused.report());
    let refused = error(builder.omit_sni()).await;
    let expected = [(SniMissing, Likely), (CertificateUnusable, Likely)];
    assert_eq!(ranking(&refused), expected, "{}", refused.report());
    let address = presenting(&for_clients(SITE), &key).await;
    let refused = error(at(SITE, address, &root)).await;
    assert_eq!(ranking(&refused), [(CertificateUnusable, Certain)]);
}
