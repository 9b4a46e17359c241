//! Client certificates: presented on request, checked when the connector is built, and errors of
//! origins that refuse them.

use std::sync::Arc;

use cdn_origin::{
    CdnOriginConnector, Error,
    connector::CdnOriginBuilder,
    diagnosis::{CauseId, Certainty},
    error::{BuildProblemKind, ErrorKind, Stage},
    tls::{
        ClientIdentity, SpkiPin, VerifyPolicy,
        rustls::{
            self, SignatureScheme, client::ResolvesClientCert, crypto::aws_lc_rs,
            sign::CertifiedKey,
        },
    },
};
use http::{Request, Uri};
use rustls::SupportedProtocolVersion;
use tower::ServiceExt;

use crate::{
    failing::{check, to},
    support::{Authority, Certified, Edge},
};

const NAME: &str = "www.example.test";
const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

/// An edge that wants clients of the authority.
async fn demanding(authority: &Authority, version: &'static SupportedProtocolVersion) -> Edge {
    Edge::builder(authority)
        .serves(NAME)
        .requires_clients_of(authority)
        .tls_versions(&[version])
        .start()
        .await
}

fn pem(certified: &Certified) -> ClientIdentity {
    ClientIdentity::pem(certified.cert_pem(), certified.key_pem())
}

/// One request over a proxy: what TLS 1.3 says of a client certificate is heard only with the response.
async fn request(builder: CdnOriginBuilder) -> Result<(), Error> {
    let proxy = cdn_origin::OriginProxy::new(builder.build().unwrap());
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(String::new()).unwrap();
    let response = proxy.oneshot(request).await.unwrap();
    match response.extensions().get::<Error>() {
        Some(error) => Err(error.clone()),
        None => Ok(()),
    }
}

#[tokio::test]
async fn a_client_certificate_is_presented_to_an_origin_that_requests_one() {
    let authority = Authority::new();
    let certified = authority.issue_client("client.example.test");
    let chain = || certified.chain.iter().map(|it| it.to_vec());
    let key = certified.key.secret_der();
    for version in VERSIONS {
        for identity in [pem(&certified), ClientIdentity::der(chain(), key)] {
            let edge = demanding(&authority, version).await;
            let builder = to(&edge, &authority, NAME).client_identity(identity);
            request(builder).await.unwrap();
            let seen = edge.hellos()[0].client.clone().unwrap();
            assert_eq!(seen, certified.chain[0].to_vec());
        }
    }
}

#[tokio::test]
async fn one_text_may_hold_certificate_and_key() {
    let authority = Authority::new();
    let certified = authority.issue_client("client.example.test");
    let both = certified.key_pem() + &certified.cert_pem();
    let edge = demanding(&authority, &rustls::version::TLS13).await;
    let identity = ClientIdentity::pem(&both, &both);
    request(to(&edge, &authority, NAME).client_identity(identity))
        .await
        .unwrap();
}

#[tokio::test]
async fn files_are_read_when_the_connector_is_built() {
    let authority = Authority::new();
    let certified = authority.issue_client("client.example.test");
    let folder = tempfile::tempdir().unwrap();
    let (chain, key) = (folder.path().join("c.pem"), folder.path().join("k.pem"));
    let identity = ClientIdentity::pem_files(&chain, &key);
    let edge = demanding(&authority, &rustls::version::TLS13).await;
    let builder = to(&edge, &authority, NAME).client_identity(identity);

    let error = builder.clone().build().unwrap_err();
    assert_eq!(error.problems()[0].kind(), BuildProblemKind::UnreadableFile);
    assert!(error.to_string().contains("c.pem"), "{error}");

    std::fs::write(&chain, certified.cert_pem()).unwrap();
    std::fs::write(&key, certified.key_pem()).unwrap();
    request(builder).await.unwrap();
}

