//! SNI, hosts, expected names, dial targets and host authorities.

use cdn_origin::name::{DialTarget, DnsName, ExpectedName, Host, HostAuthority, Sni};

use super::problem::{NameProblem, problem_of};
use super::{character, reads, refuses};

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
        assert_eq!(problem_of(&error), NameProblem::IpAddress.to_string());
    }
    refuses::<Sni>(&[
        ("", "SNI: it is empty", NameProblem::Empty),
        (
            "example.com:443",
            "SNI \"example.com:443\": it has no port: leave out \":443\"",
            NameProblem::PortHasNoPlace { digits: "443" },
        ),
        (
            "example.com:",
            "SNI \"example.com:\": it has no port: leave out \":\"",
            NameProblem::PortHasNoPlace { digits: "" },
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
        assert_eq!(
            problem_of(&error),
            NameProblem::Ipv6.to_string(),
            "{text:?}"
        );
    }
}

#[test]
fn an_address_in_brackets_with_a_port_is_told_to_leave_out_the_port() {
    for text in ["[::1]:443", "[2001:db8::1]:443"] {
        let error = text.parse::<ExpectedName>().unwrap_err();
        let digits = "443";
        assert_eq!(
            problem_of(&error),
            NameProblem::PortHasNoPlace { digits }.to_string()
        );
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
    assert_eq!(host, &Host::Ip("2001:db8::1".parse().unwrap()));
    let target: DialTarget = "example.com".parse().unwrap();
    assert_eq!(target.port(), None);
    let host = target.host().unwrap();
    assert_eq!(host, &Host::Dns("example.com".parse().unwrap()));
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
        let problem = text.parse::<DnsName>().map_err(|error| problem_of(&error));
        assert_eq!(
            problem,
            Err(NameProblem::NumericEnd.to_string()),
            "{text:?}"
        );
    }
    reads::<DnsName>(&[
        ("0x7g", "0x7g"),
        ("0x1.example", "0x1.example"),
        ("x1", "x1"),
    ]);
}

#[cfg(feature = "idna")]
#[test]
fn international_hosts_become_punycode() {
    let punycode = "xn--bcher-kva.example:8443";
    reads::<DialTarget>(&[("bücher.example:8443", punycode)]);
    reads::<HostAuthority>(&[("BÜCHER.example:8443", punycode)]);
    let error = "aא.example".parse::<HostAuthority>().unwrap_err();
    let problem = NameProblem::International;
    assert_eq!(problem_of(&error), problem.to_string());
    assert_eq!(error.to_string(), format!("Host \"aא.example\": {problem}"));
}
