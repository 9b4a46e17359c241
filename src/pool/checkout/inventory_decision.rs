//! What the inventory decides under the lock, for its caller to do when the lock is released.
//!
//! [`CheckoutDecision`] becomes a [`CheckoutOutcome`](super::CheckoutOutcome), [`GrantDecision`] a
//! [`Grant`].

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::pool::connection::{Http1Connection, Http2Connection};

use super::{ConnectionKey, checkout_outcome::Grant, waiting_line::QueuePlace};

/// The protocol that ALPN chose.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// A connection that may serve a request.
pub(crate) enum AvailableConnection {
    /// To be checked without the lock: its origin may have closed it.
    Http1(Box<Http1Connection>),
    /// On which a stream was reserved.
    Http2(Arc<Http2Connection>),
}

/// What becomes of a request that asks for a connection.
pub(crate) enum CheckoutDecision {
    Connection(AvailableConnection),
    /// The request has joined the queue. `connect` has the generation of a connect to begin.
    Queued {
        place: (QueuePlace, oneshot::Receiver<Grant>),
        connect: Option<u64>,
    },
    QueueFull,
}

/// What the next waiters get.
pub(crate) enum GrantDecision {
    /// To be checked, and given to the first waiter of its key.
    Http1(Box<Http1Connection>),
    Http2(oneshot::Sender<Grant>, Arc<Http2Connection>),
    /// A permit to connect, of this key and generation.
    Connect(oneshot::Sender<Grant>, ConnectionKey, u64),
}
