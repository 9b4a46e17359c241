//! Random texts: every parsed name upholds what other code expects of it.

use cdn_origin::{
    CdnOriginConnector,
    name::{DialTarget, DnsName, ExpectedName, HostAuthority},
    origin::OriginUrl,
    tls::rustls::pki_types,
};
use http::{HeaderValue, Uri, uri::Authority};

use super::secrets::{keeps_the_secret, refusals_of};

/// A repeatable stream of numbers (Marsaglia's xorshift64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).expect("the bound is a usize")
    }

    /// Up to eight pieces, concatenated.
    fn text(&mut self) -> String {
        let pieces = self.below(9);
        (0..pieces)
            .map(|_| PIECES[self.below(PIECES.len())])
            .collect()
    }
}

/// Pieces of names, most of them unusual.
const PIECES: [&str; 58] = [
    "a",
    "b",
    "Z",
    "example",
    "com",
    "0",
    "9",
    "80",
    "65535",
    "65536",
    "127.",
    "1.2.3.4",
    "0x",
    "-",
    "--",
    "_",
    "~",
    ".",
    ".",
    ".",
    ":",
    ":",
    "::",
    "[",
    "]",
    "[::1]",
    "2001:db8::1",
    "::ffff:1.2.3.4",
    "%",
    "%25eth0",
    "@",
    "/",
    "?",
    "#",
    "*",
    "+",
    ",",
    ";",
    "\\",
    "\"",
    " ",
    "\0",
    "\t",
    "\r\n",
    "\u{7f}",
    "https://",
    "xn--",
    "xn--bcher-kva",
    "ü",
    "ß",
    "א",
    "☕",
    "。",
    "\u{ad}",
    "\u{200d}",
    "：",
    "１",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
];

/// How many of the texts each type accepts.
#[derive(Debug, Default)]
struct Accepted {
    dial_targets: usize,
    dns_names: usize,
    expected_names: usize,
    host_authorities: usize,
}

impl Accepted {
    /// Checks the invariants that other code relies on.
    fn check(&mut self, text: &str) {
        if let Ok(name) = text.parse::<DnsName>() {
            self.dns_names += 1;
            dns_name_holds(&name, text);
        }
        if let Ok(target) = text.parse::<DialTarget>() {
            self.dial_targets += 1;
            dial_target_holds(&target, text);
        }
        if let Ok(name) = text.parse::<ExpectedName>() {
            self.expected_names += 1;
            assert_eq!(name.to_string().parse(), Ok(name), "{text:?}");
        }
        if let Ok(authority) = text.parse::<HostAuthority>() {
            self.host_authorities += 1;
            host_authority_holds(&authority, text);
        }
    }
}

fn dns_name_holds(name: &DnsName, text: &str) {
    let displayed = name.as_str();
    assert_eq!(displayed.parse(), Ok(name.clone()), "{text:?}");
    // `expect`ed in src/tls/tls_client.rs.
    let to_rustls = pki_types::DnsName::try_from(displayed.to_owned());
    assert!(to_rustls.is_ok(), "{text:?}");
    assert!(
        pki_types::ServerName::try_from(displayed)
            .is_ok_and(|name| matches!(name, pki_types::ServerName::DnsName(_))),
        "{text:?}"
    );
    // `expect`ed in src/name/host_authority.rs.
    assert_eq!(HostAuthority::from(name).as_str(), displayed, "{text:?}");
    assert_eq!(displayed.to_ascii_lowercase(), displayed, "{text:?}");
}

fn dial_target_holds(target: &DialTarget, text: &str) {
    let displayed = target.to_string();
    assert_eq!(displayed.parse(), Ok(target.clone()), "{text:?}");
    // `expect`ed in src/dial/transport.rs.
    let uri = Uri::builder()
        .scheme("http")
        .authority(displayed.as_str())
        .path_and_query("/")
        .build();
    let uri = uri.unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(uri.port_u16(), target.port(), "{text:?}");
    let host = target
        .host()
        .expect("no text of the stream is a Unix socket");
    let host = host.to_string();
    let dialled = uri.host().unwrap();
    assert_eq!(
        dialled.strip_suffix('.').unwrap_or(dialled),
        host,
        "{text:?}"
    );
    // `expect`ed in src/name/host_authority.rs: the Host of an origin with this URL.
    let url: OriginUrl = format!("http://{displayed}").parse().unwrap();
    let connector = CdnOriginConnector::builder(url).build().unwrap();
    let authority = connector.origin().unwrap().host();
    assert_eq!(authority.host(), host, "{text:?}");
    assert_eq!(
        authority.port(),
        target.port().filter(|port| *port != 80),
        "{text:?}"
    );
}

fn host_authority_holds(authority: &HostAuthority, text: &str) {
    let displayed = authority.as_str();
    let parsed: Authority = displayed.parse().unwrap();
    assert_eq!(parsed.host(), authority.host(), "{text:?}");
    assert_eq!(parsed.port_u16(), authority.port(), "{text:?}");
    let value = HeaderValue::from_str(displayed).unwrap();
    assert_eq!(HeaderValue::from(authority), value, "{text:?}");
    let again: HostAuthority = value.to_str().unwrap().parse().unwrap();
    assert_eq!(again.as_str(), displayed, "{text:?}");
    assert!(
        !displayed.contains(['@', '/', '?', '#', ' ', ',']),
        "{text:?}"
    );
    assert!(!authority.host().is_empty(), "{text:?}");
    let port = match authority.port() {
        Some(port) => port.to_string(),
        None => String::new(),
    };
    assert!(displayed.ends_with(&port), "{text:?}");
}

#[test]
fn every_parsed_name_upholds_what_other_code_expects() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut taken = Accepted::default();
    for _ in 0..20_000 {
        let text = random.text();
        taken.check(&text);
        let _ = format!("https://{text}").parse::<OriginUrl>();
        for error in refusals_of(&text) {
            assert!(!error.to_string().contains(['\0', '\r', '\n']), "{text:?}");
        }
    }
    // A sample of which everything is refused would prove nothing.
    assert!(taken.dns_names > 500, "{taken:?}");
    assert!(taken.dial_targets > 500, "{taken:?}");
    assert!(taken.expected_names > 500, "{taken:?}");
    assert!(taken.host_authorities > 500, "{taken:?}");
}

// See `a_password_with_an_unescaped_delimiter_is_not_shown`.
#[test]
fn no_random_secret_is_shown() {
    let mut random = Random(0x1234_5678_9abc_def1);
    for _ in 0..10_000 {
        let (before, after, host) = (random.text(), random.text(), random.text());
        keeps_the_secret(&format!("https://{before}sekret{after}@{host}"));
        keeps_the_secret(&format!("https://{host}?{before}sekret{after}"));
    }
}