/// `pem_files` takes paths. A key that was passed instead is in no error.
#[test]
fn a_key_that_was_taken_for_a_path_is_not_shown() {
    let certified = Authority::new().issue_client("client.example.test");
    let (chain, key) = (certified.cert_pem(), certified.key_pem());
    let secret = key.lines().nth(1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.pem");
    std::fs::write(&file, &chain).unwrap();
    let identity = ClientIdentity::pem_files(&file, &key);
    let builder = CdnOriginConnector::builder("https://site.test").client_identity(identity);
    let shown = format!("{builder:?}");
    let error = builder.build().unwrap_err().to_string();
    assert!(
        error.contains("a path that is the content of a PEM file cannot be read"),
        "{error}"
    );
    assert!(
        !error.contains(secret) && !shown.contains(secret),
        "{error}"
    );
}

/// Holds the key as a device would.
#[derive(Debug)]
struct Device(Arc<CertifiedKey>);

impl ResolvesClientCert for Device {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_private_key_may_be_held_by_an_external_signer() {
    let authority = Authority::new();
    let certified = authority.issue_client("client.example.test");
    let key = aws_lc_rs::sign::any_supported_type(&certified.key).unwrap();
    let device = Device(Arc::new(CertifiedKey::new(certified.chain.clone(), key)));
    for version in VERSIONS {
        let edge = demanding(&authority, version).await;
        let identity = ClientIdentity::resolver(Arc::new(Device(device.0.clone())));
        request(to(&edge, &authority, NAME).client_identity(identity))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn an_origin_that_requests_no_certificate_receives_none() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves(NAME).start().await;
    let identity = pem(&authority.issue_client("client.example.test"));
    request(to(&edge, &authority, NAME).client_identity(identity))
        .await
        .unwrap();
    assert_eq!(edge.hellos()[0].client, None);
}

#[tokio::test]
async fn a_missing_client_certificate_names_the_call_that_fixes_it() {
    let authority = Authority::new();
    for (version, alert, certainty) in [
        (&rustls::version::TLS12, 116, Certainty::Certain),
        (&rustls::version::TLS13, 116, Certainty::Certain),
    ] {
        let edge = demanding(&authority, version).await;
        let error = request(to(&edge, &authority, NAME)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlertReceived, "{error}");
        assert_eq!(error.facts().alert().unwrap().code(), alert);
        check(
            &error,
            CauseId::ClientCertificateRequired,
            certainty,
            ".client_identity(ClientIdentity::pem(chain, key))",
        );
    }
}

#[tokio::test]
async fn an_identity_of_a_stranger_is_refused_and_called_so() {
    let authority = Authority::new();
    let strange = pem(&Authority::new().issue_client("client.example.test"));
    for version in VERSIONS {
        let edge = demanding(&authority, version).await;
        let builder = to(&edge, &authority, NAME).client_identity(strange.clone());
        let error = request(builder).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlertReceived, "{error}");
        let cause = error.diagnosis().likeliest().unwrap().clone();
        assert_eq!(
            cause.id(),
            CauseId::ClientCertificateRefused,
            "{}",
            error.report()
        );
    }
}

#[tokio::test]
async fn an_expired_identity_is_refused_with_its_reason() {
    let authority = Authority::new();
    let expired = pem(&authority.issue_expired_client("client.example.test"));
    for version in VERSIONS {
        let edge = demanding(&authority, version).await;
        let builder = to(&edge, &authority, NAME).client_identity(expired.clone());
        let error = request(builder).await.unwrap_err();
        assert_eq!(error.facts().alert().unwrap().code(), 45, "{error}");
        check(
            &error,
            CauseId::ClientCertificateRefused,
            Certainty::Certain,
            "renew the client certificate",
        );
    }
}

#[tokio::test]
async fn a_refusal_in_tls_1_3_is_kept_by_the_stream_that_reads_it() {
    let authority = Authority::new();
    let edge = demanding(&authority, &rustls::version::TLS13).await;
    let connector = to(&edge, &authority, NAME).build().unwrap();
    // The client is done with the handshake before the server has looked.
    let mut stream = connector.oneshot(Uri::default()).await.unwrap();
    let read = tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 1]).await;
    read.unwrap_err();
    assert_eq!(stream.info().alert().unwrap().code(), 116);
}

#[tokio::test]
async fn a_refusal_in_tls_1_2_ends_the_handshake() {
    let authority = Authority::new();
    let edge = demanding(&authority, &rustls::version::TLS12).await;
    let connector = to(&edge, &authority, NAME).build().unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.stage(), Stage::Handshake);
}

fn problem(identity: ClientIdentity) -> (BuildProblemKind, String) {
    let error = CdnOriginConnector::builder(format!("https://{NAME}"))
        .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
        .client_identity(identity)
        .build()
        .unwrap_err();
    let [problem] = error.problems() else {
        panic!("one problem: {error}");
    };
    assert_eq!(problem.setter(), "client_identity");
    (problem.kind(), problem.to_string())
}

