//! What each of the name types accepts, how it is displayed, and how it refuses other texts.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use cdn_origin::name::{
    DialTarget, DnsName, ExpectedName, Host, HostAuthority, HostPort, NameError, NameProblem, Sni,
};
use cdn_origin::origin::OriginUrl;
use cdn_origin::tls::rustls::pki_types;
use http::{HeaderValue, Uri, uri::Authority};

#[track_caller]
fn reads<T>(table: &[(&str, &str)])
where
    T: FromStr<Err = NameError> + Display,
{
    for (text, spelled) in table {
        let name = text.parse::<T>().map(|name| name.to_string());
        assert_eq!(name.as_deref(), Ok(*spelled), "{text:?}");
    }
}

#[track_caller]
fn refuses<T>(table: &[(&str, &str, NameProblem)])
where
    T: Debug + FromStr<Err = NameError>,
{
    for (text, message, problem) in table {
        let error = text.parse::<T>().expect_err(text);
        assert_eq!(error.to_string(), *message, "{text:?}");
        assert_eq!(error.problem(), problem, "{text:?}");
    }
}

fn character(found: char, at: usize) -> NameProblem {
    NameProblem::Character { found, at }
}

fn long_name(bytes: usize) -> String {
    let label = format!("{}.", "a".repeat(63));
    label.repeat(4)[..bytes].to_owned()
}

