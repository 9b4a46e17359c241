//! `ClosedConnection`: what is known about a connection that was closed.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use crate::origin::Origin;

use super::CloseReason;

/// A connection of a pool that was closed.
///
/// ```
/// use cdn_origin::observe::{CloseReason, ClosedConnection, Observer};
///
/// struct Closes;
///
/// impl Observer for Closes {
///     fn closed(&self, connection: &ClosedConnection) {
///         // The origin closes connections that we would have used again.
///         if connection.reason == CloseReason::Origin && connection.requests == 0 {
///             eprintln!("closed unused after {:?}", connection.age);
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClosedConnection {
    /// The origin that it led to.
    pub origin: Option<Arc<Origin>>,
    /// The address of its peer; `None` over a Unix socket or a custom transport.
    pub peer: Option<SocketAddr>,
    /// Why it was closed.
    pub reason: CloseReason,
    /// How long it was open, from the end of its handshake.
    pub age: Duration,
    /// The number of requests that were sent over it.
    pub requests: u64,
}
