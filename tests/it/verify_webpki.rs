//! Verification agrees with webpki: certificates of many kinds, verified by a connector and by webpki's own functions.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use cdn_origin::{
    CdnOriginConnector,
    tls::{
        Roots, SanMatcher, VerifyPolicy, danger,
        rustls::{
            self, Error, RootCertStore,
            client::{
                WebPkiServerVerifier, danger::ServerCertVerifier,
                verify_server_cert_signed_by_trust_anchor, verify_server_name,
            },
            crypto::aws_lc_rs,
            pki_types::{CertificateDer, ServerName, UnixTime},
            server::ParsedCertificate,
        },
    },
};
use rcgen::{
    CertificateParams, CidrSubnet, ExtendedKeyUsagePurpose, GeneralSubtree, KeyPair,
    NameConstraints, SanType, SerialNumber, date_time_ymd,
};

use crate::pki::{Ca, complete_handshake, dns, key, server, uri};

type Chain = Vec<CertificateDer<'static>>;
type Change = fn(&mut CertificateParams);

/// What names a certificate may have.
const NAMES: [fn() -> Vec<SanType>; 11] = [
    || vec![dns("www.example.test")],
    || vec![dns("WWW.Example.TEST")],
    || vec![dns("other.example.test"), dns("www.example.test")],
    || vec![dns("*.example.test")],
    || vec![dns("*.www.example.test")],
    || vec![dns("w*.example.test")],
    || vec![dns("*.test")],
    || vec![dns("example.test")],
    || vec![SanType::IpAddress(IpAddr::from([192, 0, 2, 1]))],
    || vec![uri("spiffe://prod.example/shop")],
    Vec::new,
];

const EXPECTED: [&str; 6] = [
    "www.example.test",
    "deep.www.example.test",
    "example.test",
    "other.example.test",
    "192.0.2.1",
    "2001:db8::1",
];

/// What else may be said in a certificate.
const LEAVES: [Change; 8] = [
    |_| (),
    // Longer than RFC 5280 allows.
    |it| it.serial_number = Some(SerialNumber::from(vec![0x7f; 32])),
    |it| it.not_after = date_time_ymd(2021, 1, 1),
    |it| it.not_before = date_time_ymd(2095, 1, 1),
    |it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
    |it| it.extended_key_usages = Vec::new(),
    |it| it.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained),
    |it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any],
];

/// What may be said in an intermediate certificate.
const INTERMEDIATES: [Change; 8] = [
    |_| (),
    |it| it.not_after = date_time_ymd(2022, 1, 1),
    |it| it.not_before = date_time_ymd(2095, 1, 1),
    |it| it.is_ca = rcgen::IsCa::ExplicitNoCa,
    |it| it.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0)),
    |it| permit(it, GeneralSubtree::DnsName("example.test".into())),
    |it| permit(it, GeneralSubtree::DnsName("elsewhere.test".into())),
    |it| {
        permit(
            it,
            GeneralSubtree::IpAddress(CidrSubnet::V4([10, 0, 0, 0], [255, 0, 0, 0])),
        )
    },
];

fn permit(params: &mut CertificateParams, subtree: GeneralSubtree) {
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![subtree],
        excluded_subtrees: vec![GeneralSubtree::DnsName("www.elsewhere.test".into())],
    });
}

struct World {
    key: KeyPair,
    root: Ca,
    roots: Arc<RootCertStore>,
    /// Of many names.
    named: Vec<Chain>,
    /// Of one name, with much else that may be wrong.
    faulty: Vec<Chain>,
}

/// Made once: most of the time goes into signing.
fn world() -> &'static World {
    static WORLD: LazyLock<World> = LazyLock::new(World::new);
    &WORLD
}

impl World {
    fn new() -> Self {
        let (root, key) = (Ca::root(), key());
        let (mut named, mut faulty) = (Vec::new(), Vec::new());
        for names in NAMES {
            named.push(root.leaf(&key, |it| it.subject_alt_names = names()));
            for change in INTERMEDIATES {
                let issuing = root.below("Issuing", change);
                named.push(issuing.leaf(&key, |it| it.subject_alt_names = names()));
            }
        }
        for change in LEAVES {
            for above in INTERMEDIATES {
                let describe = |it: &mut CertificateParams| {
                    it.subject_alt_names = vec![dns("www.example.test")];
                    change(it);
                };
                let issuing = root.below("Issuing", above);
                faulty.push(issuing.leaf(&key, describe));
                faulty.push(issuing.below("Lower", |_| ()).leaf(&key, describe));
                // Its issuer is missing, or a stranger of the same name.
                faulty.push(issuing.leaf(&key, describe)[..1].to_vec());
                faulty.push(Ca::root().below("Issuing", above).leaf(&key, describe));
            }
        }
        let mut store = RootCertStore::empty();
        store.add(root.der()).unwrap();
        Self {
            key,
            root,
            roots: Arc::new(store),
            named,
            faulty,
        }
    }

    fn all(&self) -> Vec<Chain> {
        [self.named.clone(), self.faulty.clone()].concat()
    }

    fn policy(&self) -> VerifyPolicy {
        VerifyPolicy::roots(Roots::pem(self.root.pem()))
    }

