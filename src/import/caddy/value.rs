//! Times, sizes and addresses of Caddy.
//!
//! Times are Go's, with days added by Caddy. In sizes, `MB` is a power of 1000, and `MiB` of 1024.

use std::time::Duration;

use crate::import::origin_url::{in_brackets, split_host_port};

/// A time of Go: `1h30m`, `1.5s`, `250ms`; and days: `2d`.
///
/// `None` for a number without a unit, which Caddy refuses as well.
pub(super) fn time(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let is_number = |char: char| char.is_ascii_digit() || char == '.';
        let (number, after) = rest.split_at(rest.find(|char| !is_number(char))?);
        let (unit, after) = after.split_at(after.find(is_number).unwrap_or(after.len()));
        let seconds = match unit {
            "ns" => 1e-9,
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()?;
        total = total.checked_add(part)?;
        rest = after;
    }
    Some(total)
}

/// A size in bytes: `10MB`, `64KiB`, or a number.
pub(super) fn size(text: &str) -> Option<u64> {
    let size: bytesize::ByteSize = text.parse().ok()?;
    Some(size.as_u64())
}

/// Where an upstream is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Upstream {
    /// Whether the address says https, http or nothing; host; port.
    Host(Option<&'static str>, String, Option<u16>),
    /// The path of a Unix socket.
    Socket(String),
}

/// The address of an upstream.
///
/// | address | |
/// |---|---|
/// | `a.example:8080` | host and port |
/// | `https://a.example` | host, port 443, TLS |
/// | `:8080` | this machine |
/// | `unix//run/a.sock` | a socket |
/// | `h2c://a.example` | refused: HTTP/2 needs TLS here |
/// | `{$ORIGIN}`, a path, a range of ports | refused, with the reason |
pub(super) fn upstream(text: &str) -> Result<Upstream, &'static str> {
    if text.contains('{') {
        return Err(
            "the origin depends on the request or the environment: write it, or see `VirtualHosts`",
        );
    }
    if text.starts_with("unix+h2c/") {
        return Err("HTTP/2 is spoken over TLS only");
    }
    if let Some(path) = text.strip_prefix("unix/") {
        let path = path.split('|').next().unwrap_or(path);
        return match path.starts_with('/') {
            true => Ok(Upstream::Socket(path.to_owned())),
            false => Err("write the absolute path of the socket"),
        };
    }
    let (scheme, rest) = match text.split_once("://") {
        Some(("http", rest)) => (Some("http"), rest),
        Some(("https", rest)) => (Some("https"), rest),
        Some(("h2c", _)) => return Err("HTTP/2 is spoken over TLS only"),
        Some(_) => return Err("the scheme is neither http nor https"),
        None => (None, text.strip_prefix("tcp/").unwrap_or(text)),
    };
    if rest.contains('/') {
        return Err("neither a host with a port nor a path of a socket");
    }
    let (host, port) = split_host_port(rest);
    // Without a host, Caddy connects to its own machine.
    let host = in_brackets(if host.is_empty() { "localhost" } else { host });
    match port.map(str::parse) {
        None => Ok(Upstream::Host(scheme, host, None)),
        Some(Ok(port)) => Ok(Upstream::Host(scheme, host, Some(port))),
        Some(Err(_)) => Err("the port is no number: write each port of a range"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_units_of_go() {
        let rows = [
            ("5s", Some(5000)),
            ("1h30m", Some(5_400_000)),
            ("1.5s", Some(1500)),
            ("250ms", Some(250)),
            ("2d", Some(172_800_000)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("s", None),
            ("-1s", None),
            ("1w", None),
            ("1..5s", None),
            ("99999999999999999999h", None),
        ];
        for (text, expected) in rows {
            assert_eq!(time(text), expected.map(Duration::from_millis), "{text}");
        }
        assert_eq!(size("10MiB"), Some(10 << 20));
        assert_eq!(size("4096"), Some(4096));
        assert_eq!(size("unlimited"), None);
    }

    #[test]
    fn upstreams_have_schemes_and_ports() {
        let host = |scheme, host: &str, port| Ok(Upstream::Host(scheme, host.to_owned(), port));
        let rows = [
            ("localhost:8080", host(None, "localhost", Some(8080))),
            (":8080", host(None, "localhost", Some(8080))),
            ("a.example", host(None, "a.example", None)),
            ("https://a.example", host(Some("https"), "a.example", None)),
            (
                "http://a.example:81",
                host(Some("http"), "a.example", Some(81)),
            ),
            ("tcp/a.example:81", host(None, "a.example", Some(81))),
            ("[2001:db8::1]:81", host(None, "[2001:db8::1]", Some(81))),
            ("[2001:db8::1]", host(None, "[2001:db8::1]", None)),
            (
                "unix//run/a.sock|0200",
                Ok(Upstream::Socket("/run/a.sock".to_owned())),
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(upstream(text), expected, "{text}");
        }
        let refused = [
            "{$ORIGIN}",
            "h2c://a.example",
            "unix+h2c//run/a.sock",
            "unix/a.sock",
            "wss://a.example",
            "https://a.example/path",
            "a.example:8080-8090",
            "a.example:99999",
        ];
        for text in refused {
            assert!(upstream(text).is_err(), "{text}");
        }
    }
}
