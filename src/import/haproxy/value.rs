//! Times and addresses of HAProxy.
//!
//! A number without a unit is milliseconds, in contrast to nginx (section 2.5 of the manual).

use std::time::Duration;

use crate::import::origin_url::{in_brackets, split_host_port};

/// A time: `5s`, `1m`, or a number of milliseconds.
///
/// One number and one unit: `1m30s` is no time in HAProxy.
pub(super) fn time(text: &str) -> Option<Duration> {
    let digits = text.find(|char: char| !char.is_ascii_digit());
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let number: u64 = number.parse().ok()?;
    let seconds = |count: u64| number.checked_mul(count).map(Duration::from_secs);
    match unit {
        "us" => Some(Duration::from_micros(number)),
        "" | "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => seconds(60),
        "h" => seconds(3600),
        "d" => seconds(86_400),
        _ => None,
    }
}

/// Where a server is.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Address {
    /// Host, and the port if there is one.
    Host(String, Option<u16>),
    /// The path of a Unix socket.
    Socket(String),
}

/// The address of a `server` line.
///
/// Prefixes of the family (`ipv4@`) are dropped; `abns@` and file descriptors are refused.
pub(super) fn address(text: &str) -> Result<Address, &'static str> {
    if text.contains("${") || text.starts_with('$') {
        return Err("the address is in an environment variable: put its value in place of it");
    }
    if let Some(path) = text.strip_prefix("unix@") {
        return Ok(Address::Socket(path.to_owned()));
    }
    if text.starts_with('/') {
        return Ok(Address::Socket(text.to_owned()));
    }
    let families = ["ipv4@", "ipv6@", "tcp@", "tcp4@", "tcp6@", "udp@"];
    let host = families.iter().find_map(|family| text.strip_prefix(family));
    let host = host.unwrap_or(text);
    if host.contains('@') {
        return Err("no TCP address and no path of a socket");
    }
    let (host, port) = split_host_port(host);
    // A sign before the port means an offset from the client's.
    let port = port.map(|port| port.strip_prefix('+').map_or(port, |_| ""));
    if host.is_empty() || host == "*" {
        return Err("the address has no host");
    }
    let host = in_brackets(host);
    match port.map(str::parse) {
        None => Ok(Address::Host(host, None)),
        Some(Ok(port)) => Ok(Address::Host(host, Some(port))),
        Some(Err(_)) => Err("the port is no number: it would follow the client's port"),
    }
}

/// The address of `source`, and its port or range of ports.
///
/// Whether the result is an address is checked when it is set.
pub(super) fn local_address(text: &str) -> (&str, Option<&str>) {
    let (host, port) = split_host_port(text);
    (host.trim_matches(['[', ']']), port)
}

/// The argument of a sample such as `str(name)`.
///
/// `argument("str(www.example.com)", "str")` is `www.example.com`, also with quotes inside.
pub(super) fn argument<'a>(sample: &'a str, name: &str) -> Option<&'a str> {
    let argument = sample
        .strip_prefix(name)?
        .strip_prefix('(')?
        .strip_suffix(')')?;
    Some(argument.trim_matches(['\'', '"']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_without_a_unit_are_milliseconds() {
        let rows = [
            ("5000", Some(5000)),
            ("5s", Some(5000)),
            ("1m", Some(60_000)),
            ("1h", Some(3_600_000)),
            ("", None),
            ("s", None),
            ("1w", None),
            ("18446744073709551615d", None),
        ];
        for (text, expected) in rows {
            assert_eq!(time(text), expected.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn addresses_have_families_and_ports() {
        let host = |host: &str, port| Ok(Address::Host(host.to_owned(), port));
        assert_eq!(address("a.example:443"), host("a.example", Some(443)));
        assert_eq!(address("a.example"), host("a.example", None));
        assert_eq!(address("ipv4@a.example:80"), host("a.example", Some(80)));
        assert_eq!(address("[2001:db8::1]:80"), host("[2001:db8::1]", Some(80)));
        assert_eq!(address("2001:db8::1:80"), host("[2001:db8::1]", Some(80)));
        let socket = Address::Socket("/run/app.sock".to_owned());
        assert_eq!(address("unix@/run/app.sock"), Ok(socket));
        for text in [
            "a.example:+1",
            ":80",
            "*:80",
            "${HOST}:80",
            "abns@app",
            "fd@3",
        ] {
            assert!(address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_sample_has_an_argument() {
        assert_eq!(argument("str(a.example)", "str"), Some("a.example"));
        assert_eq!(argument("str('a.example')", "str"), Some("a.example"));
        assert_eq!(argument("req.hdr(host)", "str"), None);
        assert_eq!(argument("str(", "str"), None);
    }
}
