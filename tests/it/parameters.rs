//! TLS parameters: what reaches the wire, and which combinations are refused when the connector is built.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use cdn_origin::{
    BuildError, CdnOriginConnector, Roots, TlsVersion, VerifyPolicy,
    connector::{AdviceId, CdnOriginBuilder},
    error::BuildProblemKind,
    tls::{
        TlsParameters,
        rustls::{
            self, CipherSuite, Error, KeyLog, NamedGroup, PeerMisbehaved, SignatureScheme,
            client::ClientConfig, crypto::aws_lc_rs, server::Acceptor,
        },
    },
};

use crate::{
    pki::{Ca, complete_handshake, dns, key, server},
    support::{Authority, Edge, client_hello},
};

const NAME: &str = "www.example.test";

fn builder() -> CdnOriginBuilder {
    CdnOriginConnector::builder(format!("https://{NAME}"))
        .tls_parameters(parameters())
        .verify(VerifyPolicy::roots(Roots::pem(Authority::new().root_pem())))
}

fn parameters() -> TlsParameters {
    TlsParameters::default().crypto_provider(aws_lc_rs::default_provider())
}

fn config(builder: CdnOriginBuilder) -> Arc<ClientConfig> {
    builder.build().unwrap().tls_config().unwrap()
}

/// What a server reads in the ClientHello.
fn hello<T>(builder: CdnOriginBuilder, read: impl Fn(&rustls::server::ClientHello<'_>) -> T) -> T {
    let config = ClientConfig::clone(&config(builder));
    let mut acceptor = Acceptor::default();
    let sent = client_hello(config, NAME);
    acceptor.read_tls(&mut &sent[..]).unwrap();
    let accepted = acceptor.accept().unwrap().unwrap();
    read(&accepted.client_hello())
}

#[test]
fn cipher_suites_are_offered_as_listed() {
    let builder = builder().tls_parameters(parameters().cipher_suites([
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_CHACHA20_POLY1305_SHA256",
        "tls_aes_128_gcm_sha256",
        "TLS_AES_128_GCM_SHA256",
    ]));
    let offered = hello(builder, |hello| hello.cipher_suites().to_vec());
    let listed = [
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
        CipherSuite::TLS13_AES_128_GCM_SHA256,
    ];
    // What TLS 1.2 signals renegotiation with is no suite.
    let signal = CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV;
    let suites: Vec<_> = offered.into_iter().filter(|it| *it != signal).collect();
    assert_eq!(suites, listed);
}

#[test]
fn groups_are_offered_as_listed() {
    let builder = builder().tls_parameters(parameters().key_exchange_groups([
        "secp384r1",
        "X25519",
        "X25519MLKEM768",
    ]));
    let offered = hello(builder, |hello| hello.named_groups().unwrap().to_vec());
    let listed = [
        NamedGroup::secp384r1,
        NamedGroup::X25519,
        NamedGroup::X25519MLKEM768,
    ];
    assert_eq!(offered, listed);
}

#[test]
fn signature_schemes_are_offered_as_listed() {
    let builder = builder().tls_parameters(
        parameters().signature_schemes(["rsa_pss_rsae_sha256", "ecdsa_secp256r1_sha256"]),
    );
    let offered = hello(builder, |hello| hello.signature_schemes().to_vec());
    let listed = [
        SignatureScheme::RSA_PSS_SHA256,
        SignatureScheme::ECDSA_NISTP256_SHA256,
    ];
    assert_eq!(offered, listed);
}

/// A server that signs with ECDSA whatever was offered.
#[derive(Debug)]
struct Stubborn(Arc<dyn rustls::sign::SigningKey>);

impl rustls::sign::SigningKey for Stubborn {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn rustls::sign::Signer>> {
        self.0
            .choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256])
    }

    fn algorithm(&self) -> rustls::SignatureAlgorithm {
        self.0.algorithm()
    }
}

#[test]
fn a_signature_of_a_scheme_that_was_not_offered_is_refused() {
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| it.subject_alt_names = vec![dns(NAME)]);
    let builder = builder().verify(VerifyPolicy::roots(Roots::pem(root.pem())));
    let der = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let signing = aws_lc_rs::sign::any_supported_type(&der).unwrap();
    let stubborn = rustls::sign::CertifiedKey::new(chain, Arc::new(Stubborn(signing)));
    let server = |version| {
        let certified = rustls::sign::SingleCertAndKey::from(stubborn.clone());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(certified));
        Arc::new(config)
    };
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let good = builder
            .clone()
            .tls_parameters(parameters().signature_schemes(["ecdsa_secp256r1_sha256"]));
        complete_handshake(config(good), server(version), NAME).unwrap();
    }
    let other = builder.tls_parameters(parameters().signature_schemes(["ecdsa_secp384r1_sha384"]));
    let error =
        complete_handshake(config(other), server(&rustls::version::TLS13), NAME).unwrap_err();
    let refused = PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme;
    assert_eq!(error, Error::PeerMisbehaved(refused));
}

