//! Each policy that relaxes something relaxes exactly one thing: every policy meets every fault, in TLS 1.2 and 1.3.

use std::{sync::Arc, time::Duration};

use cdn_origin::{
    CdnOriginConnector,
    tls::{
        Crls, Roots, SanMatcher, SpkiPin, VerifyPolicy, danger,
        rustls::{self, ClientConfig, pki_types::CertificateDer},
    },
};
use rcgen::{ExtendedKeyUsagePurpose, KeyPair, SerialNumber, date_time_ymd};

use crate::pki::{Ca, complete_handshake, dns, key, server};

/// One thing that may be wrong with a peer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    WrongName,
    Expired,
    NotYetValid,
    UnknownIssuer,
    /// A good certificate, for another key than the pinned one.
    AnotherKey,
    /// The peer signs the handshake with a key that is not the certificate's.
    KeyNotHeld,
    WrongPurpose,
    Revoked,
}

const FAULTS: [Fault; 9] = [
    Fault::None,
    Fault::WrongName,
    Fault::Expired,
    Fault::NotYetValid,
    Fault::UnknownIssuer,
    Fault::AnotherKey,
    Fault::KeyNotHeld,
    Fault::WrongPurpose,
    Fault::Revoked,
];

const REVOKED: u64 = 4711;
const NAME: &str = "good.example.test";

struct World {
    root: Ca,
    issuing: Ca,
    key: KeyPair,
}

impl World {
    fn new() -> Self {
        let root = Ca::root();
        let issuing = root.below("Issuing", |_| ());
        Self {
            root,
            issuing,
            key: key(),
        }
    }

    fn roots(&self) -> VerifyPolicy {
        VerifyPolicy::roots(Roots::pem(self.root.pem()))
    }

    fn crls(&self) -> Crls {
        let lists = self.root.crl(1, 2090) + &self.issuing.crl(REVOKED, 2090);
        Crls::pem(lists)
    }

    fn chain(&self, fault: Fault) -> Vec<CertificateDer<'static>> {
        let leaf = |change: fn(&mut rcgen::CertificateParams)| self.issuing.leaf(&self.key, change);
        match fault {
            Fault::None | Fault::KeyNotHeld => leaf(|_| ()),
            Fault::WrongName => leaf(|it| it.subject_alt_names = vec![dns("bad.example.test")]),
            Fault::Expired => leaf(|it| it.not_after = date_time_ymd(2021, 1, 1)),
            Fault::NotYetValid => leaf(|it| it.not_before = date_time_ymd(2095, 1, 1)),
            Fault::UnknownIssuer => {
                // The same names, other keys.
                let stranger = Ca::root().below("Issuing", |_| ());
                stranger.leaf(&self.key, |_| ())
            }
            Fault::AnotherKey => self.issuing.leaf(&key(), |_| ()),
            Fault::WrongPurpose => {
                leaf(|it| it.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth])
            }
            Fault::Revoked => leaf(|it| it.serial_number = Some(SerialNumber::from(REVOKED))),
        }
    }

    /// Whether a policy takes a peer with this fault.
    fn accepts(
        &self,
        policy: &VerifyPolicy,
        fault: Fault,
        version: &'static rustls::SupportedProtocolVersion,
    ) -> bool {
        let another = key();
        let (chain, key) = match fault {
            Fault::KeyNotHeld => (self.chain(fault), &another),
            Fault::AnotherKey => (self.issuing.leaf(&another, |_| ()), &another),
            fault => (self.chain(fault), &self.key),
        };
        let server = server(&chain, key, version);
        complete_handshake(config(policy), server, NAME).is_ok()
    }

    #[track_caller]
    fn refuses_only(&self, policy: &VerifyPolicy, refused: &[Fault]) {
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            for fault in FAULTS {
                let accepted = self.accepts(policy, fault, version);
                assert_eq!(accepted, !refused.contains(&fault), "{fault:?}: {policy:?}");
            }
        }
    }
}

fn config(policy: &VerifyPolicy) -> Arc<ClientConfig> {
    let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
        .verify(policy.clone())
        .build()
        .unwrap();
    connector.tls_config().unwrap()
}

/// What a chain, a name and lists are there to refuse.
const CHECKED: [Fault; 7] = [
    Fault::WrongName,
    Fault::Expired,
    Fault::NotYetValid,
    Fault::UnknownIssuer,
    Fault::KeyNotHeld,
    Fault::WrongPurpose,
    Fault::Revoked,
];

fn checked_but(relaxed: Fault) -> Vec<Fault> {
    CHECKED.into_iter().filter(|it| *it != relaxed).collect()
}

#[test]
fn roots_with_lists_refuse_everything_but_another_key() {
    let world = World::new();
    world.refuses_only(&world.roots().crls(world.crls()), &CHECKED);
}

#[test]
fn roots_without_lists_do_not_see_what_is_revoked() {
    let world = World::new();
    world.refuses_only(&world.roots(), &checked_but(Fault::Revoked));
}

#[test]
fn names_of_a_policy_are_checked_as_strictly_as_the_expected_name() {
    let world = World::new();
    for name in [
        SanMatcher::dns(NAME),
        SanMatcher::dns("elsewhere.example.test"),
    ] {
        let names = [SanMatcher::dns("first.example.test"), name.clone()];
        let policy = world.roots().crls(world.crls()).expecting_any(names);
        match name == SanMatcher::dns(NAME) {
            true => world.refuses_only(&policy, &CHECKED),
            false => world.refuses_only(&policy, &FAULTS),
        }
    }
}

#[test]
fn ignoring_names_relaxes_only_the_name_check() {
    let world = World::new();
    let policy = danger::ignore_names(world.roots().crls(world.crls()));
    world.refuses_only(&policy, &checked_but(Fault::WrongName));
}

#[test]
fn accepting_expired_certificates_relaxes_only_the_expiry_check() {
    let world = World::new();
    let long = Duration::from_secs(60 * 365 * 24 * 3600);
    let crls = world.crls().ignore_expiry();
    let policy = danger::accept_expired(world.roots().crls(crls), long);
    world.refuses_only(&policy, &checked_but(Fault::Expired));
}

#[test]
fn a_pin_on_top_of_roots_relaxes_nothing() {
    let world = World::new();
    let pin = SpkiPin::of_certificate(&world.chain(Fault::None)[0]).unwrap();
    let policy = world.roots().crls(world.crls()).and_pin(pin);
    world.refuses_only(&policy, &FAULTS[1..]);
}

#[test]
fn a_pin_without_roots_checks_only_the_key() {
    let world = World::new();
    let pin = SpkiPin::of_certificate(&world.chain(Fault::None)[0]).unwrap();
    let policy = VerifyPolicy::pinned(pin);
    world.refuses_only(&policy, &[Fault::AnotherKey, Fault::KeyNotHeld]);
    let names = [SanMatcher::dns(NAME)];
    world.refuses_only(
        &policy.expecting_any(names),
        &[Fault::WrongName, Fault::AnotherKey, Fault::KeyNotHeld],
    );
}

#[test]
fn accepting_any_certificate_still_checks_the_handshake_signature() {
    let world = World::new();
    world.refuses_only(&danger::accept_any_certificate(), &[Fault::KeyNotHeld]);
}
