//! Certificates that attack the reader of a report or of a log: nothing of them reaches a terminal
//! unescaped, and no error is longer than a screen or two.

use std::net::SocketAddr;

use cdn_origin::{
    CdnOriginConnector, Error,
    error::{CertificateProblem, ErrorKind},
    tls::{Roots, VerifyPolicy, rustls},
};
use http::Uri;
use rcgen::{CertificateParams, DnType, DnValue, SanType, SerialNumber, date_time_ymd, string};
use time::OffsetDateTime;
use tower::ServiceExt;

use crate::{
    failing::error,
    fuzzing::targets::is_dangerous,
    pki::{Ca, dns, key, server, uri},
    tls_facts::{Log, shaking_hands},
};

const SITE: &str = "good.example.test";

fn columns(line: &str) -> usize {
    line.chars()
        .map(|it| if it.is_ascii() { 1 } else { 2 })
        .sum()
}

#[track_caller]
fn assert_one_safe_line(text: &str) {
    assert!(!text.contains(is_dangerous), "{text:?}");
    assert!(text.len() < 2_000, "{} bytes: {text}", text.len());
}

/// Looks at everything that an error shows.
#[track_caller]
fn assert_safe(error: &Error) {
    let report = error.report().to_string();
    assert!(report.lines().count() <= 60, "{report}");
    for line in report.split('\n') {
        assert!(!line.contains(is_dangerous), "{line:?}");
        assert!(columns(line) <= 80, "too wide: {line}\n{report}");
    }
    let mut level: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(shown) = level {
        assert_one_safe_line(&shown.to_string());
        assert_one_safe_line(&format!("{shown:?}"));
        level = shown.source();
    }
    assert_one_safe_line(&error.diagnosis().to_string());
    for certificate in error.facts().certificates() {
        assert_one_safe_line(&format!("{certificate:?}"));
        assert_one_safe_line(certificate.subject());
        assert_one_safe_line(certificate.issuer());
        for name in certificate.names() {
            assert_one_safe_line(name);
        }
    }
}

/// A server with a certificate of the root, changed like this.
async fn presenting(root: &Ca, change: impl FnOnce(&mut CertificateParams)) -> SocketAddr {
    let key = key();
    let chain = root.leaf(&key, change);
    shaking_hands(server(&chain, &key, &rustls::version::TLS13)).await
}

async fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> SocketAddr {
    let key = key();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![dns(SITE)];
    change(&mut params);
    let certificate = params.self_signed(&key).unwrap();
    let chain = [certificate.der().clone()];
    shaking_hands(server(&chain, &key, &rustls::version::TLS13)).await
}

/// The failure of a connection to this name at the address.
async fn refused(root: &Ca, address: SocketAddr, name: &str) -> Error {
    let builder = CdnOriginConnector::builder(format!("https://{name}"))
        .dial(address.to_string())
        .verify(VerifyPolicy::roots(Roots::pem(root.pem())));
    error(builder).await
}

fn names(count: usize) -> Vec<SanType> {
    (0..count)
        .map(|number| dns(&format!("n{number:04}")))
        .collect()
}

#[tokio::test]
async fn thousands_of_names_make_no_longer_report_than_a_few() {
    let root = Ca::root();
    let address = presenting(&root, |it| it.subject_alt_names = names(8_500)).await;
    let error = refused(&root, address, SITE).await;
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::NameMismatch)
    );
    assert_safe(&error);
    assert_eq!(
        error.facts().certificates().first().unwrap().names().len(),
        8_500
    );
    let report = error.report().to_string();
    let shown = "n0000, n0001, n0002, n0003 and 8496 more";
    assert!(report.contains(shown), "{report}");
}

#[tokio::test]
async fn the_longest_names_fit_a_report_too() {
    let root = Ca::root();
    let label = "a".repeat(63);
    let long = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    for first in [long.as_str(), "*.very.example.test", "short.example.test"] {
        let many = [first, &long, &long, &long].map(dns).to_vec();
        let address = presenting(&root, |it| it.subject_alt_names = many).await;
        assert_safe(&refused(&root, address, SITE).await);
    }
}

