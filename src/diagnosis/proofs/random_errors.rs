//! Random errors.

use std::{
    iter,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use crate::{
    error::{
        Alert, CertificateProblem, ChainFindings, ClientCertificate, EchAnswer, EchOffer, Error,
        ErrorKind, ExchangeTimeout, Facts, HandshakeFlood, HttpFault, KeyShare, OfferedParameters,
        PeerCertificate, ServiceBinding, SpeaksTls, Stage, TlsOffer, TlsVersion,
    },
    name::{DialTarget, Sni, SniOmission},
    origin::{ChosenNames, Origin, OriginUrl, Scheme},
};

use super::random::Random;

/// Certificates of all kinds that a rule tells apart.
fn certificates() -> Vec<PeerCertificate> {
    let subjects = [
        ("www.example.test", &["www.example.test"][..]),
        ("TRAEFIK DEFAULT CERT", &["a.traefik.default"]),
        ("localhost", &["localhost"]),
        ("R11", &["*.cloudfront.net"]),
        ("none", &[]),
        ("wide", &["*.example.test", "*.internal", "*w.example.test"]),
        ("host", &["host.example.test"]),
        ("address", &["127.0.0.1"]),
        ("deep", &["a.b.example.test"]),
        ("dialled", &["d1234567890.cloudfront.net"]),
    ];
    let made = subjects.map(|(common_name, names)| {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = rcgen::CertificateParams::new(names).expect("names");
        let subject = &mut params.distinguished_name;
        subject.push(rcgen::DnType::CommonName, common_name);
        let key = rcgen::KeyPair::generate().expect("a key");
        PeerCertificate::new(params.self_signed(&key).expect("a certificate").der())
    });
    let unreadable = PeerCertificate::new(b"no certificate");
    made.into_iter().chain([unreadable]).collect()
}

fn origin(random: &mut Random) -> Origin {
    let url = random.of(&[
        "https://www.example.test",
        "https://d1234567890.cloudfront.net",
        "https://a.b.example.test",
        "https://app.internal",
        "https://127.0.0.1",
        "https://shop.s3-website-eu-west-1.amazonaws.com",
        "http://www.example.test",
        "https://localhost:8443",
    ]);
    let url: OriginUrl = url.parse().expect("a URL");
    let mut chosen = ChosenNames::default();
    if url.scheme() == Scheme::Https && random.coin() {
        chosen.sni = Some(random.of(&[
            Sni::omitted(SniOmission::Requested),
            "www.example.test".parse().expect("a name"),
        ]));
    }
    if random.below(3) == 0 {
        chosen.host = Some("host.example.test".parse().expect("a host"));
    }
    if random.below(4) == 0 {
        let expected = "other.example.test".parse().expect("a name");
        chosen.expected_name = Some(expected);
    }
    if random.below(6) == 0 {
        let address = (Ipv4Addr::LOCALHOST, 443);
        chosen.dial = Some(DialTarget::from(SocketAddr::from(address)));
    }
    Origin::settle(&url, &chosen)
}

fn facts(random: &mut Random, certificates: &[PeerCertificate]) -> Facts {
    const BYTES: [&[u8]; 12] = [
        b"",
        b"HTTP/1.1 400 Bad Request",
        b"HTTP/1.1 302 Found",
        b"SSH-2.0",
        b"220 mail",
        b"+OK ready",
        b"* OK ready",
        b"J\0\0\0\x0a8.0.36\0",
        b"\0\0\x06\x04\0\0\0\0\0",
        b"\x15\x03\x03",
        b"\x16\x03\x03",
        b"hello",
    ];
    let bytes = random.of(&BYTES);
    let length = random.below(3);
    let is_sent = random.of(&[
        ClientCertificate::NotRequested,
        ClientCertificate::Withheld,
        ClientCertificate::Sent,
    ]);
    Facts {
        origin: Some(Arc::new(origin(random))),
        proxy_header: random.below(5) == 0,
        offer: Some(TlsOffer {
            oldest: random.of(&TlsVersion::ALL),
            newest: TlsVersion::V1_3,
            protocols: &["h2"],
            is_narrowed: random.coin(),
            parameters: random.of(&[OfferedParameters::Chosen, OfferedParameters::Usual]),
            key_share: random.of(&[KeyShare::Classical, KeyShare::PostQuantum]),
        }),
        ech: random.of(&[
            None,
            Some(EchOffer::Greased),
            Some(EchOffer::Encrypted(
                "public.example.test".into(),
                EchAnswer::Unknown,
            )),
        ]),
        service: random.coin().then(ServiceBinding::default),
        chain: (0..length).map(|_| random.of(certificates)).collect(),
        accepted: random.below(3) == 0,
        findings: ChainFindings {
            is_trusted: random.coin(),
            is_self_signed: random.coin(),
            broken_rule: random.of(&[None, Some("is malformed")]),
            has_listed_name: random.coin(),
            pinned_issuer: random.coin().then_some(1),
        },
        alternatives: (random.below(5) == 0).then(|| "spiffe://a".into()),
        client_identity: random.coin(),
        client_certificate: is_sent,
        reused: random.below(4) == 0,
        answered_before: random.below(4) == 0,
        alert: random.coin().then(|| {
            // Half of them are about names.
            let known = match random.coin() {
                true => &[40, 112][..],
                false => &[
                    0, 10, 42, 48, 49, 50, 70, 80, 86, 90, 109, 113, 116, 120, 255,
                ],
            };
            Alert::new(random.of(known))
        }),
        first_bytes: bytes.to_vec(),
        http_fault: random.of(&[
            None,
            None,
            Some(HttpFault::Head),
            Some(HttpFault::NotHttp),
            Some(HttpFault::Unsolicited),
        ]),
        timeout: random.of(&[ExchangeTimeout::Response, ExchangeTimeout::Unread]),
        ..Facts::default()
    }
}

/// The problems that have the most causes.
const CERTIFICATE_PROBLEMS: [CertificateProblem; 3] = [
    CertificateProblem::NameMismatch,
    CertificateProblem::UnknownIssuer,
    CertificateProblem::Expired,
];

fn error(random: &mut Random, certificates: &[PeerCertificate]) -> Error {
    let kind = match random.below(3) {
        0 => random.of(ErrorKind::ALL),
        1 => ErrorKind::Certificate(random.of(&CERTIFICATE_PROBLEMS)),
        _ => random.of(&[ErrorKind::NotTls, ErrorKind::AlertReceived]),
    };
    let stage = random.of(&[
        Stage::Prepare,
        Stage::Resolve,
        Stage::Dial,
        Stage::Handshake,
        Stage::Handshake,
        Stage::Handshake,
        Stage::Send,
        Stage::Receive,
    ]);
    let facts = facts(random, certificates);
    match random.below(8) {
        0 => Error::with_source(kind, stage, facts, SpeaksTls),
        1 => Error::with_source(kind, stage, facts, HandshakeFlood),
        2 => {
            let code = random.of(&[1, 2, 12, 23, 24, 99, 104, 105, 111]);
            let error = std::io::Error::from_raw_os_error(code);
            Error::with_source(kind, stage, facts, error)
        }
        _ => Error::new(kind, stage, facts),
    }
}

/// Whether such an error can occur. The rules may rely on it.
fn is_possible(error: &Error) -> bool {
    let facts = error.facts();
    let Some(origin) = facts.origin() else {
        return false;
    };
    let is_tls = origin.scheme() == Scheme::Https;
    match (error.kind(), facts.certificate()) {
        (ErrorKind::Certificate(_), None) => false,
        (ErrorKind::Certificate(problem), Some(leaf)) => {
            let is_refused = error.stage() == Stage::Handshake && !facts.is_accepted_by_policy();
            let is_for_others = !leaf.covers(origin.expected_name());
            is_tls && is_refused && (is_for_others || problem != CertificateProblem::NameMismatch)
        }
        _ => is_tls || error.stage() != Stage::Handshake,
    }
}

/// Errors without end, with facts that need not have occurred together before.
pub(super) fn random_errors() -> impl Iterator<Item = Error> {
    let certificates = certificates();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let errors = iter::repeat_with(move || error(&mut random, &certificates));
    errors.filter(is_possible)
}
