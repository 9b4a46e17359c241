//! DNS names, and the messages of all problems.

use cdn_origin::name::{DialTarget, DnsName, ExpectedName, Host, Sni};

use super::problem::{NameProblem, problem_of};
use super::{character, long_name, reads};

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
    ]);
}

#[cfg(feature = "idna")]
#[test]
fn international_names_are_displayed_in_punycode() {
    reads::<DnsName>(&[
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
    ];
    every_type_refuses(&table);
}

#[cfg(feature = "idna")]
#[test]
fn every_type_refuses_an_invalid_international_name_with_the_same_message() {
    every_type_refuses(&[
        ("１２７.0.0.1", NameProblem::NumericEnd),
        ("aא.example", NameProblem::International),
        ("אa1.example", NameProblem::International),
        ("a\u{200d}b.example", NameProblem::International),
        ("xn--ü.example", NameProblem::International),
        ("\u{fffd}.example", NameProblem::International),
        ("\u{2488}com", NameProblem::International),
    ]);
}

fn every_type_refuses(table: &[(&str, NameProblem)]) {
    for (text, problem) in table {
        let refusals = [
            ("DNS name", text.parse::<DnsName>().unwrap_err()),
            ("SNI", text.parse::<Sni>().unwrap_err()),
            ("host", text.parse::<Host>().unwrap_err()),
            ("expected name", text.parse::<ExpectedName>().unwrap_err()),
            ("dial target", text.parse::<DialTarget>().unwrap_err()),
        ];
        for (name, error) in refusals {
            assert_eq!(problem_of(&error), problem.to_string(), "{name} {text:?}");
            assert_eq!(error.to_string(), format!("{name} {text:?}: {problem}"));
        }
    }
}

#[cfg(feature = "idna")]
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
        assert_eq!(problem_of(&error), problem.to_string(), "{text:?}");
    }
    let error = overlong.parse::<DnsName>().unwrap_err();
    assert_eq!(
        problem_of(&error),
        NameProblem::LabelTooLong { at: 0 }.to_string()
    );
    let error = "\u{ad}".parse::<DnsName>().unwrap_err();
    let empty = [NameProblem::Empty, NameProblem::EmptyLabel { at: 0 }];
    let empty = empty.map(|problem| problem.to_string());
    assert!(empty.contains(&problem_of(&error)), "{error}");
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
            NameProblem::NotAscii { found: 'ü', at: 7 },
            "the character 'ü' at byte 7 is not ASCII: write the name in punycode \
             (\"xn--...\"), or enable the cargo feature \"idna\"",
        ),
        (
            NameProblem::NoHost,
            "it has no host: an origin is a scheme and a host, such as https://www.example.com",
        ),
        (
            NameProblem::NumericEnd,
            "a name that ends in a number is neither a DNS name nor a whole IPv4 address",
        ),
        (
            NameProblem::PathOrQuery { found: '?', at: 7 },
            "an origin is a scheme, a host and a port: remove everything from the '?' at byte 7. \
             A proxy adds a prefix to paths, and removes it from redirects and cookies, with \
             OriginProxy::map_path(..)",
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
    for (problem, message) in table {
        assert_eq!(problem.to_string(), message);
    }
}