#[tokio::test]
async fn a_warning_before_the_end_lists_few_names_in_one_line() {
    let root = Ca::root();
    let hostile = SanType::DnsName("x\n2026 INFO forged: \u{7f}".try_into().unwrap());
    let address = presenting(&root, |it| {
        it.subject_alt_names = [vec![dns(SITE), hostile], names(8_001)].concat();
        it.not_after = OffsetDateTime::now_utc() + time::Duration::days(3);
    })
    .await;
    let (log, _guard) = Log::start();
    let connector = CdnOriginConnector::builder(format!("https://{SITE}"))
        .dial(address.to_string())
        .verify(VerifyPolicy::roots(Roots::pem(root.pem())))
        .build()
        .unwrap();
    connector.oneshot(Uri::default()).await.unwrap();
    let text = log.text();
    let [line] = text.lines().collect::<Vec<_>>()[..] else {
        panic!("not one line: {text}");
    };
    assert!(line.contains("and 7999 more") && line.len() < 600, "{line}");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_is_not_said_to_have_no_names() {
    let root = Ca::root();
    let universal = string::UniversalString::try_from("www").unwrap();
    let unreadable = [
        presenting(&root, |it| {
            it.serial_number = Some(SerialNumber::from_slice(&[1; 200]))
        })
        .await,
        presenting(&root, |it| it.not_before = date_time_ymd(1950, 1, 1)).await,
        presenting(&root, |it| {
            let subject = &mut it.distinguished_name;
            subject.push(DnType::CommonName, DnValue::UniversalString(universal));
        })
        .await,
    ];
    for address in unreadable {
        let error = refused(&root, address, "other.example.test").await;
        let report = error.report().to_string();
        assert!(report.contains("could not be read"), "{report}");
        assert!(!report.contains("no subject alternative name"), "{report}");
        assert_safe(&error);
    }
}

#[tokio::test]
async fn a_certificate_with_a_uri_alone_is_not_said_to_have_no_alternative_name() {
    let root = Ca::root();
    let name = uri("spiffe://prod.example/shop");
    let address = presenting(&root, |it| it.subject_alt_names = vec![name]).await;
    let report = refused(&root, address, SITE).await.report().to_string();
    assert!(report.contains("no DNS name or address"), "{report}");
    assert!(!report.contains("no subject alternative name"), "{report}");
}

/// A repeatable stream of numbers (Marsaglia's xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }

    /// Up to eleven pieces, or one of them many times.
    fn text(&mut self, pieces: &[&str]) -> String {
        match self.below(4) {
            0 => pieces[self.below(pieces.len())].repeat(self.below(900)),
            _ => (0..self.below(12))
                .map(|_| pieces[self.below(pieces.len())])
                .collect(),
        }
    }
}

const PIECES: [&str; 20] = [
    "a",
    "example",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{1b}[2J",
    "\u{1b}]0;title\u{7}",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "\u{2028}",
    "\u{2029}",
    "\u{85}",
    "é",
    "株",
    "\u{301}",
    "\\\"'",
];

/// What fits an IA5String.
const ASCII: [&str; 12] = [
    "a",
    "example",
    ".",
    "*.",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\u{1b}[2J",
    "\u{7f}",
    "\\\"'",
];

#[tokio::test]
async fn whatever_the_texts_in_a_certificate_are_an_error_shows_them_safely() {
    let root = Ca::root();
    for seed in 1..=150 {
        let mut random = Random(0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed));
        let subject = random.text(&PIECES);
        let organization = random.text(&PIECES);
        let sans: Vec<_> = (0..random.below(6))
            .map(|_| SanType::DnsName(random.text(&ASCII).as_str().try_into().unwrap()))
            .collect();
        let change = |it: &mut CertificateParams| {
            it.distinguished_name.push(DnType::CommonName, subject);
            it.distinguished_name
                .push(DnType::OrganizationName, organization);
            it.subject_alt_names = sans;
        };
        let address = match random.below(3) {
            0 => self_signed(change).await,
            1 => {
                let between = root.below(&random.text(&PIECES), |_| {});
                presenting(&between, change).await
            }
            _ => presenting(&root, change).await,
        };
        let roots = [&root, &Ca::root()][random.below(2)].pem();
        let builder = CdnOriginConnector::builder(format!("https://{SITE}"))
            .dial(address.to_string())
            .verify(VerifyPolicy::roots(Roots::pem(roots)));
        let builder = match random.below(3) {
            0 => builder.omit_sni(),
            _ => builder,
        };
        assert_safe(&error(builder).await);
    }
}
