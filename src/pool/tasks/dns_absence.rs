//! `DnsAbsence`: which dialled addresses are absent from DNS, and since when. Reads no clock.

use std::{collections::HashMap, net::SocketAddr, time::Duration};

use tokio::time::Instant;

use crate::connector::{ConnectionInfo, KnownAddresses};

/// The addresses that a name has or had, and since which DNS answer each is absent. A time without
/// answers counts for no address.
///
/// In a pool, they are those that connections were opened to. It is empty unless
/// [`follow_dns`](crate::pool::PoolSettings::follow_dns) is set.
#[derive(Default)]
pub(crate) struct DnsAbsence {
    /// How long an address may be absent.
    grace: Option<Duration>,
    absent_since: HashMap<SocketAddr, Option<Instant>>,
}

impl DnsAbsence {
    /// Without a grace, nothing is ever absent.
    pub(crate) fn new(grace: Option<Duration>) -> Self {
        Self {
            grace,
            absent_since: HashMap::new(),
        }
    }

    /// Notes that a connection was opened: the name has its address.
    pub(crate) fn opened(&mut self, info: &ConnectionInfo) {
        if self.grace.is_some()
            && let Some(peer) = info.facts().peer()
        {
            self.mark_present(peer);
        }
    }

    /// Notes that the name has this address.
    pub(crate) fn mark_present(&mut self, address: SocketAddr) {
        self.absent_since.insert(address, None);
    }

    /// The addresses that are present, or absent for less than the grace.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.absent_since.keys().copied()
    }

    /// Notes an answer: the name has these addresses now, and no others of the same family.
    pub(crate) fn record_answer(&mut self, answer: &KnownAddresses, now: Instant) {
        let grace = self.grace.unwrap_or_default();
        self.absent_since.retain(|address, since| {
            if answer.addresses.contains(address) {
                *since = None;
                return true;
            }
            !answer.tells_of(*address) || now.duration_since(*since.get_or_insert(now)) < grace
        });
    }

    /// Whether the address of this connection has been absent for longer than the grace.
    pub(crate) fn has_left_dns(&self, info: &ConnectionInfo) -> bool {
        let is_forgotten = |peer| !self.absent_since.contains_key(&peer);
        self.grace.is_some() && info.facts().peer().is_some_and(is_forgotten)
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
    fn an_address_has_left_dns_when_no_answer_has_held_it_for_longer_than_the_grace() {
        let [one, other] = ["192.0.2.1:443", "192.0.2.2:443"];
        let began = Instant::now();
        let mut absence = DnsAbsence::new(Some(GRACE));
        absence.opened(&to(one));
        absence.opened(&to(other));
        let mut record = |address: &str, seconds| {
            let now = began + Duration::from_secs(seconds);
            let answer = KnownAddresses::all([address.parse().unwrap()]);
            absence.record_answer(&answer, now);
            [one, other].map(|address| absence.has_left_dns(&to(address)))
        };

        assert_eq!(record(one, 30), [false, false]);
        // A rotation within the grace.
        assert_eq!(record(other, 60), [false, false]);
        assert_eq!(record(one, 90), [false, false]);
        assert_eq!(record(one, 149), [false, false]);
        assert_eq!(record(one, 150), [false, true]);
        // It comes back: connections to it were retired, and new ones are opened.
        assert_eq!(record(other, 151), [false, true]);
        absence.opened(&to(other));
        assert!(!absence.has_left_dns(&to(other)));
    }

    #[test]
    fn without_answers_no_address_is_absent() {
        let address = "192.0.2.1:443";
        let began = Instant::now();
        let mut absence = DnsAbsence::new(Some(GRACE));
        absence.opened(&to(address));
        // The first answer after an outage, which is a rotation too.
        let none = KnownAddresses::all([]);
        absence.record_answer(&none, began + 10 * GRACE);
        assert!(!absence.has_left_dns(&to(address)));
        absence.record_answer(&none, began + 11 * GRACE);
        assert!(absence.has_left_dns(&to(address)));
    }

    #[test]
    fn without_a_grace_or_an_address_nothing_has_left_dns() {
        let mut absence = DnsAbsence::new(None);
        absence.opened(&to("192.0.2.1:443"));
        assert!(absence.absent_since.is_empty());
        assert!(!absence.has_left_dns(&to("192.0.2.1:443")));
        let custom = DnsAbsence::new(Some(Duration::ZERO));
        assert!(!custom.has_left_dns(&to("a transport of the caller's own")));
    }
}
