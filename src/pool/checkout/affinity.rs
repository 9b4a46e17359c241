//! `Affinity`: which client a connection belongs to.

use std::sync::Arc;

use crate::downstream::ClientAddress;

/// The client that a connection belongs to, where the origin learns the client's address.
///
/// A connection serves only requests of an equal affinity: all that the PROXY protocol header holds
/// must be equal, ports and values included.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Affinity {
    /// Any client: the origin learns no address.
    #[default]
    Any,
    Client(Arc<ClientAddress>),
}

impl Affinity {
    /// The affinity of a client whose address is known or not.
    pub(crate) fn to(address: Option<ClientAddress>) -> Self {
        address.map_or(Self::Any, |address| Self::Client(Arc::new(address)))
    }

    pub(crate) fn address(&self) -> Option<Arc<ClientAddress>> {
        match self {
            Self::Any => None,
            Self::Client(address) => Some(address.clone()),
        }
    }
}