/// `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256`, and with `-traditional` for the second.
const ENCRYPTED_PKCS8: &str = include_str!("identity/encrypted-pkcs8.pem");
const ENCRYPTED_TRADITIONAL: &str = include_str!("identity/encrypted-traditional.pem");

#[test]
fn an_encrypted_key_is_refused_with_the_command_that_decrypts_it() {
    let certified = Authority::new().issue_client("client.example.test");
    let chain = certified.cert_pem();
    for key in [ENCRYPTED_PKCS8, ENCRYPTED_TRADITIONAL] {
        let (kind, text) = problem(ClientIdentity::pem(&chain, key));
        assert_eq!(kind, BuildProblemKind::InvalidKey);
        assert!(
            text.contains("openssl pkey -in key.pem -out plain.pem"),
            "{text}"
        );
    }
    let lines = ENCRYPTED_PKCS8.lines().filter(|it| !it.starts_with('-'));
    let base64: String = lines.collect();
    let der = data_encoding::BASE64.decode(base64.as_bytes()).unwrap();
    let (kind, text) = problem(ClientIdentity::der([certified.chain[0].to_vec()], der));
    assert_eq!(kind, BuildProblemKind::InvalidKey);
    assert!(text.contains("encrypted"), "{text}");
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let authority = Authority::new();
    let (one, other) = (
        authority.issue_client("a.test"),
        authority.issue_client("b.test"),
    );
    let (kind, text) = problem(ClientIdentity::pem(one.cert_pem(), other.key_pem()));
    assert_eq!(kind, BuildProblemKind::InvalidKey);
    assert!(text.contains("does not belong"), "{text}");
    let der = ClientIdentity::der([one.chain[0].to_vec()], other.key.secret_der());
    let (kind, text) = problem(der);
    assert_eq!(kind, BuildProblemKind::InvalidKey);
    assert!(text.contains("does not belong to the first"), "{text}");
}

#[test]
fn what_is_no_identity_is_refused_with_words() {
    use BuildProblemKind::{InvalidCertificate, InvalidKey};
    let certified = Authority::new().issue_client("client.example.test");
    let (chain, key) = (certified.cert_pem(), certified.key_pem());
    let kind = |chain: &str, key: &str| problem(ClientIdentity::pem(chain, key)).0;
    assert_eq!(kind("", &key), InvalidCertificate);
    assert_eq!(kind("/etc/pki/client.pem", &key), InvalidCertificate);
    assert_eq!(kind(&key, &key), InvalidCertificate);
    assert_eq!(
        kind("-----BEGIN CERTIFICATE-----\n!\n", &key),
        InvalidCertificate
    );
    assert_eq!(kind(&chain, ""), InvalidKey);
    assert_eq!(kind(&chain, &chain), InvalidKey);
    assert_eq!(kind(&chain, "-----BEGIN PRIVATE KEY-----\n!\n"), InvalidKey);
    let broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert_eq!(kind(&chain, broken), InvalidKey);
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert_eq!(kind(broken, &key), InvalidCertificate);

    let none: [Vec<u8>; 0] = [];
    let (without, _) = problem(ClientIdentity::der(none, certified.key.secret_der()));
    assert_eq!(without, InvalidCertificate);
    let der = |key: &[u8]| problem(ClientIdentity::der([certified.chain[0].to_vec()], key)).0;
    for nonsense in [&[][..], &[0x30], &[0x30, 0x82], &[0x30, 0x84, 1], b"text"] {
        assert_eq!(der(nonsense), InvalidKey, "{nonsense:?}");
    }
}

#[test]
fn no_key_is_ever_shown() {
    let certified = Authority::new().issue_client("client.example.test");
    let identity = pem(&certified);
    let builder = CdnOriginConnector::builder(format!("https://{NAME}"))
        .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
        .client_identity(identity.clone());
    let connector = builder.clone().build().unwrap();
    let shown = format!("{identity:?} {builder:?} {connector:?} {:#?}", builder);
    let bytes = certified.key.secret_der();
    let decimal = format!("{}, {}, {}", bytes[40], bytes[41], bytes[42]);
    let pem = certified.key_pem();
    let line = pem.lines().nth(1).unwrap().to_owned();
    for secret in [decimal, line] {
        assert!(!shown.contains(&secret), "{shown}");
    }
    let mut wrong = certified.key_pem();
    wrong.insert(100, '!');
    let (_, text) = problem(ClientIdentity::pem(certified.cert_pem(), &wrong));
    assert!(!text.contains(&wrong[60..90]), "{text}");
}