#[tokio::test]
async fn the_suite_that_was_agreed_is_source_its_iana_name() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves(NAME).start().await;
    for (suite, version) in [
        ("TLS_CHACHA20_POLY1305_SHA256", TlsVersion::V1_3),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", TlsVersion::V1_2),
    ] {
        let connector = crate::failing::to(&edge, &authority, NAME)
            .tls_versions(version..=version)
            .tls_parameters(parameters().cipher_suites([suite]))
            .build()
            .unwrap();
        let stream = tower::ServiceExt::oneshot(connector, http::Uri::default());
        let stream = stream.await.unwrap();
        let session = stream.info().facts().tls_session().unwrap().clone();
        assert_eq!((session.cipher_suite, session.version), (suite, version));
    }
}

#[track_caller]
fn refused(outcome: Result<CdnOriginConnector, BuildError>, expected: &[(&str, BuildProblemKind)]) {
    let error = outcome.unwrap_err();
    let problems = error.problems().iter();
    let problems: Vec<_> = problems.map(|it| (it.setter(), it.kind())).collect();
    assert_eq!(problems, expected, "{error}");
}

#[test]
fn what_the_provider_does_not_have_is_a_build_error_that_lists_what_it_has() {
    use BuildProblemKind::Unsupported;
    let outcome = builder()
        .tls_parameters(
            parameters()
                .cipher_suites(["TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_AES_128_GCM_SHA256"])
                .key_exchange_groups(["ffdhe2048"])
                .signature_schemes(["ed448"]),
        )
        .build();
    let text = outcome.as_ref().unwrap_err().to_string();
    for name in [
        "\"TLS_RSA_WITH_AES_128_CBC_SHA\"",
        "TLS_AES_256_GCM_SHA384",
        "x25519",
        "secp256r1",
        "rsa_pss_rsae_sha256",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
    refused(
        outcome,
        &[
            ("TlsParameters::signature_schemes", Unsupported),
            ("TlsParameters::cipher_suites", Unsupported),
            ("TlsParameters::key_exchange_groups", Unsupported),
        ],
    );
}

#[test]
fn empty_lists_are_build_errors() {
    use BuildProblemKind::Empty;
    let none: [&str; 0] = [];
    let outcome = builder()
        .tls_parameters(
            parameters()
                .cipher_suites(none)
                .key_exchange_groups(none)
                .signature_schemes(none),
        )
        .build();
    refused(
        outcome,
        &[
            ("TlsParameters::signature_schemes", Empty),
            ("TlsParameters::cipher_suites", Empty),
            ("TlsParameters::key_exchange_groups", Empty),
        ],
    );
}

#[test]
fn a_version_without_a_suite_or_group_of_its_own_is_a_build_error() {
    use BuildProblemKind::Contradiction;
    let of_1_2 = ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"];
    let of_1_3 = ["TLS_AES_128_GCM_SHA256"];
    let both = [of_1_2[0], of_1_3[0]];
    let (old, new) = (TlsVersion::V1_2, TlsVersion::V1_3);

    let newer = builder()
        .tls_versions(new..)
        .tls_parameters(parameters().cipher_suites(of_1_2))
        .build();
    let text = newer.as_ref().unwrap_err().to_string();
    assert!(text.contains("cipher suite of TLS 1.3"), "{text}");
    refused(newer, &[("TlsParameters::cipher_suites", Contradiction)]);
    let older = builder()
        .tls_versions(..=old)
        .tls_parameters(parameters().cipher_suites(of_1_3))
        .build();
    refused(older, &[("TlsParameters::cipher_suites", Contradiction)]);
    refused(
        builder()
            .tls_parameters(parameters().cipher_suites(of_1_2))
            .build(),
        &[("TlsParameters::cipher_suites", Contradiction)],
    );
    builder()
        .tls_parameters(parameters().cipher_suites(both))
        .build()
        .unwrap();
    let newer = builder()
        .tls_versions(new..)
        .tls_parameters(parameters().cipher_suites(both));
    newer.build().unwrap();

    let of_certificates =
        builder().tls_parameters(parameters().signature_schemes(["rsa_pkcs1_sha256"]));
    refused(
        of_certificates.clone().build(),
        &[("TlsParameters::signature_schemes", Contradiction)],
    );
    of_certificates.tls_versions(..=old).build().unwrap();

    let hybrid = builder().tls_parameters(parameters().key_exchange_groups(["X25519MLKEM768"]));
    refused(
        hybrid.clone().build(),
        &[("TlsParameters::key_exchange_groups", Contradiction)],
    );
    hybrid.tls_versions(new..).build().unwrap();
}

#[test]
fn a_record_size_has_bounds() {
    use BuildProblemKind::OutOfRange;
    for size in [0, 31, 16_390, usize::MAX] {
        let outcome = builder()
            .tls_parameters(parameters().max_record_size(size))
            .build();
        refused(outcome, &[("TlsParameters::max_record_size", OutOfRange)]);
    }
    for size in [32, 16_389] {
        builder()
            .tls_parameters(parameters().max_record_size(size))
            .build()
            .unwrap();
    }
}

#[test]
fn records_are_no_larger_than_configured() {
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| it.subject_alt_names = vec![dns(NAME)]);
    let builder = builder()
        .verify(VerifyPolicy::roots(Roots::pem(root.pem())))
        .tls_parameters(parameters().max_record_size(100));
    let server = server(&chain, &key, &rustls::version::TLS13);
    let mut client = complete_handshake(config(builder), server, NAME).unwrap();
    client.writer().write_all(&[0; 1000]).unwrap();
    let mut sent = Vec::new();
    while client.wants_write() {
        client.write_tls(&mut sent).unwrap();
    }
    // What encryption adds is on top: the type of the content and a tag of 16 bytes.
    const ADDED: usize = 1 + 16;
    let (mut rest, mut records) = (&sent[..], 0);
    while let [_, _, _, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        assert!(length <= 100 - 5 + ADDED, "{length}");
        (rest, records) = (&after[length..], records + 1);
    }
    assert!(records > 10, "{records}");
}

