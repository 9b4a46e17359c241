//! The facts of a TLS connection: parameters, the whole chain, and certificates that expire soon.

use std::{
    io,
    sync::{Arc, Mutex, Once},
    time::{Duration, SystemTime},
};

use cdn_origin::{
    CdnOriginConnector, TlsVersion,
    connector::AdviceSettings,
    tls::{
        Roots, TlsParameters, VerifyPolicy, danger,
        rustls::{self, ServerConfig},
    },
};
use http::Uri;
use time::OffsetDateTime;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use tracing_subscriber::{filter::Targets, fmt::MakeWriter, layer::SubscriberExt};

use crate::{
    failing::{error, serving, to},
    http_get,
    observe::Seen,
    pki::{Ca, key, server},
    support::Authority,
};

/// Subscribes on this thread, as [`tracing::subscriber::set_default`].
///
/// The first call also gives all other threads a subscriber that discards everything. A place in
/// the code that logs asks once which subscribers there are. If it does so in one thread while
/// another subscribes, it may ask too early and stay silent.
pub(crate) fn subscribe<S>(subscriber: S) -> tracing::subscriber::DefaultGuard
where
    S: tracing::Subscriber + Send + Sync + 'static,
{
    static EVERYWHERE: Once = Once::new();
    EVERYWHERE.call_once(|| {
        let ours = Targets::new().with_target("cdn_origin", tracing::Level::TRACE);
        let discarding = tracing_subscriber::registry().with(ours);
        tracing::subscriber::set_global_default(discarding).unwrap();
    });
    tracing::subscriber::set_default(subscriber)
}

/// Everything that is logged on this thread while the guard lives.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn start() -> (Self, tracing::subscriber::DefaultGuard) {
        Self::down_to(tracing::Level::WARN)
    }

    pub(crate) fn down_to(level: tracing::Level) -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_max_level(level)
            .with_writer(log.clone())
            .finish();
        (log, subscribe(subscriber))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// A server that does handshakes and says one byte, for as long as it is asked.
pub(crate) async fn shaking_hands(config: Arc<ServerConfig>) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = TlsAcceptor::from(config.clone()).accept(stream).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"x").await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

