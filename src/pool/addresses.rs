//! The addresses that an origin's name has, or had lately. Pure: it is told the time.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use tokio::time::Instant;

use crate::connector::ConnectionInfo;

/// The addresses that connections were opened to, and since which answer the name has lacked each;
/// empty where nobody wants to know. A time without answers is nobody's absence.
#[derive(Default)]
pub(super) struct Addresses {
    /// For how long one that is not told any more is as good as before.
    grace: Option<Duration>,
    missing_since: HashMap<SocketAddr, Option<Instant>>,
}

impl Addresses {
    pub(super) fn new(grace: Option<Duration>) -> Self {
        Self {
            grace,
            missing_since: HashMap::new(),
        }
    }

    /// A connection was opened: the name has its address.
    pub(super) fn opened(&mut self, info: &ConnectionInfo) {
        if self.grace.is_some()
            && let Some(peer) = info.facts().peer()
        {
            self.missing_since.insert(peer, None);
        }
    }

    /// The name has these addresses now, and no others.
    pub(super) fn told(&mut self, addresses: &[SocketAddr], now: Instant) {
        let grace = self.grace.unwrap_or_default();
        self.missing_since.retain(|address, since| {
            if addresses.contains(address) {
                *since = None;
                return true;
            }
            now.duration_since(*since.get_or_insert(now)) < grace
        });
    }

    /// Whether the name has had the address of this connection no more for too long.
    pub(super) fn lack(&self, info: &ConnectionInfo) -> bool {
        let has_gone = |peer| !self.missing_since.contains_key(&peer);
        self.grace.is_some() && info.facts().peer().is_some_and(has_gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Facts;

    const GRACE: Duration = Duration::from_secs(60);

    fn to(address: &str) -> ConnectionInfo {
        ConnectionInfo::new(Facts {
            peer: address.parse().ok(),
            ..Facts::default()
        })
    }

    #[test]
    fn an_address_is_lacking_when_no_answer_has_held_it_for_longer_than_the_grace() {
        let [one, other] = ["192.0.2.1:443", "192.0.2.2:443"];
        let began = Instant::now();
        let mut addresses = Addresses::new(Some(GRACE));
        addresses.opened(&to(one));
        addresses.opened(&to(other));
        let mut told = |address: &str, seconds| {
            let now = began + Duration::from_secs(seconds);
            addresses.told(&[address.parse().unwrap()], now);
            [one, other].map(|address| addresses.lack(&to(address)))
        };

        assert_eq!(told(one, 30), [false, false]);
        // A rotation within the grace.
        assert_eq!(told(other, 60), [false, false]);
        assert_eq!(told(one, 90), [false, false]);
        assert_eq!(told(one, 149), [false, false]);
        assert_eq!(told(one, 150), [false, true]);
        // It comes back: the connections to it were let go, and new ones are opened.
        assert_eq!(told(other, 151), [false, true]);
        addresses.opened(&to(other));
        assert!(!addresses.lack(&to(other)));
    }

    #[test]
    fn while_nobody_answers_no_address_goes_missing() {
        let address = "192.0.2.1:443";
        let began = Instant::now();
        let mut addresses = Addresses::new(Some(GRACE));
        addresses.opened(&to(address));
        // The first answer after an outage, and a rotation at that.
        addresses.told(&[], began + 10 * GRACE);
        assert!(!addresses.lack(&to(address)));
        addresses.told(&[], began + 11 * GRACE);
        assert!(addresses.lack(&to(address)));
    }

    #[test]
    fn where_nobody_wants_to_know_and_where_no_address_was_dialled_nothing_is_lacking() {
        let mut addresses = Addresses::new(None);
        addresses.opened(&to("192.0.2.1:443"));
        assert!(addresses.missing_since.is_empty());
        assert!(!addresses.lack(&to("192.0.2.1:443")));
        let given = Addresses::new(Some(Duration::ZERO));
        assert!(!given.lack(&to("a transport of the caller's own")));
    }
}
