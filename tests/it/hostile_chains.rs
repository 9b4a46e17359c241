//! Chains of certificates that would keep the verifier busy.

use cdn_origin::{
    CdnOriginConnector,
    tls::{
        Roots, VerifyPolicy,
        rustls::{self, CertificateError, Error, pki_types::CertificateDer},
    },
};
use rcgen::KeyPair;

use crate::pki::{Ca, complete_handshake, key, server};

const SITE: &str = "good.example.test";

/// The outcome of a handshake with this chain.
fn outcome(root: &Ca, chain: &[CertificateDer<'static>], key: &KeyPair) -> Result<(), Error> {
    let connector = CdnOriginConnector::builder(format!("https://{SITE}"))
        .verify(VerifyPolicy::roots(Roots::pem(root.pem())))
        .build()
        .unwrap();
    let server = server(chain, key, &rustls::version::TLS13);
    complete_handshake(connector.tls_config().unwrap(), server, SITE).map(|_| ())
}

/// Certificates with one subject, which is their issuer too, and a key each.
fn alike(name: &str, count: usize) -> Vec<CertificateDer<'static>> {
    let parent = Ca::root().below(name, |_| {});
    let one = || parent.below(name, |_| {}).leaf(&key(), |_| {})[1].clone();
    (0..count).map(|_| one()).collect()
}

// webpki alone gives up after 200,000 steps, and reports something else.
#[test]
fn many_certificates_with_one_name_cost_little() {
    let root = Ca::root();
    let key = key();
    for count in [5, 10, 100] {
        let leaf = Ca::root().below("Alike", |_| {}).leaf(&key, |_| {});
        let mut chain = vec![leaf[0].clone()];
        chain.extend(alike("Alike", count));
        let error = outcome(&root, &chain, &key).unwrap_err();
        let unknown = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert_eq!(error, unknown, "{count}");
    }
}

#[test]
fn an_honest_chain_is_found_among_many_certificates() {
    let root = Ca::root();
    let key = key();
    let honest = root.below("Upper", |_| {}).below("Lower", |_| {});
    let honest = honest.leaf(&key, |_| {});
    for (others, alike_before) in [(0, 0), (50, 0), (0, 2), (50, 2)] {
        let mut chain = vec![honest[0].clone()];
        chain.extend(alike("Unrelated", others));
        chain.extend(alike("Upper", alike_before));
        chain.extend(alike("Lower", alike_before));
        // From the top, as some servers send it.
        chain.extend(honest[1..].iter().rev().cloned());
        let outcome = outcome(&root, &chain, &key);
        assert_eq!(outcome, Ok(()), "{others} {alike_before}");
    }
}
