//! The chain of addresses in `X-Forwarded-For`, read from its right end.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;

use super::field::ForwardedField;

/// One entry that may be passed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Node<'a> {
    /// As it was sent.
    pub(super) text: &'a str,
    /// Absent for `unknown` and obfuscated identifiers (RFC 7239 sections 6.2 and 6.3).
    pub(super) address: Option<IpAddr>,
}

/// The entries that a peer claims, the nearest first; `None` for a malformed one.
pub(super) fn entries(headers: &HeaderMap) -> impl Iterator<Item = Option<Node<'_>>> {
    let lines = headers.get_all(ForwardedField::XForwardedFor.name());
    lines
        .into_iter()
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        // A list may have empty elements, which say nothing (RFC 9110 section 5.6.1.2).
        .filter(|entry| !entry.is_empty())
        .map(Node::parse)
}

/// The entries that are passed on, the nearest first: as many as fit into this many bytes, and none
/// beyond a malformed one. Nobody trusted wrote that, nor what stands further left.
pub(super) fn kept(headers: &HeaderMap, mut bytes: usize) -> Vec<String> {
    let fits = |node: &Node<'_>| {
        let rest = bytes.checked_sub(node.text.len() + SEPARATOR.len());
        bytes = rest.unwrap_or_default();
        rest.is_some()
    };
    entries(headers)
        .map_while(|entry| entry)
        .take_while(fits)
        .map(|node| node.text.to_owned())
        .collect()
}

/// What stands between two entries.
pub(super) const SEPARATOR: &str = ", ";

impl<'a> Node<'a> {
    fn parse(entry: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(entry).ok()?;
        if text.eq_ignore_ascii_case("unknown") || is_obfuscated(text) {
            return Some(Self {
                text,
                address: None,
            });
        }
        let address = address(text)?.to_canonical();
        Some(Self {
            text,
            address: Some(address),
        })
    }
}

/// An address, maybe with a port, and an IPv6 one maybe in brackets.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(peer) = text.parse::<SocketAddr>() {
        return Some(peer.ip());
    }
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    inside.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

fn is_obfuscated(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.strip_prefix('_')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(allowed))
}