#[test]
fn dns_names_are_displayed_in_wire_form() {
    let label = "a".repeat(63);
    let longest = long_name(253);
    reads::<DnsName>(&[
        ("example.com", "example.com"),
        ("EXAMPLE.Com", "example.com"),
        ("example.com.", "example.com"),
        ("localhost", "localhost"),
        ("_dmarc.example", "_dmarc.example"),
        ("a_b.example", "a_b.example"),
        ("_", "_"),
        ("1a", "1a"),
        ("1.a", "1.a"),
        ("1-1", "1-1"),
        ("a--b", "a--b"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        (&label, &label),
        (&longest, &longest),
        ("Bücher.example", "xn--bcher-kva.example"),
        ("bu\u{308}cher.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("ＥＸＡＭＰＬＥ．com", "example.com"),
        ("bücher。example", "xn--bcher-kva.example"),
        ("a\u{ad}b.example", "ab.example"),
        ("\u{212a}.example", "k.example"),
        ("☕.example", "xn--53h.example"),
        ("אב.example", "xn--4dbc.example"),
    ]);
}

#[test]
fn every_type_refuses_an_invalid_dns_name_with_the_same_message() {
    let label = "a".repeat(64);
    let behind = format!("b.{label}");
    let too_long = format!("{}a", long_name(253));
    let edge = |at| NameProblem::HyphenAtLabelEdge { at };
    let empty = |at| NameProblem::EmptyLabel { at };
    let table = [
        (".", NameProblem::Empty),
        ("..", empty(0)),
        (".a", empty(0)),
        ("a..b", empty(2)),
        ("a..", empty(2)),
        (" ", character(' ', 0)),
        ("a b", character(' ', 1)),
        ("a ", character(' ', 1)),
        ("\0", character('\0', 0)),
        ("a\tb", character('\t', 1)),
        ("a\r\nb", character('\r', 1)),
        ("a\u{7f}", character('\u{7f}', 1)),
        ("a/b", character('/', 1)),
        ("a\\b", character('\\', 1)),
        ("a,b", character(',', 1)),
        ("a%41", character('%', 1)),
        ("b.a+", character('+', 3)),
        ("*.example", character('*', 0)),
        ("-a", edge(0)),
        ("a-", edge(0)),
        ("-", edge(0)),
        ("b.-a.c", edge(2)),
        ("b.a-.c", edge(2)),
        (label.as_str(), NameProblem::LabelTooLong { at: 0 }),
        (behind.as_str(), NameProblem::LabelTooLong { at: 2 }),
        (too_long.as_str(), NameProblem::TooLong),
        ("1", NameProblem::NumericEnd),
        ("127.1", NameProblem::NumericEnd),
        ("0x7f.1", NameProblem::NumericEnd),
        ("0177.0.0.1", NameProblem::NumericEnd),
        ("256.0.0.1", NameProblem::NumericEnd),
        ("1.2.3.4.5", NameProblem::NumericEnd),
        ("example.1.", NameProblem::NumericEnd),
        ("１２７.0.0.1", NameProblem::NumericEnd),
        ("aא.example", NameProblem::International),
        ("אa1.example", NameProblem::International),
        ("a\u{200d}b.example", NameProblem::International),
        ("xn--ü.example", NameProblem::International),
        ("\u{fffd}.example", NameProblem::International),
        ("\u{2488}com", NameProblem::International),
    ];
    for (text, problem) in &table {
        let refusals = [
            ("DNS name", text.parse::<DnsName>().unwrap_err()),
            ("SNI", text.parse::<Sni>().unwrap_err()),
            ("host", text.parse::<Host>().unwrap_err()),
            ("expected name", text.parse::<ExpectedName>().unwrap_err()),
            ("dial target", text.parse::<DialTarget>().unwrap_err()),
        ];
        for (meant, error) in refusals {
            assert_eq!(error.problem(), problem, "{meant} {text:?}");
            assert_eq!(error.to_string(), format!("{meant} {text:?}: {problem}"));
        }
    }
}

#[test]
fn international_names_that_map_to_url_syntax_are_refused() {
    let overlong = "ü".repeat(64);
    let table = [
        // UTS 46 maps these to ASCII that means something in a URL.
        ("a／b.example", character('/', 1)),
        ("a＠b.example", character('@', 1)),
        ("a：80", character(':', 1)),
        ("ａ b.example", character(' ', 1)),
    ];
    for (text, problem) in table {
        let error = text.parse::<DnsName>().unwrap_err();
        assert_eq!(error.problem(), &problem, "{text:?}");
    }
    let error = overlong.parse::<DnsName>().unwrap_err();
    assert_eq!(error.problem(), &NameProblem::LabelTooLong { at: 0 });
    let error = "\u{ad}".parse::<DnsName>().unwrap_err();
    assert!(
        matches!(
            error.problem(),
            NameProblem::Empty | NameProblem::EmptyLabel { at: 0 }
        ),
        "{error}"
    );
}

#[test]
fn every_problem_has_its_own_message() {
    let table = [
        (
            character('\t', 7),
            "the character '\\t' at byte 7 is not allowed",
        ),
        (NameProblem::Empty, "it is empty"),
        (
            NameProblem::EmptyLabel { at: 7 },
            "the label at byte 7 is empty",
        ),
        (
            NameProblem::HyphenAtLabelEdge { at: 7 },
            "the label at byte 7 starts or ends with a hyphen",
        ),
        (
            NameProblem::International,
            "it is not a valid international domain name",
        ),
        (NameProblem::IpAddress, "an IP address is not a DNS name"),
        (
            NameProblem::Ipv6,
            "an IPv6 address in brackets was expected",
        ),
        (
            NameProblem::LabelTooLong { at: 7 },
            "the label at byte 7 is longer than 63 bytes",
        ),
        (
            NameProblem::NumericEnd,
            "a name that ends in a number is neither a DNS name nor a whole IPv4 address",
        ),
        (
            NameProblem::PathOrQuery { found: '?', at: 7 },
            "an origin is a scheme, a host and a port: remove everything from the '?' at byte 7",
        ),
        (
            NameProblem::Port { at: 7 },
            "the port at byte 7 is not a number from 1 to 65535",
        ),
        (
            NameProblem::Scheme,
            "it must start with \"https://\" or \"http://\"",
        ),
        (NameProblem::TooLong, "it is longer than 253 bytes"),
        (
            NameProblem::UserInfo,
            "a user name or password has no place here",
        ),
    ];
    for (problem, sentence) in table {
        assert_eq!(problem.to_string(), sentence);
    }
}

#[test]
fn sni_is_a_dns_name_and_never_an_address() {
    reads::<Sni>(&[("Example.COM.", "example.com"), ("localhost", "localhost")]);
    let address = "an IP address is not a DNS name";
    for text in [
        "192.0.2.1",
        "192.0.2.1.",
        "2001:db8::1",
        "[2001:db8::1]",
        "::",
        "[192.0.2.1]",
        "::ffff:192.0.2.1",
    ] {
        let error = text.parse::<Sni>().unwrap_err();
        assert_eq!(error.to_string(), format!("SNI {text:?}: {address}"));
        assert_eq!(error.problem(), &NameProblem::IpAddress);
    }
    refuses::<Sni>(&[
        ("", "SNI: it is empty", NameProblem::Empty),
        (
            "example.com:443",
            "SNI \"example.com:443\": it has no port: leave out what follows byte 11",
            NameProblem::PortHasNoPlace { at: 11 },
        ),
        (
            "fe80::1%eth0",
            "SNI \"fe80::1%eth0\": the character ':' at byte 4 is not allowed",
            character(':', 4),
        ),
    ]);
}

#[test]
fn hosts_and_expected_names_are_dns_names_or_addresses() {
    let table = [
        ("Example.COM.", "example.com", "example.com"),
        ("192.0.2.1", "192.0.2.1", "192.0.2.1"),
        ("2001:DB8:0::1", "[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]", "[2001:db8::1]", "2001:db8::1"),
        ("::", "[::]", "::"),
        ("::ffff:192.0.2.1", "[::ffff:192.0.2.1]", "::ffff:192.0.2.1"),
    ];
    for (text, host, expected_name) in table {
        reads::<Host>(&[(text, host)]);
        reads::<ExpectedName>(&[(text, expected_name)]);
    }
    let brackets = "an IPv6 address in brackets was expected";
    for text in [
        "[",
        "[]",
        "[::1",
        "[192.0.2.1]",
        "[example.com]",
        "[::1%eth0]",
        "[::1%25eth0]",
        "[[::1]]",
        "[::1].",
    ] {
        let error = text.parse::<Host>().unwrap_err();
        assert_eq!(error.to_string(), format!("host {text:?}: {brackets}"));
        let error = text.parse::<ExpectedName>().unwrap_err();
        assert_eq!(error.problem(), &NameProblem::Ipv6, "{text:?}");
    }
}

#[test]
fn dial_targets_are_hosts_with_an_optional_port() {
    reads::<DialTarget>(&[
        ("Example.COM", "example.com"),
        ("example.com.", "example.com."),
        ("unix:/run/app.sock", "unix:/run/app.sock"),
        ("unix:80", "unix:80"),
        ("example.com:443", "example.com:443"),
        ("example.com.:1", "example.com.:1"),
        ("example.com:00080", "example.com:80"),
        ("bücher.example:8443", "xn--bcher-kva.example:8443"),
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:65535", "192.0.2.1:65535"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("2001:db8::", "[2001:db8::]"),
        ("::1:443", "[::1:443]"),
        ("[2001:db8::1]", "[2001:db8::1]"),
        ("[2001:DB8::1]:8443", "[2001:db8::1]:8443"),
        ("[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]:1"),
    ]);
    let port = |at| NameProblem::Port { at };
    let table = [
        ("example.com:0", port(12)),
        ("example.com:65536", port(12)),
        ("example.com:99999999999999999999", port(12)),
        ("example.com:", port(12)),
        ("example.com::", port(13)),
        ("example.com:443:", port(16)),
        ("example.com:+80", port(12)),
        ("example.com:-1", port(12)),
        ("example.com: 80", port(12)),
        ("example.com:80 ", port(12)),
        ("example.com:８０", port(12)),
        ("example.com:1e3", port(12)),
        ("example.com:0x50", port(12)),
        ("example.com:https", port(12)),
        ("bücher.example:0", port(16)),
        ("[::1]:0", port(6)),
        ("[::1]:", port(6)),
        (":443", NameProblem::Empty),
        ("a:b:80", character(':', 1)),
        ("[]:80", NameProblem::Ipv6),
        ("[::1:80", NameProblem::Ipv6),
        ("[192.0.2.1]:80", NameProblem::Ipv6),
        ("[fe80::1%25eth0]:80", NameProblem::Ipv6),
        ("127.1:80", NameProblem::NumericEnd),
        ("a/b:80", character('/', 1)),
        ("unix:", port(5)),
        ("unix:run/app.sock", NameProblem::SocketPath),
        ("unix:/", NameProblem::SocketPath),
        ("unix:/run/", NameProblem::SocketPath),
        ("unix:/run/a\0b", NameProblem::SocketPath),
    ];
    for (text, problem) in table {
        let message = format!("dial target {text:?}: {problem}");
        refuses::<DialTarget>(&[(text, &message, problem)]);
    }
    refuses::<DialTarget>(&[("", "dial target: it is empty", NameProblem::Empty)]);
}

#[test]
fn a_dial_target_has_accessors_for_host_and_port() {
    let target: DialTarget = "[2001:db8::1]:8443".parse().unwrap();
    assert_eq!(target.port(), Some(8443));
    let host = target.host().unwrap();
    assert_eq!(host.ip(), Some("2001:db8::1".parse().unwrap()));
    assert_eq!(host.dns(), None);
    let target: DialTarget = "example.com".parse().unwrap();
    assert_eq!(target.port(), None);
    let host = target.host().unwrap();
    assert_eq!(host.ip(), None);
    assert_eq!(host.dns().map(DnsName::as_str), Some("example.com"));
}

#[test]
fn host_authorities_keep_their_text() {
    reads::<HostAuthority>(&[
        ("example.com", "example.com"),
        ("Example.COM", "Example.COM"),
        ("example.com.", "example.com."),
        ("example.com:", "example.com"),
        ("example.com:8080", "example.com:8080"),
        ("a_b~c.example", "a_b~c.example"),
        ("127.1", "127.1"),
        ("-", "-"),
        ("192.0.2.1:80", "192.0.2.1:80"),
        ("[2001:DB8::1]:8080", "[2001:DB8::1]:8080"),
        ("[2001:db8::1]:", "[2001:db8::1]"),
        ("2001:db8::1", "[2001:db8::1]"),
        ("[::ffff:192.0.2.1]", "[::ffff:192.0.2.1]"),
        ("BÜCHER.example:8080", "xn--bcher-kva.example:8080"),
    ]);
    let table = [
        (":", NameProblem::Empty),
        (":80", NameProblem::Empty),
        (" ", character(' ', 0)),
        ("a b", character(' ', 1)),
        ("a,b", character(',', 1)),
        ("a/b", character('/', 1)),
        ("a\\b", character('\\', 1)),
        ("a#b", character('#', 1)),
        ("a%41", character('%', 1)),
        ("a\"b", character('"', 1)),
        ("a\0b", character('\0', 1)),
        ("a\r\nb", character('\r', 1)),
        ("a\u{7f}", character('\u{7f}', 1)),
        ("a:b:80", character(':', 1)),
        ("a:0", NameProblem::Port { at: 2 }),
        ("a:65536", NameProblem::Port { at: 2 }),
        ("a:+80", NameProblem::Port { at: 2 }),
        ("a:８０", NameProblem::Port { at: 2 }),
        ("a:1e3", NameProblem::Port { at: 2 }),
        ("z::", NameProblem::Port { at: 2 }),
        ("[::1", NameProblem::Ipv6),
        ("[]", NameProblem::Ipv6),
        ("[192.0.2.1]", NameProblem::Ipv6),
        ("[fe80::1%25eth0]", NameProblem::Ipv6),
        ("aא.example", NameProblem::International),
        ("☕ b", character(' ', 3)),
    ];
    for (text, problem) in table {
        let message = match text {
            "[::1" => format!("Host {text:?}: {}", NameProblem::Ipv6),
            _ => format!("Host {text:?}: {problem}"),
        };
        refuses::<HostAuthority>(&[(text, &message, problem)]);
    }
    refuses::<HostAuthority>(&[("", "Host: it is empty", NameProblem::Empty)]);
}

#[test]
fn host_authorities_compare_without_case() {
    let one: HostAuthority = "Example.COM:80".parse().unwrap();
    let other: HostAuthority = "example.com:80".parse().unwrap();
    assert_eq!(one, other);
    assert_eq!((one.host(), one.port()), ("Example.COM", Some(80)));
    let address: HostAuthority = "[::1]".parse().unwrap();
    assert_eq!((address.host(), address.port()), ("[::1]", None));
}

// The last colon belongs to the address: it is not an empty port.
#[test]
fn a_host_authority_may_be_an_ipv6_address_that_ends_in_colons() {
    reads::<HostAuthority>(&[
        ("2001:db8::", "[2001:db8::]"),
        ("::", "[::]"),
        ("[::]", "[::]"),
    ]);
    assert!("2001:db8::1:".parse::<HostAuthority>().is_err());
}

// Getaddrinfo reads these as IPv4 addresses, as WHATWG's "ends in a number" does.
#[test]
fn a_name_that_ends_in_a_hexadecimal_number_is_refused() {
    for text in [
        "0x7f000001",
        "127.0.0.0x1",
        "0x7f.0x1",
        "a.0X1f",
        "0x",
        "127.0x1.",
    ] {
        let problem = text
            .parse::<DnsName>()
            .map_err(|error| error.problem().clone());
        assert_eq!(problem, Err(NameProblem::NumericEnd), "{text:?}");
    }
    reads::<DnsName>(&[
        ("0x7g", "0x7g"),
        ("0x1.example", "0x1.example"),
        ("x1", "x1"),
    ]);
}

#[test]
fn origin_urls_are_a_scheme_a_host_and_a_port() {
    for text in [
        "https://example.com",
        "HTTPS://example.com",
        "Http://example.com/",
        "https://example.com.:8443/",
        "https://192.0.2.1",
        "https://[2001:db8::1]:8443",
        "https://bücher.example",
    ] {
        assert!(text.parse::<OriginUrl>().is_ok(), "{text}");
    }
    let scheme = "it must start with \"https://\" or \"http://\"";
    for text in [
        "example.com",
        "example.com:443",
        "ftp://example.com",
        "wss://example.com",
        "https:example.com",
        "https:/example.com",
        "//example.com",
        "://example.com",
        " https://example.com",
        "https ://example.com",
    ] {
        let message = format!("origin {text:?}: {scheme}");
        refuses::<OriginUrl>(&[(text, &message, NameProblem::Scheme)]);
    }
}

#[test]
fn an_origin_url_with_a_path_or_query_is_refused_with_its_position() {
    let table = [
        ("https://example.com/base", '/', 19),
        ("https://example.com//", '/', 19),
        ("https://example.com:8443/base", '/', 24),
        ("https://example.com?token=sekret", '?', 19),
        ("https://example.com/?token=sekret", '/', 19),
        ("https://example.com#sekret", '#', 19),
        ("https:///example.com", '/', 8),
    ];
    for (text, found, at) in table {
        let problem = NameProblem::PathOrQuery { found, at };
        let message = format!("origin {:?}: {problem}", &text[..at]);
        refuses::<OriginUrl>(&[(text, &message, problem)]);
    }
}

#[test]
fn an_origin_urls_authority_is_a_dial_target() {
    for (text, problem) in [
        ("https://", NameProblem::Empty),
        ("https://:443", NameProblem::Empty),
        ("https://exa mple.com", character(' ', 3)),
        ("https://example.com\\base", character('\\', 11)),
        ("https://example.com:0", NameProblem::Port { at: 12 }),
        ("https://example.com:65536", NameProblem::Port { at: 12 }),
        ("https://[::1", NameProblem::Ipv6),
        ("https://127.1", NameProblem::NumericEnd),
        ("https://-", NameProblem::HyphenAtLabelEdge { at: 0 }),
        ("https://example..com", NameProblem::EmptyLabel { at: 8 }),
    ] {
        let error = text.parse::<OriginUrl>().unwrap_err();
        assert_eq!(error.problem(), &problem, "{text:?}");
    }
}

#[test]
fn a_uri_is_an_origin_by_scheme_and_authority() {
    let uri = Uri::from_static("https://Example.com:8443/path?query");
    assert_eq!(
        OriginUrl::try_from(&uri).unwrap(),
        "https://example.com:8443".parse().unwrap()
    );
    for uri in ["/path", "example.com:443", "*", "ftp://example.com/"] {
        let error = OriginUrl::try_from(&Uri::from_static(uri)).unwrap_err();
        assert_eq!(error.problem(), &NameProblem::Scheme, "{uri}");
    }
    let uri = Uri::from_static("https://user:sekret@example.com/");
    let error = OriginUrl::try_from(&uri).unwrap_err();
    assert_eq!(
        error.to_string(),
        "origin: a user name or password has no place here"
    );
}

/// Texts with a secret where users put secrets.
const SECRETS: [&str; 14] = [
    "https://user:sekret@example.com",
    "https://sekret@example.com",
    "https://user:sekret@example.com/path",
    "https://user:sekret@",
    "user:sekret@example.com",
    "user:sekret@example.com:443",
    "user:sekret@[::1]:443",
    "https://example.com?token=sekret",
    "https://example.com/?token=sekret",
    "https://example.com/path?token=sekret",
    "example.com?token=sekret",
    "ftp://example.com/?token=sekret",
    "https://exa mple.com?token=sekret",
    "sekret@",
];

fn refusals_of(text: &str) -> Vec<NameError> {
    let refusals = [
        text.parse::<DialTarget>().err(),
        text.parse::<DnsName>().err(),
        text.parse::<ExpectedName>().err(),
        text.parse::<Host>().err(),
        text.parse::<HostAuthority>().err(),
        text.parse::<OriginUrl>().err(),
        text.parse::<Sni>().err(),
    ];
    refusals.into_iter().flatten().collect()
}

#[track_caller]
fn keeps_the_secret(text: &str) {
    for error in refusals_of(text) {
        let told = format!("{error} {error:?}");
        assert!(!told.contains("sekret"), "{text:?}: {told}");
    }
}

#[test]
fn a_text_that_may_contain_a_secret_is_not_shown() {
    for text in SECRETS {
        assert_eq!(refusals_of(text).len(), 7, "{text:?}");
        keeps_the_secret(text);
    }
}

// An unescaped `/`, `?` or `#` in a password ends the authority early. The text before it is shown.
#[test]
fn a_password_with_an_unescaped_delimiter_is_not_shown() {
    for text in [
        "https://user:sekret/1@example.com",
        "https://user:sekret?1@example.com",
        "https://user:sekret#1@example.com",
        "https://sekret/@example.com/",
    ] {
        keeps_the_secret(text);
    }
}

#[test]
fn names_are_parsed_from_str_and_string() {
    assert_eq!(
        DialTarget::try_from("a:1").unwrap(),
        DialTarget::try_from(String::from("a:1")).unwrap()
    );
    assert_eq!(
        Sni::try_from("a").unwrap(),
        "a".parse::<DnsName>().unwrap().into()
    );
    assert_eq!(
        ExpectedName::try_from("::1").unwrap(),
        "::1".parse::<Host>().unwrap().into()
    );
    assert_eq!(
        HostAuthority::try_from(String::from("a:1")).unwrap(),
        HostAuthority::from(&"a:1".parse::<HostPort>().unwrap())
    );
}

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
struct Taken {
    dial_targets: usize,
    dns_names: usize,
    expected_names: usize,
    host_authorities: usize,
}

impl Taken {
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
    let spelled = name.as_str();
    assert_eq!(spelled.parse(), Ok(name.clone()), "{text:?}");
    // `expect`ed in src/tls/client.rs.
    let to_rustls = pki_types::DnsName::try_from(spelled.to_owned());
    assert!(to_rustls.is_ok(), "{text:?}");
    assert!(
        pki_types::ServerName::try_from(spelled)
            .is_ok_and(|name| matches!(name, pki_types::ServerName::DnsName(_))),
        "{text:?}"
    );
    // `expect`ed in src/name/host_authority.rs.
    assert_eq!(HostAuthority::from(name).as_str(), spelled, "{text:?}");
    assert_eq!(spelled.to_ascii_lowercase(), spelled, "{text:?}");
}

fn dial_target_holds(target: &DialTarget, text: &str) {
    let spelled = target.to_string();
    assert_eq!(spelled.parse(), Ok(target.clone()), "{text:?}");
    // `expect`ed in src/dial/transport.rs.
    let uri = Uri::builder()
        .scheme("http")
        .authority(spelled.as_str())
        .path_and_query("/")
        .build();
    let uri = uri.unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(uri.port_u16(), target.port(), "{text:?}");
    let target = target
        .tcp()
        .expect("no text of the stream is a Unix socket");
    let host = target.host().to_string();
    let dot = if target.is_absolute() { "." } else { "" };
    assert_eq!(uri.host(), Some(&*format!("{host}{dot}")), "{text:?}");
    // `expect`ed in src/name/host_authority.rs.
    let authority = HostAuthority::from(target);
    assert_eq!(authority.host(), host, "{text:?}");
    assert_eq!(authority.port(), target.port(), "{text:?}");
}

fn host_authority_holds(authority: &HostAuthority, text: &str) {
    let spelled = authority.as_str();
    assert_eq!(
        &spelled.parse::<Authority>().unwrap(),
        authority.as_authority()
    );
    let value = HeaderValue::from_str(spelled).unwrap();
    assert_eq!(authority.to_header_value(), value, "{text:?}");
    let again: HostAuthority = value.to_str().unwrap().parse().unwrap();
    assert_eq!(again.as_str(), spelled, "{text:?}");
    assert!(
        !spelled.contains(['@', '/', '?', '#', ' ', ',']),
        "{text:?}"
    );
    assert!(!authority.host().is_empty(), "{text:?}");
    let port = match authority.port() {
        Some(port) => port.to_string(),
        None => String::new(),
    };
    assert!(spelled.ends_with(&port), "{text:?}");
}

#[test]
fn every_parsed_name_upholds_what_other_code_expects() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut taken = Taken::default();
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
