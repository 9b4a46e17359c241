//! `ConnectionKey`: which requests a connection may serve.
//!
//! A pool has one connector, so origin, SNI and expected name are equal for all its connections.

use std::sync::Arc;

use tokio::runtime::{Handle, Id};

use crate::downstream::ClientAddress;

/// The requests that a connection may serve: those of an equal key.
///
/// * **Runtime.** A socket is registered with the runtime that opened it, and is unusable after
///   that has shut down. So each runtime has its own connections.
/// * **Client.** If a PROXY protocol header sends the client's address, everything in the header
///   must be equal, including ports and values.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct ConnectionKey {
    runtime: Option<Id>,
    client: Option<Arc<ClientAddress>>,
}

impl ConnectionKey {
    /// The key of a request in the current runtime. It includes the client's address if a
    /// PROXY protocol header sends it.
    pub(crate) fn here(client: Option<ClientAddress>) -> Self {
        Self {
            runtime: Handle::try_current().ok().map(|runtime| runtime.id()),
            client: client.map(Arc::new),
        }
    }

    /// The client's address, if a PROXY protocol header sends it.
    pub(crate) fn address(&self) -> Option<Arc<ClientAddress>> {
        self.client.clone()
    }
}
