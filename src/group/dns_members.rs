//! `DnsMembers`: the addresses of a name, each as a member.

use std::{error::Error, net::SocketAddr, time::Duration};

use tokio::time::{Instant, sleep_until};

use crate::{
    connector::{CdnOriginConnector, KnownAddresses, WaitFor},
    error::{PeerText, source_chain},
    origin::Origin,
    pool::DnsAbsence,
};

use super::{Member, member::Configure};

/// The pause between two look-ups. One whose cached answer has not expired sends no query.
const INTERVAL: Duration = Duration::from_secs(1);

/// The addresses of a name, each as a member.
pub(super) struct DnsMembers {
    connector: CdnOriginConnector,
    /// The settings of each member's proxy, after those of the group.
    configure: Option<Configure>,
    absence: DnsAbsence,
    /// Those of the last update, sorted.
    addresses: Vec<SocketAddr>,
    next_lookup: Option<Instant>,
    /// The last look-up failed.
    is_failing: bool,
}

impl DnsMembers {
    pub(super) fn new(connector: CdnOriginConnector) -> Self {
        Self {
            connector,
            configure: None,
            absence: DnsAbsence::new(Some(Duration::ZERO)),
            addresses: Vec::new(),
            next_lookup: None,
            is_failing: false,
        }
    }

    pub(super) fn set_grace(&mut self, grace: Duration) {
        self.absence = DnsAbsence::new(Some(grace));
    }

    #[cfg(feature = "serde")]
    pub(super) fn set_proxy(&mut self, configure: Configure) {
        self.configure = Some(configure);
    }

    /// Whether the ECH configuration of the connector comes from DNS.
    pub(super) fn reads_ech_from_dns(&self) -> bool {
        self.connector.to_builder().reads_ech_from_dns()
    }

    /// The member until the first answer.
    pub(super) fn first(&self) -> Member {
        self.member(self.connector.clone())
    }

    /// Waits until the addresses have changed. Cancel safe.
    pub(super) async fn next(&mut self) -> Vec<Member> {
        loop {
            if let Some(at) = self.next_lookup {
                sleep_until(at).await;
            }
            let answer = self.connector.addresses(WaitFor::AllFamilies).await;
            self.next_lookup = Some(Instant::now() + INTERVAL);
            let has_failed = std::mem::replace(&mut self.is_failing, answer.is_err());
            match answer {
                Ok(answer) if self.record_answer(&answer) => return self.members(),
                Err(error) if !has_failed => self.log(&error),
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Logs the first of several failures in a row.
    fn log(&self, error: &(dyn Error + 'static)) {
        let origin = self.connector.origin();
        tracing::warn!(
            dial = origin.map(|origin| display(origin.dial())),
            label = origin.and_then(Origin::label),
            caused_by = source_chain::root(error)
                .map(|cause| display(PeerText::new(cause.to_string(), 200))),
            "{error}: the members stay as they are"
        );
    }

    /// Notes an answer, and returns whether the addresses have changed.
    fn record_answer(&mut self, answer: &KnownAddresses) -> bool {
        for address in &answer.addresses {
            self.absence.mark_present(*address);
        }
        self.absence.record_answer(answer, Instant::now());
        let mut addresses: Vec<_> = self.absence.addresses().collect();
        addresses.sort_unstable();
        let has_changed = addresses != self.addresses;
        self.addresses = addresses;
        has_changed
    }

    fn members(&self) -> Vec<Member> {
        let addresses = self.addresses.iter();
        let members = addresses.map(|address| {
            let connector = self.connector.at_address(*address);
            self.member(connector).name(address.to_string())
        });
        members.collect()
    }

    fn member(&self, connector: CdnOriginConnector) -> Member {
        let member = Member::new(connector);
        match self.configure.clone() {
            Some(configure) => member.proxy(move |proxy| configure(proxy)),
            None => member,
        }
    }
}
