//! Encrypted ClientHello: what it hides, what it takes, and what a rejection means.

use cdn_origin::{
    CdnOriginConnector, TlsVersion,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty},
    error::{BuildProblemKind, EncryptedHello, ErrorKind, Stage},
    tls::{Ech, Roots, SpkiPin, VerifyPolicy, rustls::crypto::aws_lc_rs::hpke},
};
use http::Uri;
use tower::ServiceExt;

use crate::{
    failing::{check, error, serving, to},
    support::{Authority, Edge},
    talk,
};

/// An `ECHConfigList` of one configuration (RFC 9849 section 4) with this public name and key, for X25519, HKDF-SHA256 and
/// AES-128-GCM.
fn list(public_name: &str, key: &[u8]) -> Vec<u8> {
    let short = |bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        [&length[..], bytes].concat()
    };
    let name = [
        &[u8::try_from(public_name.len()).unwrap()],
        public_name.as_bytes(),
    ]
    .concat();
    let contents = [
        &[7][..],              // config_id
        &[0x00, 0x20],         // DHKEM(X25519, HKDF-SHA256)
        &short(key),           // public_key
        &short(&[0, 1, 0, 1]), // HKDF-SHA256, AES-128-GCM
        &[0],                  // maximum_name_length
        &name,                 // public_name
        &short(&[]),           // extensions
    ]
    .concat();
    short(&[&[0xfe, 0x0d][..], &short(&contents)].concat())
}

fn published_by(public_name: &str) -> Ech {
    use cdn_origin::tls::rustls::crypto::hpke::Hpke;
    let suite: &dyn Hpke = hpke::DH_KEM_X25519_HKDF_SHA256_AES_128;
    let (key, _) = suite.generate_key_pair().unwrap();
    Ech::config_list(list(public_name, &key.0))
}

const NAME: &str = "www.example.test";
const PUBLIC: &str = "public.example.test";

/// An edge that serves both names, and cannot decrypt.
async fn edge(authority: &Authority) -> Edge {
    Edge::builder(authority)
        .serves(NAME)
        .serves(PUBLIC)
        .start()
        .await
}

#[tokio::test]
async fn the_name_in_the_clear_is_the_public_one_and_a_rejection_is_told() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let builder = to(&edge, &authority, NAME).ech(published_by(PUBLIC));
    let rejected = error(builder).await;
    assert_eq!(rejected.kind(), ErrorKind::EncryptedHelloRejected);
    assert_eq!(rejected.stage(), Stage::Handshake);
    check(
        &rejected,
        CauseId::EncryptedHelloStale,
        Certainty::Certain,
        ".ech(Ech::config_list(..)) with the `ech` value of the origin's HTTPS record",
    );
    // What was judged is the public name's certificate.
    assert_eq!(rejected.facts().certificate().unwrap().names(), [PUBLIC]);
    let offer = rejected.facts().tls_offer().unwrap();
    assert_eq!(
        (offer.oldest, offer.newest),
        (TlsVersion::V1_3, TlsVersion::V1_3)
    );
    let seen: Vec<_> = edge.hellos().into_iter().map(|it| it.sni).collect();
    assert_eq!(
        seen,
        [Some(PUBLIC.to_owned())],
        "and not once more in the clear"
    );
}

#[tokio::test]
async fn a_rejection_is_told_where_the_expected_name_is_another_one() {
    let authority = Authority::new();
    let edge = edge(&authority).await;
    let builder = to(&edge, &authority, NAME).expected_name("other.example.test");
    let rejected = error(builder.ech(published_by(PUBLIC))).await;
    assert_eq!(rejected.kind(), ErrorKind::EncryptedHelloRejected);
    // Where the public name is the one that is asked for, nothing stands in for the expected one.
    let builder = to(&edge, &authority, NAME).expected_name("other.example.test");
    let refused = error(builder.ech(published_by(NAME))).await;
    assert_eq!(refused.kind(), ErrorKind::CertificateNameMismatch);
}

#[tokio::test]
async fn only_who_proves_the_public_name_may_reject() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves_with(PUBLIC, authority.issue(&["other.example.test"]))
        .start()
        .await;
    let builder = to(&edge, &authority, NAME).ech(published_by(PUBLIC));
    let refused = error(builder).await;
    assert_eq!(refused.kind(), ErrorKind::CertificateNameMismatch);

    let pinned =
        VerifyPolicy::roots(Roots::pem(authority.root_pem())).and_pin(SpkiPin::sha256([0; 32]));
    let edge = self::edge(&authority).await;
    let builder = to(&edge, &authority, NAME)
        .verify(pinned)
        .ech(published_by(PUBLIC));
    assert_eq!(error(builder).await.kind(), ErrorKind::PinMismatch);
}

#[tokio::test]
async fn grease_changes_nothing_but_the_hello() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, NAME)
        .ech(Ech::grease())
        .build()
        .unwrap();
    for resumed in [false, true] {
        let mut stream = connector.clone().oneshot(Uri::default()).await.unwrap();
        talk::get(&mut stream).await;
        let session = stream.info().facts().tls_session().unwrap();
        assert_eq!(session.ech, EncryptedHello::Greased);
        assert_eq!(session.resumed, resumed);
    }
    assert_eq!(edge.hellos()[0].sni.as_deref(), Some(NAME));
    let plain = to(&edge, &authority, NAME).build().unwrap();
    let stream = plain.oneshot(Uri::default()).await.unwrap();
    let session = stream.info().facts().tls_session().unwrap();
    assert_eq!(session.ech, EncryptedHello::NotSent);
}

fn told(builder: CdnOriginBuilder) -> Vec<BuildProblemKind> {
    let builder = builder.verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])));
    let error = builder.build().unwrap_err();
    let told = error.problems().iter().map(|problem| {
        assert_eq!(problem.setter(), "ech", "{problem}");
        problem.kind()
    });
    told.collect()
}

#[test]
fn what_cannot_be_used_is_told_at_once() {
    let https = || CdnOriginConnector::builder("https://www.example.test");
    let whole = list(PUBLIC, &[9; 32]);
    for bytes in [
        Vec::new(),
        vec![0, 0],
        b"garbage".to_vec(),
        whole[..whole.len() - 1].to_vec(),
        list("", &[9; 32]),
        list(PUBLIC, &[]),
        list(PUBLIC, &[9; 5]),
        vec![0, 4, 0xfe, 0x0e, 0, 0],
    ] {
        let shown = format!("{bytes:?}");
        let told = told(https().ech(Ech::config_list(bytes)));
        assert_eq!(told, [BuildProblemKind::CryptoProvider], "{shown}");
    }
    let old = https()
        .tls_versions(..=TlsVersion::V1_2)
        .ech(published_by(PUBLIC));
    assert_eq!(told(old), [BuildProblemKind::Contradiction]);
    for nameless in [
        https().omit_sni(),
        CdnOriginConnector::builder("https://192.0.2.1"),
        CdnOriginConnector::any_origin().omit_sni(),
    ] {
        let told = told(nameless.ech(published_by(PUBLIC)));
        assert_eq!(told, [BuildProblemKind::Contradiction]);
    }
}
