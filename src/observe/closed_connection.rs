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
///         if connection.reason() == CloseReason::Origin && connection.requests() == 0 {
///             eprintln!("closed unused after {:?}", connection.age());
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct ClosedConnection {
    pub(crate) origin: Option<Arc<Origin>>,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) reason: CloseReason,
    pub(crate) age: Duration,
    pub(crate) requests: u64,
}

impl ClosedConnection {
    /// Returns the origin that it led to.
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_deref()
    }

    /// Returns the address of its peer; `None` over a Unix socket or a custom transport.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// Returns why it was closed.
    #[must_use]
    pub fn reason(&self) -> CloseReason {
        self.reason
    }

    /// Returns how long it was open, from the end of its handshake.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.age
    }

    /// Returns the number of requests that were sent over it.
    ///
    /// Zero for a connection that served no request.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }
}
