//! `FixedNames`: the addresses set with `Dns::resolve_to`.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
};

use crate::name::DnsName;

use super::Resolved;

/// Names with fixed addresses.
#[derive(Clone, Debug, Default)]
pub(crate) struct FixedNames(HashMap<DnsName, Vec<IpAddr>>);

impl FixedNames {
    pub(crate) fn insert(&mut self, name: DnsName, addresses: Vec<IpAddr>) {
        self.0.insert(name, addresses);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(feature = "serde")]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&DnsName, &Vec<IpAddr>)> {
        self.0.iter()
    }

    pub(crate) fn contains(&self, name: &DnsName) -> bool {
        self.0.contains_key(name)
    }

    /// The names for which no address was given.
    pub(crate) fn without_address(&self) -> impl Iterator<Item = &DnsName> {
        let empty = self.0.iter().filter(|(_, addresses)| addresses.is_empty());
        empty.map(|(name, _)| name)
    }

    pub(super) fn get(&self, name: &DnsName) -> Option<Resolved> {
        let addresses = self.0.get(name)?.iter();
        let addresses = addresses.map(|address| SocketAddr::new(*address, 0));
        Some(Resolved::new(addresses).answered_by("the builder"))
    }
}
