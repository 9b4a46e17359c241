//! Parses the addresses in `X-Forwarded-For`, from right to left.
//!
//! `replace_fields.rs` adds the peer to the chain.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;

use super::field::ForwardedField;

/// A valid entry of the chain.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Node<'a> {
    /// The entry as the peer sent it.
    pub(super) text: &'a str,
    /// `None` for `unknown` and for obfuscated identifiers (RFC 7239 sections 6.2 and 6.3).
    pub(super) address: Option<IpAddr>,
}

/// The entries that a peer sent, the nearest first. `None` for a malformed one.
pub(super) fn entries(headers: &HeaderMap) -> impl Iterator<Item = Option<Node<'_>>> {
    let lines = headers.get_all(ForwardedField::XForwardedFor.name());
    lines
        .into_iter()
        .rev()
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        // Empty list elements are ignored (RFC 9110 section 5.6.1.2).
        .filter(|entry| !entry.is_empty())
        .map(Node::parse)
}

/// The entries to forward, the nearest first.
///
/// Stops at a malformed entry, which no trusted proxy wrote, nor what is left of it. Stops before
/// the entries exceed `bytes`, separators included.
pub(super) fn forwarded_entries(headers: &HeaderMap, mut bytes: usize) -> Vec<String> {
    let fits = |node: &Node<'_>| {
        let left = bytes.checked_sub(node.text.len() + SEPARATOR.len());
        bytes = left.unwrap_or_default();
        left.is_some()
    };
    entries(headers)
        .map_while(|entry| entry)
        .take_while(fits)
        .map(|node| node.text.to_owned())
        .collect()
}

/// The separator between two entries.
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
        let address = parse_address(text)?.to_canonical();
        Some(Self {
            text,
            address: Some(address),
        })
    }
}

/// Parses an address with an optional port. IPv6 brackets are optional without one.
fn parse_address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(peer) = text.parse::<SocketAddr>() {
        return Some(peer.ip());
    }
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    inside.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

/// Whether the text is an obfuscated identifier, such as `_hidden` (RFC 7239 section 6.3).
fn is_obfuscated(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.strip_prefix('_')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(allowed))
}