#[derive(Debug, Default)]
struct Labels(Mutex<Vec<String>>);

impl KeyLog for Labels {
    fn log(&self, label: &str, _: &[u8], _: &[u8]) {
        self.0.lock().unwrap().push(label.to_owned());
    }
}

#[test]
fn secrets_are_logged_only_with_a_key_log() {
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| it.subject_alt_names = vec![dns(NAME)]);
    let builder = builder().verify(VerifyPolicy::roots(Roots::pem(root.pem())));
    assert!(!config(builder.clone()).key_log.will_log("CLIENT_RANDOM"));

    let labels = Arc::new(Labels::default());
    let connector = builder
        .tls_parameters(parameters().key_log(labels.clone()))
        .build()
        .unwrap();
    let ids: Vec<_> = connector.advice().iter().map(|it| it.id()).collect();
    assert_eq!(ids, [AdviceId::KeysLogged]);
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let server = server(&chain, &key, version);
        complete_handshake(connector.tls_config().unwrap(), server, NAME).unwrap();
    }
    let labels = labels.0.lock().unwrap();
    for label in ["CLIENT_RANDOM", "CLIENT_TRAFFIC_SECRET_0"] {
        assert!(labels.iter().any(|it| it == label), "{labels:?}");
    }
}

#[test]
fn fips_is_not_claimed_where_it_is_not() {
    let fips = aws_lc_rs::default_provider().fips();
    let outcome = builder()
        .tls_parameters(parameters().require_fips())
        .build();
    match fips {
        true => drop(outcome.unwrap()),
        false => refused(
            outcome,
            &[("TlsParameters::require_fips", BuildProblemKind::Unsupported)],
        ),
    }
}

#[test]
fn an_extended_master_secret_is_required_on_request() {
    assert!(
        config(builder().tls_parameters(parameters().require_extended_master_secret())).require_ems
    );
}

#[cfg(feature = "certificate-compression")]
#[test]
fn certificate_compression_is_offered_only_if_configured() {
    /// compress_certificate, RFC 8879 section 3: its number and its length, then algorithms.
    const EXTENSION: [u8; 4] = [0, 27, 0, 5];
    let offers = |builder: CdnOriginBuilder| {
        let config = ClientConfig::clone(&config(builder));
        let sent = client_hello(config, NAME);
        sent.windows(4).any(|window| window == EXTENSION)
    };
    assert!(!offers(builder()));
    assert!(offers(
        builder().tls_parameters(parameters().compressed_certificates())
    ));
}
