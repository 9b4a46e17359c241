//! The default policy table of RFC 6724 section 2.1, and scopes (section 3.1). Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Precedence and label of a prefix.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Policy {
    pub(super) precedence: u8,
    pub(super) label: u8,
}

/// Prefix, its length, precedence, label; the longest first.
const TABLE: [(Ipv6Addr, u32, u8, u8); 9] = [
    (Ipv6Addr::LOCALHOST, 128, 50, 0),
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96, 35, 4),
    (Ipv6Addr::UNSPECIFIED, 96, 1, 3),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32, 5, 5),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16, 30, 2),
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16, 1, 12),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10, 1, 11),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7, 3, 13),
    (Ipv6Addr::UNSPECIFIED, 0, 40, 1),
];

/// IPv4 addresses stand in the table as IPv4-mapped ones.
pub(super) fn policy(address: IpAddr) -> Policy {
    let bits = mapped(address).to_bits();
    let matches = |prefix: &Ipv6Addr, length: u32| {
        let differing = (bits ^ prefix.to_bits()).leading_zeros();
        differing >= length
    };
    let row = TABLE
        .iter()
        .find(|(prefix, length, ..)| matches(prefix, *length));
    let (precedence, label) =
        row.map_or((40, 1), |(_, _, precedence, label)| (*precedence, *label));
    Policy { precedence, label }
}

/// The scope as in a multicast address: 2 is link-local, 5 site-local, 14 global.
pub(super) fn scope(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(v4) if v4.is_loopback() || v4.is_link_local() => 2,
        IpAddr::V4(_) => 14,
        IpAddr::V6(v6) => match v6.segments()[0] {
            first if first & 0xff00 == 0xff00 => first.to_be_bytes()[1] & 0x0f,
            first if first & 0xffc0 == 0xfe80 => 2,
            first if first & 0xffc0 == 0xfec0 => 5,
            _ if v6.is_loopback() => 2,
            _ => 14,
        },
    }
}

/// How many leading bits two IPv6 addresses share, at most the 64 of a subnet (section 2.2).
pub(super) fn common_prefix(one: IpAddr, other: IpAddr) -> u32 {
    match (one, other) {
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            (one.to_bits() ^ other.to_bits()).leading_zeros().min(64)
        }
        // Among IPv4 addresses the rule would undo what name servers do to spread load.
        _ => 0,
    }
}

fn mapped(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::to_ipv6_mapped(&v4),
        IpAddr::V6(v6) => v6,
    }
}
