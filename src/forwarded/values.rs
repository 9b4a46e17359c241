//! Writes the values of the fields.

use std::{
    fmt::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use bytes::Bytes;
use http::HeaderValue;

use crate::downstream::Downstream;

use super::chain::SEPARATOR;

/// An address as text, without an allocation: this is on the way of every request.
pub(super) struct AddressText {
    bytes: [u8; Self::LONGEST],
    length: usize,
}

impl AddressText {
    /// An IPv6 address in full, whose last part is written as IPv4.
    const LONGEST: usize = 45;

    pub(super) fn new(address: IpAddr) -> Self {
        let mut text = Self {
            bytes: [0; Self::LONGEST],
            length: 0,
        };
        match address {
            IpAddr::V4(address) => text.push_v4(address),
            // It fits: `write!` fails only if it does not.
            IpAddr::V6(address) => write!(text, "{address}").unwrap_or_default(),
        }
        text
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// By hand: the formatting of the standard library costs more than all else that is done for
    /// this field.
    fn push_v4(&mut self, address: Ipv4Addr) {
        for (index, octet) in address.octets().into_iter().enumerate() {
            if index > 0 {
                self.push(b'.');
            }
            if octet >= 100 {
                self.push(b'0' + octet / 100);
            }
            if octet >= 10 {
                self.push(b'0' + octet / 10 % 10);
            }
            self.push(b'0' + octet % 10);
        }
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }
}

impl Write for AddressText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let end = self.length + text.len();
        let place = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// The address alone.
pub(super) fn address(address: IpAddr) -> Option<HeaderValue> {
    HeaderValue::from_bytes(AddressText::new(address).as_bytes()).ok()
}

/// The earlier entries, which come the nearest first, and the peer.
pub(super) fn chain(earlier: &[String], peer: IpAddr) -> Option<HeaderValue> {
    if earlier.is_empty() {
        return address(peer);
    }
    let mut line = Vec::new();
    for node in earlier.iter().rev() {
        line.extend_from_slice(node.as_bytes());
        line.extend_from_slice(SEPARATOR.as_bytes());
    }
    line.extend_from_slice(AddressText::new(peer).as_bytes());
    HeaderValue::from_maybe_shared(Bytes::from(line)).ok()
}

/// The same as RFC 7239 has it: an element for each entry, and one for the peer that also says host
/// and scheme.
pub(super) fn forwarded(
    earlier: &[String],
    peer: Option<IpAddr>,
    downstream: &Downstream,
) -> Option<HeaderValue> {
    let mut line = String::new();
    for node in earlier.iter().rev() {
        line.push_str("for=");
        push_node(&mut line, node);
        line.push_str(SEPARATOR);
    }
    line.push_str("for=");
    match peer {
        Some(IpAddr::V4(address)) => line.push_str(&address.to_string()),
        Some(IpAddr::V6(address)) => line.push_str(&format!("\"[{address}]\"")),
        None => line.push_str("unknown"),
    }
    if let Some(host) = &downstream.host {
        line.push_str(";host=");
        push_word(&mut line, host.as_str());
    }
    line.push_str(";proto=");
    line.push_str(downstream.scheme.as_str());
    HeaderValue::from_maybe_shared(Bytes::from(line)).ok()
}

/// RFC 7239 section 6: IPv6 addresses are in brackets, also where `X-Forwarded-For` had none.
fn push_node(line: &mut String, node: &str) {
    match node.parse::<Ipv6Addr>() {
        Ok(bare) => line.push_str(&format!("\"[{bare}]\"")),
        Err(_) => push_word(line, node),
    }
}

/// Quotes what is not a token. Hosts and entries hold neither quotes nor backslashes.
fn push_word(line: &mut String, word: &str) {
    match word.contains([':', '[']) {
        true => {
            line.push('"');
            line.push_str(word);
            line.push('"');
        }
        false => line.push_str(word),
    }
}
