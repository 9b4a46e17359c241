//! Revocation agrees with webpki: chains and lists of many kinds, verified by a connector and by webpki itself, for every setting.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cdn_origin::{
    CdnOriginConnector,
    tls::{
        Crls, Roots, SanMatcher, SpkiPin, TlsParameters, VerifyPolicy, danger,
        rustls::{
            self, ClientConfig,
            crypto::aws_lc_rs,
            pki_types::{CertificateDer, UnixTime},
        },
    },
};
use rcgen::{
    CertificateParams, CertificateRevocationListParams, CrlDistributionPoint,
    CrlIssuingDistributionPoint, CrlScope, KeyPair, KeyUsagePurpose, RevocationReason,
    SerialNumber, date_time_ymd,
};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList,
    RevocationCheckDepth, RevocationOptionsBuilder, UnknownStatusPolicy, anchor_from_trusted_cert,
};

use crate::pki::{Ca, complete_handshake, key, server};

type Chain = Vec<CertificateDer<'static>>;

/// The serial numbers of the leaves and of the CAs below the root.
const LEAF: u64 = 9;
const CA: u64 = 5;
const UNUSED: u64 = 1;

const HERE: &str = "http://crl.example.test/here";
const ELSEWHERE: &str = "http://crl.example.test/elsewhere";

struct World {
    root: Ca,
    issuing: Ca,
    lower: Ca,
    /// Its certificate lets it sign certificates, and no lists.
    mute: Ca,
    /// It does so nevertheless.
    talking: Ca,
    /// Of the same name as the issuing one, with another key.
    stranger: Ca,
    key: KeyPair,
}

impl World {
    fn new() -> Self {
        let root = Ca::root();
        let mute = key();
        let same = KeyPair::try_from(mute.serialized_der()).unwrap();
        let numbered = |it: &mut CertificateParams| it.serial_number = Some(CA.into());
        let issuing = root.below("Issuing", numbered);
        Self {
            lower: issuing.below("Lower", numbered),
            mute: root.below_with("Mute", mute, |it| {
                it.key_usages = vec![KeyUsagePurpose::KeyCertSign];
            }),
            talking: root.below_with("Mute", same, |_| ()),
            stranger: Ca::root().below("Issuing", |_| ()),
            key: key(),
            issuing,
            root,
        }
    }

    fn policy(&self) -> VerifyPolicy {
        VerifyPolicy::roots(Roots::pem(self.root.pem()))
    }

    /// Below each CA, and below the issuing one with a place where its list is to be had.
    fn chains(&self) -> Vec<Chain> {
        let leaf = |ca: &Ca, places: &[&str]| {
            ca.leaf(&self.key, |it| {
                it.serial_number = Some(LEAF.into());
                it.crl_distribution_points = places.iter().map(|uri| place(uri)).collect();
            })
        };
        vec![
            leaf(&self.issuing, &[]),
            leaf(&self.issuing, &[HERE]),
            leaf(&self.issuing, &[ELSEWHERE]),
            leaf(&self.root, &[]),
            leaf(&self.lower, &[]),
            leaf(&self.mute, &[]),
        ]
    }

    /// Sets of lists, of which the first has nothing against anybody.
    fn lists(&self) -> Vec<Vec<Vec<u8>>> {
        let of = |ca: &Ca, serial| list(ca, serial, |_| ());
        let old =
            |ca: &Ca, serial| list(ca, serial, |it| it.next_update = date_time_ymd(2022, 1, 1));
        let within = |ca: &Ca, uri, scope| {
            list(ca, LEAF, |it| {
                it.issuing_distribution_point = Some(CrlIssuingDistributionPoint {
                    distribution_point: place(uri),
                    scope,
                });
            })
        };
        let (root, issuing, lower) = (&self.root, &self.issuing, &self.lower);
        let all = |serial| vec![of(root, serial), of(issuing, serial), of(lower, serial)];
        vec![
            all(UNUSED),
            all(LEAF),
            all(CA),
            vec![of(root, UNUSED)],
            vec![of(issuing, UNUSED)],
            vec![of(issuing, LEAF), of(root, UNUSED)],
            vec![of(issuing, CA), of(root, UNUSED)],
            vec![of(&self.stranger, UNUSED), of(root, UNUSED)],
            vec![of(&self.stranger, LEAF), of(root, UNUSED)],
            vec![of(&self.talking, UNUSED), of(root, UNUSED)],
            vec![of(&self.talking, LEAF), of(root, UNUSED)],
            vec![old(issuing, UNUSED), of(root, UNUSED)],
            vec![old(issuing, LEAF), of(root, UNUSED)],
            vec![of(issuing, UNUSED), old(root, UNUSED)],
            vec![of(issuing, UNUSED), old(root, CA)],
            vec![of(issuing, UNUSED), of(issuing, LEAF), of(root, UNUSED)],
            vec![old(issuing, LEAF), of(issuing, UNUSED), of(root, UNUSED)],
            vec![within(issuing, HERE, None), of(root, UNUSED)],
            vec![
                within(issuing, HERE, Some(CrlScope::UserCertsOnly)),
                of(root, UNUSED),
            ],
            vec![
                within(issuing, HERE, Some(CrlScope::CaCertsOnly)),
                of(root, UNUSED),
            ],
        ]
    }

