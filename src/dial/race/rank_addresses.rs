//! Ranks addresses by RFC 6724 section 6, recent failures and latency (RFC 8305 section 4). Pure.
//!
//! `next_address.rs` alternates the families.

use std::{
    cmp::Reverse,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use super::{
    address_history::AddressPast,
    policy_table::{common_prefix, policy, scope},
};

/// An address to try, with the inputs of its rank.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) address: SocketAddr,
    /// The local address of the route. `None` without a route, or for a single address.
    pub(crate) local: Option<IpAddr>,
    pub(crate) past: AddressPast,
}

impl Candidate {
    /// Whether it has a route and no recent failure.
    pub(super) fn is_promising(&self) -> bool {
        self.local.is_some() && !self.past.failed
    }

    /// The sort key. The smallest is tried first.
    fn rank(&self) -> Rank {
        let address = self.address.ip();
        let (scope_here, policy_here) = (scope(address), policy(address));
        let local = self.local;
        Rank {
            failed: self.past.failed,
            without_route: local.is_none(),
            other_scope: local.is_none_or(|local| scope(local) != scope_here),
            other_label: local.is_none_or(|local| policy(local).label != policy_here.label),
            precedence: Reverse(policy_here.precedence),
            scope: scope_here,
            slowness: slowness(self.past.latency),
            prefix: Reverse(local.map_or(0, |local| common_prefix(local, address))),
        }
    }
}

/// One field per rule, the most significant first.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Rank {
    failed: bool,
    /// Rule 1.
    without_route: bool,
    /// Rule 2.
    other_scope: bool,
    /// Rule 5.
    other_label: bool,
    /// Rule 6.
    precedence: Reverse<u8>,
    /// Rule 8.
    scope: u8,
    /// RFC 8305 section 4: between rules 8 and 9.
    slowness: u32,
    /// Rule 9.
    prefix: Reverse<u32>,
}

/// Sorts by rank. Addresses of equal rank keep the resolver's order (rule 10).
///
/// Rules 3, 4 and 7 (deprecated addresses, home addresses, encapsulation) are left out, because
/// sockets do not provide their inputs.
pub(super) fn sort(candidates: &mut [Candidate]) {
    candidates.sort_by_cached_key(Candidate::rank);
}

/// The binary logarithm of the latency in milliseconds.
///
/// Similar latencies are equal, so the resolver's order still spreads the load. An unknown address
/// counts as fast, so that it is tried.
///
/// RFC 8305 would also prefer addresses used before. A proxy would then use one edge of a CDN
/// forever.
fn slowness(latency: Option<Duration>) -> u32 {
    let millis = latency.map_or(0, |latency| latency.as_millis());
    u128::BITS - millis.leading_zeros()
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::dial::race::History;

    /// A destination and the address from which it would be reached.
    type Pair = (&'static str, &'static str);

    fn address(text: &str) -> SocketAddr {
        SocketAddr::new(text.parse().unwrap(), 443)
    }

    fn from(text: &str, local: &str) -> Candidate {
        Candidate {
            address: address(text),
            local: local.parse().ok(),
            past: AddressPast::default(),
        }
    }

    /// The addresses in the order in which they would be tried, were there one family.
    fn sorted(mut candidates: Vec<Candidate>) -> Vec<String> {
        sort(&mut candidates);
        let text = |candidate: &Candidate| candidate.address.ip().to_string();
        candidates.iter().map(text).collect()
    }

    // RFC 6724 section 10.2, with documentation addresses as there.
    #[test]
    fn destinations_are_sorted_as_the_examples_of_rfc_6724_are() {
        let global = "2001:db8:1::2";
        let v4 = "198.51.100.117";
        // Prefer matching scope.
        let table: [(&[Pair], &[&str]); 7] = [
            (
                &[
                    ("198.51.100.121", "169.254.13.78"),
                    ("2001:db8:1::1", global),
                ],
                &["2001:db8:1::1", "198.51.100.121"],
            ),
            (
                &[("2001:db8:1::1", "fe80::1"), ("198.51.100.121", v4)],
                &["198.51.100.121", "2001:db8:1::1"],
            ),
            // Prefer higher precedence.
            (
                &[("10.1.2.3", "10.1.2.4"), ("2001:db8:1::1", global)],
                &["2001:db8:1::1", "10.1.2.3"],
            ),
            // Prefer smaller scope.
            (
                &[("2001:db8:1::1", global), ("fe80::1", "fe80::2")],
                &["fe80::1", "2001:db8:1::1"],
            ),
            // Longest matching prefix.
            (
                &[
                    ("2001:db8:3ffe::1", "2001:db8:1::2"),
                    ("2001:db8:1::1", global),
                ],
                &["2001:db8:1::1", "2001:db8:3ffe::1"],
            ),
            // Prefer matching label: 6to4 from 6to4.
            (
                &[
                    ("2001:db8:1::1", "2002:c633:6401::2"),
                    ("2002:c633:6401::1", "2002:c633:6401::2"),
                ],
                &["2002:c633:6401::1", "2001:db8:1::1"],
            ),
            // Avoid unusable destinations.
            (
                &[("2001:db8:1::1", ""), ("198.51.100.121", v4)],
                &["198.51.100.121", "2001:db8:1::1"],
            ),
        ];
        for (given, expected) in table {
            let given = given
                .iter()
                .map(|(text, local)| from(text, local))
                .collect();
            assert_eq!(sorted(given), expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_failed_lately_comes_last_and_what_was_slow_later() {
        let history = History::default();
        let now = Instant::now();
        history.failed(address("192.0.2.1"), now);
        history.connected(address("192.0.2.2"), Duration::from_millis(300), now);
        history.connected(address("192.0.2.3"), Duration::from_millis(20), now);
        let all = |now| {
            let with_past = |text: &&str| Candidate {
                past: history.past(address(text), now),
                ..from(text, "203.0.113.200")
            };
            let texts = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
            sorted(texts.iter().map(with_past).collect())
        };
        let later = ["192.0.2.4", "192.0.2.3", "192.0.2.2", "192.0.2.1"];
        assert_eq!(all(now), later);
        let forgotten = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"];
        assert_eq!(all(now + Duration::from_secs(3_600)), forgotten);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded() {
        let history = History::default();
        for number in 0..10_000_u32 {
            let ip = IpAddr::from(number.to_be_bytes());
            history.failed(SocketAddr::new(ip, 1), Instant::now());
        }
        assert!(history.len() <= 512);
    }
}
