//! Hosts, ports and URLs of origins, as text.

use std::net::Ipv6Addr;

/// Scheme, host and port, without the default port.
pub(super) fn origin_url(is_tls: bool, host: &str, port: Option<u16>) -> String {
    let (scheme, default_port) = match is_tls {
        true => ("https", 443),
        false => ("http", 80),
    };
    match port.filter(|port| *port != default_port) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

/// The host of a URL: an IPv6 address gets brackets, if it has none.
pub(super) fn in_brackets(host: &str) -> String {
    match host.parse::<Ipv6Addr>() {
        Ok(_) => format!("[{host}]"),
        Err(_) => host.to_owned(),
    }
}

/// The last colon is before the port, also after an IPv6 address without brackets.
pub(super) fn split_host_port(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (text, None),
    }
}