/// A certificate that ends this long from now, and its authority.
async fn ending_in(left: Duration) -> (Ca, std::net::SocketAddr) {
    let (root, key) = (Ca::root(), key());
    let chain = root.leaf(&key, |it| it.not_after = OffsetDateTime::now_utc() + left);
    let address = shaking_hands(server(&chain, &key, &rustls::version::TLS13)).await;
    (root, address)
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn connector(root: &Ca, address: std::net::SocketAddr) -> cdn_origin::connector::CdnOriginBuilder {
    CdnOriginConnector::builder("https://good.example.test")
        .dial(address.to_string())
        .verify(VerifyPolicy::roots(Roots::pem(root.pem())))
}

#[tokio::test]
async fn what_was_agreed_has_its_iana_names() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    for (version, suite) in [
        (TlsVersion::V1_2, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
        (TlsVersion::V1_3, "TLS_CHACHA20_POLY1305_SHA256"),
    ] {
        let connector = to(&edge, &authority, "www.example.test")
            .tls_versions(version..=version)
            .tls_parameters(
                TlsParameters::default()
                    .cipher_suites([suite])
                    .key_exchange_groups(["secp384r1"])
                    .signature_schemes(["ecdsa_secp256r1_sha256"]),
            )
            .build()
            .unwrap();
        let stream = connector.oneshot(Uri::default()).await.unwrap();
        let session = stream.info().facts().tls_session().unwrap();
        assert_eq!(session.version, version);
        assert_eq!(session.cipher_suite, suite);
        assert_eq!(session.group, Some("secp384r1"));
        assert_eq!(session.signature_scheme, Some("ecdsa_secp256r1_sha256"));
        assert_eq!(session.protocol.as_deref(), Some("h2"));
        assert!(!session.resumed);
    }
}

#[tokio::test]
async fn a_session_of_tls_1_2_that_is_resumed_exchanges_no_keys() {
    let authority = Authority::new();
    let edge = serving(&authority).await;
    let connector = to(&edge, &authority, "www.example.test")
        .tls_versions(..=TlsVersion::V1_2)
        .build()
        .unwrap();
    for resumed in [false, true] {
        let mut stream = connector.clone().oneshot(Uri::default()).await.unwrap();
        http_get::exchange(&mut stream).await;
        let session = stream.info().facts().tls_session().unwrap();
        assert_eq!(session.resumed, resumed);
        assert_eq!(session.group.is_none(), resumed);
        assert_eq!(session.signature_scheme.is_none(), resumed);
    }
}

#[tokio::test]
async fn the_whole_chain_is_known_with_names_issuers_dates_and_keys() {
    let (root, key) = (Ca::root(), key());
    let between = root.below("Between", |_| {});
    let chain = between.leaf(&key, |_| {});
    let address = shaking_hands(server(&chain, &key, &rustls::version::TLS13)).await;
    let connector = connector(&root, address).build().unwrap();
    let stream = connector.oneshot(Uri::default()).await.unwrap();

    let [leaf, above] = stream.info().facts().certificates() else {
        panic!("two certificates were presented");
    };
    assert_eq!(leaf.names(), ["good.example.test"]);
    assert_eq!(leaf.issuer(), "CN=Between");
    assert_eq!((above.subject(), above.issuer()), ("CN=Between", "CN=Root"));
    for (reported, presented) in [leaf, above].into_iter().zip(&chain) {
        assert_eq!(reported.der(), &presented[..]);
        assert!(reported.not_before().unwrap() < reported.not_after().unwrap());
    }
}

#[tokio::test]
async fn the_whole_chain_is_known_after_a_refused_handshake() {
    let (root, key) = (Ca::root(), key());
    let chain = root.below("Between", |_| {}).leaf(&key, |_| {});
    let address = shaking_hands(server(&chain, &key, &rustls::version::TLS13)).await;
    let refused = error(connector(&root, address).expected_name("other.example.test")).await;
    let reported: Vec<_> = refused
        .facts()
        .certificates()
        .iter()
        .map(|it| it.der())
        .collect();
    assert_eq!(reported, [&chain[0][..], &chain[1][..]]);
    assert_eq!(
        refused.facts().certificates().first().unwrap().der(),
        &chain[0][..]
    );
}

#[tokio::test]
async fn the_days_that_are_left_are_whole_ones() {
    let (root, address) = ending_in(10 * DAY + DAY / 2).await;
    let connector = connector(&root, address).build().unwrap();
    let stream = connector.oneshot(Uri::default()).await.unwrap();
    let leaf = stream.info().facts().certificates().first().unwrap();
    let end = leaf.not_after().unwrap();
    let second = Duration::from_secs(1);
    for (now, days) in [
        (SystemTime::now(), 10),
        (end - DAY, 1),
        (end - second, 0),
        (end, 0),
        (end + second, -1),
        (end + DAY, -2),
    ] {
        assert_eq!(leaf.days_left(now), Some(days));
    }
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_warned_of_once() {
    let (root, address) = ending_in(5 * DAY + DAY / 2).await;
    let (log, _guard) = Log::start();
    let connector = connector(&root, address).build().unwrap();
    for _ in 0..3 {
        let mut stream = connector.clone().oneshot(Uri::default()).await.unwrap();
        http_get::exchange(&mut stream).await;
    }
    let text = log.text();
    assert_eq!(text.matches("ends in 5 days").count(), 1, "{text}");
    assert!(text.contains("good.example.test"), "{text}");
    // A renewed trust sees the same certificate.
    connector.reload(|tls| tls).unwrap();
    connector.oneshot(Uri::default()).await.unwrap();
    assert_eq!(log.text().matches("ends in").count(), 1);
}

#[tokio::test]
async fn a_certificate_that_lasts_longer_than_the_notice_logs_no_warning() {
    let (root, address) = ending_in(5 * DAY).await;
    let (log, _guard) = Log::start();
    for notice in [Duration::ZERO, 4 * DAY] {
        let connector =
            connector(&root, address).advice(AdviceSettings::default().expiry_notice(notice));
        connector
            .build()
            .unwrap()
            .oneshot(Uri::default())
            .await
            .unwrap();
    }
    assert_eq!(log.text(), "");
    let connector =
        connector(&root, address).advice(AdviceSettings::default().expiry_notice(6 * DAY));
    connector
        .build()
        .unwrap()
        .oneshot(Uri::default())
        .await
        .unwrap();
    assert!(log.text().contains("good.example.test"));
}

#[tokio::test]
async fn observers_get_the_expiry_within_the_notice_that_is_set() {
    let (root, address) = ending_in(20 * DAY + DAY / 2).await;
    for (notice, count) in [
        (None, 0),
        (Some(20 * DAY), 0),
        (Some(21 * DAY), 1),
        (Some(Duration::ZERO), 0),
    ] {
        let advice = AdviceSettings::default();
        let advice = notice.map_or_else(AdviceSettings::default, |it| advice.expiry_notice(it));
        let (seen, connector) = (Seen::default(), connector(&root, address).advice(advice));
        let connector = connector.build().unwrap().with_observer(seen.clone());
        connector.oneshot(Uri::default()).await.unwrap();
        assert_eq!(
            seen.count("certificate expires in 20 days"),
            count,
            "{notice:?}"
        );
    }
    let (root, address) = ending_in(5 * DAY + DAY / 2).await;
    for (notice, count) in [(5 * DAY, 0), (Duration::ZERO, 0), (6 * DAY, 1)] {
        let advice = AdviceSettings::default().expiry_notice(notice);
        let (seen, connector) = (Seen::default(), connector(&root, address).advice(advice));
        let connector = connector.build().unwrap().with_observer(seen.clone());
        connector.oneshot(Uri::default()).await.unwrap();
        assert_eq!(
            seen.count("certificate expires in 5 days"),
            count,
            "{notice:?}"
        );
    }
}

#[tokio::test]
async fn a_policy_without_checks_accepts_every_certificate_and_the_report_of_it_is_no_proof() {
    let (root, address) = ending_in(5 * DAY).await;
    let stranger = Ca::root();
    for (policy, accepted) in [
        (VerifyPolicy::roots(Roots::pem(root.pem())), true),
        (VerifyPolicy::roots(Roots::pem(stranger.pem())), false),
        (danger::accept_any_certificate(), true),
    ] {
        let connector = connector(&root, address).verify(policy).build().unwrap();
        let facts = match connector.oneshot(Uri::default()).await {
            Ok(stream) => stream.info().facts().clone(),
            Err(error) => error.facts().clone(),
        };
        assert_eq!(facts.is_accepted_by_policy(), accepted);
    }
}