    fn webpki(
        &self,
        chain: &[CertificateDer<'_>],
        lists: &[Vec<u8>],
        setting: Setting,
    ) -> VerifyResult {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        let root = self.root.der();
        let anchors = [anchor_from_trusted_cert(&root).unwrap()];
        let lists: Vec<CertRevocationList<'_>> = lists
            .iter()
            .map(|list| OwnedCertRevocationList::from_der(list).unwrap().into())
            .collect();
        let lists: Vec<_> = lists.iter().collect();
        let options = RevocationOptionsBuilder::new(&lists)
            .unwrap()
            .with_depth(setting.depth)
            .with_status_policy(setting.unknown)
            .with_expiration_policy(setting.expiry)
            .build();
        let leaf = EndEntityCert::try_from(&chain[0]).unwrap();
        let verified = leaf
            .verify_for_usage(
                algorithms.all,
                &anchors,
                &chain[1..],
                UnixTime::now(),
                KeyUsage::server_auth(),
                Some(options),
                None,
            )
            .map(|_| ());
        match verified {
            Ok(()) => "good",
            Err(webpki::Error::CertRevoked) => "revoked",
            Err(webpki::Error::UnknownRevocationStatus) => "unknown",
            Err(webpki::Error::CrlExpired { .. }) => "expired",
            Err(webpki::Error::IssuerNotCrlSigner) => "not a signer of lists",
            Err(webpki::Error::InvalidCrlSignatureForPublicKey) => "bad signature",
            Err(error) => panic!("{error}"),
        }
    }

    fn ours(&self, chain: &[CertificateDer<'static>], config: &Arc<ClientConfig>) -> VerifyResult {
        use rustls::{CertRevocationListError as ListError, CertificateError, Error};
        let server = server(chain, &self.key, &rustls::version::TLS13);
        let outcome = complete_handshake(config.clone(), server, "good.example.test");
        match outcome.map(|_| ()) {
            Ok(()) => "good",
            Err(Error::InvalidCertificate(CertificateError::Revoked)) => "revoked",
            Err(Error::InvalidCertificate(CertificateError::UnknownRevocationStatus)) => "unknown",
            Err(Error::InvalidCertificate(CertificateError::ExpiredRevocationListContext {
                ..
            })) => "expired",
            Err(Error::InvalidCertRevocationList(ListError::IssuerInvalidForCrl)) => {
                "not a signer of lists"
            }
            Err(Error::InvalidCertRevocationList(ListError::BadSignature)) => "bad signature",
            Err(error) => panic!("{error}"),
        }
    }
}

type VerifyResult = &'static str;

fn config(policy: &VerifyPolicy) -> Arc<ClientConfig> {
    let connector = CdnOriginConnector::builder("https://good.example.test")
        .verify(policy.clone())
        // The shortest handshake: there are thousands.
        .tls_parameters(TlsParameters::default().key_exchange_groups(["x25519"]))
        .build()
        .unwrap();
    connector.tls_config().unwrap()
}

fn place(uri: &str) -> CrlDistributionPoint {
    CrlDistributionPoint {
        uris: vec![uri.to_owned()],
    }
}

/// A list in DER that revokes this serial number.
fn list(
    ca: &Ca,
    serial: u64,
    change: impl FnOnce(&mut CertificateRevocationListParams),
) -> Vec<u8> {
    ca.list(serial, change).der().to_vec()
}

/// What may be said of lists.
#[derive(Clone, Copy, Debug)]
struct Setting {
    depth: RevocationCheckDepth,
    unknown: UnknownStatusPolicy,
    expiry: ExpirationPolicy,
}

impl Setting {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for depth in [RevocationCheckDepth::Chain, RevocationCheckDepth::EndEntity] {
            for unknown in [UnknownStatusPolicy::Deny, UnknownStatusPolicy::Allow] {
                for expiry in [ExpirationPolicy::Enforce, ExpirationPolicy::Ignore] {
                    all.push(Self {
                        depth,
                        unknown,
                        expiry,
                    });
                }
            }
        }
        all
    }

    fn revocation_lists_from(self, lists: &[Vec<u8>]) -> Crls {
        let crls = lists.iter().map(|list| Crls::der(list.clone()));
        let crls = crls.reduce(Crls::and).unwrap();
        let crls = match self.depth {
            RevocationCheckDepth::Chain => crls,
            RevocationCheckDepth::EndEntity => crls.leaf_only(),
        };
        let crls = match self.unknown {
            UnknownStatusPolicy::Deny => crls,
            UnknownStatusPolicy::Allow => crls.allow_unknown_status(),
        };
        match self.expiry {
            ExpirationPolicy::Enforce => crls,
            ExpirationPolicy::Ignore => crls.ignore_expiry(),
        }
    }
}

#[test]
fn lists_are_obeyed_as_webpki_obeys_them() {
    let world = World::new();
    let (chains, lists) = (world.chains(), world.lists());
    let mut seen = BTreeMap::<VerifyResult, usize>::new();
    for setting in Setting::all() {
        for lists in &lists {
            let config = config(&world.policy().crls(setting.revocation_lists_from(lists)));
            for chain in &chains {
                let ours = world.ours(chain, &config);
                assert_eq!(ours, world.webpki(chain, lists, setting), "{setting:?}");
                *seen.entry(ours).or_default() += 1;
            }
        }
    }
    let all = [
        "bad signature",
        "expired",
        "good",
        "not a signer of lists",
        "revoked",
        "unknown",
    ];
    assert!(seen.keys().eq(&all), "{seen:?}");
    assert!(seen.values().all(|count| *count > 10), "{seen:?}");
}

#[test]
fn revocation_lists_apply_together_with_every_other_policy() {
    let world = World::new();
    let (chains, lists) = (world.chains(), world.lists());
    let pin = SpkiPin::of_certificate(&chains[0][0]).unwrap();
    let name = || SanMatcher::dns("good.example.test");
    let day = Duration::from_secs(24 * 3600);
    for setting in Setting::all() {
        for lists in &lists {
            let listed = world.policy().crls(setting.revocation_lists_from(lists));
            let mut policies = vec![
                listed.clone().and_pin(pin),
                listed.clone().expecting_any([name()]),
                danger::ignore_names(listed.clone()),
            ];
            if matches!(setting.expiry, ExpirationPolicy::Ignore) {
                policies.push(danger::accept_expired(listed, day));
            }
            for chain in &chains[..2] {
                let webpki = world.webpki(chain, lists, setting);
                for policy in &policies {
                    let ours = world.ours(chain, &config(policy));
                    assert_eq!(ours, webpki, "{policy:?}");
                }
            }
        }
    }
}

#[test]
fn a_list_can_be_read_where_webpki_can_read_it() {
    let world = World::new();
    let good = list(&world.root, LEAF, |it| {
        it.revoked_certs[0].reason_code = Some(RevocationReason::KeyCompromise);
        it.crl_number = SerialNumber::from(2);
    });
    let mut seen = [0, 0];
    for at in 0..good.len() {
        for bit in [1, 0x80] {
            let mut bytes = good.clone();
            bytes[at] ^= bit;
            let theirs = OwnedCertRevocationList::from_der(&bytes).is_ok();
            let built = CdnOriginConnector::builder("https://good.example.test")
                .verify(world.policy().crls(Crls::der(bytes)))
                .build();
            assert_eq!(built.is_ok(), theirs, "byte {at}");
            seen[usize::from(theirs)] += 1;
        }
    }
    assert!(seen[0] > 100 && seen[1] > 100, "{seen:?}");
}
