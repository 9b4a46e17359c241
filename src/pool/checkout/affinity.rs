//! `Affinity`: which requests a connection may serve.

use std::sync::Arc;

use tokio::runtime::{Handle, Id};

use crate::downstream::ClientAddress;

/// The requests that a connection may serve: those of an equal affinity.
///
/// * **Runtime.** A socket is registered with the runtime that opened it, and is of no use once
///   that has shut down. So each runtime has connections of its own.
/// * **Client.** Where the origin learns the client's address, all that the PROXY protocol header
///   holds must be equal, ports and values included.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Affinity {
    runtime: Option<Id>,
    client: Option<Arc<ClientAddress>>,
}

impl Affinity {
    /// The affinity of a request in the current runtime, from a client whose address the origin
    /// learns or not.
    pub(crate) fn here(client: Option<ClientAddress>) -> Self {
        Self {
            runtime: Handle::try_current().ok().map(|runtime| runtime.id()),
            client: client.map(Arc::new),
        }
    }

    /// The client's address, if the origin learns it.
    pub(crate) fn address(&self) -> Option<Arc<ClientAddress>> {
        self.client.clone()
    }
}
