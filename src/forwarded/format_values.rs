//! Formats the values of the forwarded fields.

use std::{
    fmt::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use crate::downstream::Downstream;

use super::parse_chain::SEPARATOR;

/// An address as text on the stack: every request formats one.
pub(super) struct AddressText {
    bytes: [u8; Self::MAX_LENGTH],
    length: usize,
}

impl AddressText {
    /// The length of a full IPv6 address with an embedded IPv4 address.
    const MAX_LENGTH: usize = 45;

    /// Formats an address.
    pub(super) fn new(address: IpAddr) -> Self {
        let mut text = Self {
            bytes: [0; Self::MAX_LENGTH],
            length: 0,
        };
        match address {
            IpAddr::V4(address) => text.push_v4(address),
            // `write!` fails only if the text does not fit, and it always does.
            IpAddr::V6(address) => write!(text, "{address}").unwrap_or_default(),
        }
        text
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Formats without `core::fmt`, which would cost more than the rest of this field's work.
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
        let target = self.bytes.get_mut(self.length..end).ok_or(fmt::Error)?;
        target.copy_from_slice(text.as_bytes());
        self.length = end;
        Ok(())
    }
}

/// The value of `X-Forwarded-For`: the earlier entries, given nearest first, and the peer.
pub(super) fn x_forwarded_for(earlier: &[String], peer: IpAddr) -> Vec<u8> {
    let mut line = Vec::new();
    for node in earlier.iter().rev() {
        line.extend_from_slice(node.as_bytes());
        line.extend_from_slice(SEPARATOR.as_bytes());
    }
    line.extend_from_slice(AddressText::new(peer).as_bytes());
    line
}

/// The value of `Forwarded` (RFC 7239): one element for each entry, and one for the peer with host
/// and scheme.
pub(super) fn forwarded(
    earlier: &[String],
    peer: Option<IpAddr>,
    downstream: &Downstream,
) -> String {
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
        push_value(&mut line, host.as_str());
    }
    line.push_str(";proto=");
    line.push_str(downstream.scheme.as_str());
    line
}

/// Appends an entry. IPv6 addresses get brackets, which `X-Forwarded-For` may lack (RFC 7239
/// section 6).
fn push_node(line: &mut String, node: &str) {
    match node.parse::<Ipv6Addr>() {
        Ok(bare) => line.push_str(&format!("\"[{bare}]\"")),
        Err(_) => push_value(line, node),
    }
}

/// Appends a value, quoted if it is not a token. Hosts and entries contain no quotes and no
/// backslashes.
fn push_value(line: &mut String, value: &str) {
    match value.contains([':', '[']) {
        true => {
            line.push('"');
            line.push_str(value);
            line.push('"');
        }
        false => line.push_str(value),
    }
}
