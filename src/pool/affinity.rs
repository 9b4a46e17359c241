//! For whom a connection was opened.

use std::sync::Arc;

use crate::downstream::ClientAddress;

/// For whom a connection was opened, where the origin was told: a connection serves nobody else.
/// Two of them are the same only if all that the origin is told is equal; nothing stands in for
/// that.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Affinity(Option<Arc<ClientAddress>>);

impl Affinity {
    /// Nobody in particular.
    pub(crate) fn anybody() -> Self {
        Self(None)
    }

    pub(crate) fn told(address: Option<ClientAddress>) -> Self {
        Self(address.map(Arc::new))
    }

    pub(super) fn address(&self) -> Option<Arc<ClientAddress>> {
        self.0.clone()
    }
}
