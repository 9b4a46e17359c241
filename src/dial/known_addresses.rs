//! `KnownAddresses`: the addresses of a dialled name, as far as its look-ups have an answer.

use std::net::SocketAddr;

use super::{
    ResolveError,
    resolve::{DnsAnswer, Families},
};

/// Which families a look-up of all addresses waits for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum WaitFor {
    AllFamilies,
    /// The first with an address, and the other for the
    /// [resolution delay](super::HappyEyeballs::resolution_delay).
    #[cfg(feature = "reqwest")]
    FirstFamily,
}

/// The addresses of a dialled name, as far as its look-ups have an answer.
#[derive(Debug)]
pub(crate) struct KnownAddresses {
    pub(crate) addresses: Vec<SocketAddr>,
    /// The families without a current answer: addresses of theirs may be missing.
    unanswered: Vec<Families>,
    /// The most significant error. A failed query is more significant than "not found".
    error: Option<ResolveError>,
}

impl KnownAddresses {
    /// No answer yet, of look-ups for these families.
    pub(super) fn unanswered(families: Vec<Families>) -> Self {
        Self {
            addresses: Vec::new(),
            unanswered: families,
            error: None,
        }
    }

    /// Whether an address of this family would be among them.
    pub(crate) fn tells_of(&self, address: SocketAddr) -> bool {
        let unanswered = &mut self.unanswered.iter();
        !unanswered.any(|families| families.include(address.ip()))
    }

    /// Adds the outcome of a look-up. A stale answer does not tell which addresses are missing.
    pub(super) fn add(&mut self, families: Families, outcome: Result<DnsAnswer, ResolveError>) {
        let unanswered = match outcome {
            Ok(answer) => {
                self.addresses.extend(&answer.resolved.addresses);
                match answer.stale {
                    true => Some(families),
                    false => answer.resolved.unanswered,
                }
            }
            Err(error) => {
                let is_not_found = error.is_not_found();
                if !is_not_found || self.error.is_none() {
                    self.error = Some(error);
                }
                (!is_not_found).then_some(families)
            }
        };
        self.unanswered.retain(|it| *it != families);
        self.unanswered.extend(unanswered);
    }

    /// These, if there is an address.
    pub(super) fn found(self) -> Result<Self, ResolveError> {
        match self.addresses.is_empty() {
            false => Ok(self),
            true => {
                let nothing = || ResolveError::not_found("no address was found");
                Err(self.error.unwrap_or_else(nothing))
            }
        }
    }
}

#[cfg(test)]
impl KnownAddresses {
    /// A current answer for all families.
    pub(crate) fn all(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        Self {
            addresses: addresses.into_iter().collect(),
            unanswered: Vec::new(),
            error: None,
        }
    }
}
