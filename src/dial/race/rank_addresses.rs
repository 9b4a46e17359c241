//! Ranks addresses by the resolver's order, recent failures and latency (RFC 8305 section 4). Pure.
//!
//! `getaddrinfo` sorts by RFC 6724 and by the system's settings, such as `/etc/gai.conf`. The
//! answers of a resolver that looks up each family separately are sorted here, by RFC 6724
//! section 6. `attempt_schedule.rs` alternates the families.

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
    pub(crate) order: AddressOrder,
    pub(crate) past: AddressPast,
}

/// What decides the order of the addresses of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AddressOrder {
    /// The resolver has sorted them.
    Resolver {
        /// Whether this address is of the same family as the first one.
        is_first_family: bool,
    },
    /// RFC 6724, with the local address of the route. `None` without a route.
    Rfc6724(Option<IpAddr>),
}

impl Candidate {
    /// Whether it may have a route, and has no recent failure.
    pub(super) fn is_promising(&self) -> bool {
        self.order != AddressOrder::Rfc6724(None) && !self.past.failed
    }

    /// The sort key. The smallest is tried first.
    fn rank(&self) -> Rank {
        let (failed, slowness) = (self.past.failed, slowness(self.past.latency));
        let address = self.address.ip();
        let (scope_here, policy_here) = (scope(address), policy(address));
        let local = match self.order {
            AddressOrder::Resolver { is_first_family } => {
                return Rank {
                    failed,
                    other_family: !is_first_family,
                    slowness,
                    ..Rank::default()
                };
            }
            AddressOrder::Rfc6724(local) => local,
        };
        Rank {
            failed,
            other_family: false,
            without_route: local.is_none(),
            other_scope: local.is_none_or(|local| scope(local) != scope_here),
            other_label: local.is_none_or(|local| policy(local).label != policy_here.label),
            precedence: Reverse(policy_here.precedence),
            scope: scope_here,
            slowness,
            prefix: Reverse(local.map_or(0, |local| common_prefix(local, address))),
        }
    }
}

/// One field per rule, the most significant first.
#[derive(Default, Eq, Ord, PartialEq, PartialOrd)]
struct Rank {
    failed: bool,
    /// Of an answer that the resolver has sorted.
    other_family: bool,
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
            order: AddressOrder::Rfc6724(local.parse().ok()),
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
    async fn a_sorted_answer_keeps_its_first_family_and_its_order() {
        let history = History::default();
        let now = Instant::now();
        history.connected(address("192.0.2.1"), Duration::from_millis(300), now);
        let sorted_by_resolver = |text: &str| Candidate {
            address: address(text),
            order: AddressOrder::Resolver {
                is_first_family: !text.contains(':'),
            },
            past: history.past(address(text), now),
        };
        // As after `precedence ::ffff:0:0/96 100` in /etc/gai.conf.
        let answer = ["192.0.2.1", "192.0.2.3", "192.0.2.2", "2001:db8::1"];
        let found = answer.map(sorted_by_resolver).to_vec();
        let order = ["192.0.2.3", "192.0.2.2", "192.0.2.1", "2001:db8::1"];
        assert_eq!(sorted(found), order);
        for v4 in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            history.failed(address(v4), now);
        }
        let found = answer.map(sorted_by_resolver).to_vec();
        assert_eq!(sorted(found)[0], "2001:db8::1");
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