    /// What the connector says of each chain.
    fn results(
        &self,
        chains: &[Chain],
        policy: &VerifyPolicy,
        expected: &str,
    ) -> Vec<Result<(), String>> {
        let connector = CdnOriginConnector::builder("https://sni.example.test")
            .expected_name(expected)
            .verify(policy.clone())
            .build()
            .unwrap();
        let result = |chain: &Chain| {
            let server = server(chain, &self.key, &rustls::version::TLS13);
            let config = connector.tls_config().unwrap();
            let outcome = complete_handshake(config, server, "sni.example.test");
            outcome.map(|_| ()).map_err(|error| kind(&error))
        };
        chains.iter().map(result).collect()
    }

    fn chain_is_good(&self, chain: &[CertificateDer<'_>], at: UnixTime) -> Result<(), Error> {
        let leaf = ParsedCertificate::try_from(&chain[0])?;
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_server_cert_signed_by_trust_anchor(
            &leaf,
            &self.roots,
            &chain[1..],
            at,
            algorithms.all,
        )
    }

    /// Both results must agree for each chain, and both must occur.
    #[track_caller]
    fn compare(
        &self,
        chains: &[Chain],
        policy: &VerifyPolicy,
        expected: &str,
        oracle: impl Fn(&[CertificateDer<'static>]) -> Result<(), Error>,
    ) -> BTreeMap<bool, usize> {
        let mut seen = BTreeMap::new();
        for (chain, ours) in chains.iter().zip(self.results(chains, policy, expected)) {
            let theirs = oracle(chain).map_err(|error| kind(&error));
            assert_eq!(ours, theirs, "{expected}: {policy:?}");
            *seen.entry(ours.is_ok()).or_default() += 1;
        }
        seen
    }
}

/// The kind of error without the moment that it was found at.
fn kind(error: &Error) -> String {
    let text = format!("{error:?}");
    text.split("time:").next().unwrap_or_default().to_owned()
}

fn is_valid_for(chain: &[CertificateDer<'_>], name: &str) -> Result<(), Error> {
    let leaf = ParsedCertificate::try_from(&chain[0])?;
    verify_server_name(&leaf, &ServerName::try_from(name.to_owned()).unwrap())
}

#[test]
fn the_roots_policy_agrees_with_webpki() {
    let world = world();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let webpki = WebPkiServerVerifier::builder_with_provider(world.roots.clone(), provider);
    let webpki = webpki.build().unwrap();
    let mut accepted = 0;
    let by_name = EXPECTED.iter().map(|expected| (*expected, &world.named));
    for (expected, chains) in by_name.chain([(EXPECTED[0], &world.faulty)]) {
        let name = ServerName::try_from(expected).unwrap();
        let seen = world.compare(chains, &world.policy(), expected, |chain| {
            let (leaf, above) = chain.split_first().unwrap();
            let result = webpki.verify_server_cert(leaf, above, &name, &[], UnixTime::now());
            result.map(|_| ())
        });
        accepted += seen.get(&true).unwrap_or(&0);
        assert!(seen[&false] > 20, "{expected}: {seen:?}");
    }
    assert!(accepted > 40, "{accepted}");
}

#[test]
fn without_names_a_chain_is_valid_if_webpki_accepts_it() {
    let world = world();
    let policy = danger::ignore_names(world.policy());
    let seen = world.compare(&world.all(), &policy, "www.example.test", |chain| {
        world.chain_is_good(chain, UnixTime::now())
    });
    assert!(seen[&true] > 20 && seen[&false] > 100, "{seen:?}");
}

#[test]
fn one_of_several_names_is_matched_as_webpki_matches_it() {
    let world = world();
    let names = ["www.example.test", "example.test"];
    let policy = world.policy().expecting_any(names.map(SanMatcher::dns));
    let seen = world.compare(&world.all(), &policy, "other.example.test", |chain| {
        world.chain_is_good(chain, UnixTime::now())?;
        let found = names.iter().any(|name| is_valid_for(chain, name).is_ok());
        match found {
            true => Ok(()),
            false => Err(rustls::CertificateError::NotValidForName.into()),
        }
    });
    assert!(seen[&true] > 10 && seen[&false] > 100, "{seen:?}");
}

#[test]
fn a_grace_accepts_what_webpki_accepted_at_some_moment_within_it() {
    let world = world();
    let now = UnixTime::now();
    // The certificates end at these moments, and a good chain is good shortly before.
    let ends = [date_time_ymd(2021, 1, 1), date_time_ymd(2022, 1, 1)];
    let ends = ends.map(|end| Duration::from_secs(end.unix_timestamp().unsigned_abs()));
    let ends = ends.map(UnixTime::since_unix_epoch);
    let ago = |moment: UnixTime| now.as_secs() - moment.as_secs();
    for grace in [60, ago(ends[1]) + 60, ago(ends[0]) + 60] {
        let policy = danger::accept_expired(world.policy(), Duration::from_secs(grace));
        let chains = world.all();
        let results = world.results(&chains, &policy, "www.example.test");
        let mut accepted = 0;
        for (chain, ours) in chains.iter().zip(results) {
            let within = ends.iter().copied().filter(|end| ago(*end) <= grace);
            let mut moments = within.chain([now]);
            let theirs = is_valid_for(chain, "www.example.test").is_ok()
                && moments.any(|at| world.chain_is_good(chain, at).is_ok());
            assert_eq!(ours.is_ok(), theirs, "{grace}: {ours:?}");
            accepted += usize::from(theirs);
        }
        assert!(accepted > 10, "{accepted}");
    }
}
