//! What the inventory decides: who gets which connection, permit or place in the queue.

use std::sync::Arc;

use tokio::sync::oneshot;

use crate::pool::connection::{Http1Connection, Http2Connection};

use super::{Affinity, grant::Grant, waiters::QueuePlace};

/// The protocol that ALPN chose.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// A connection that may serve a request.
pub(crate) enum Available {
    /// To be checked without the lock: its origin may have closed it.
    Http1(Box<Http1Connection>),
    /// On which a stream was reserved.
    Http2(Arc<Http2Connection>),
}

/// What becomes of a request that asks for a connection.
pub(crate) enum Placement {
    Connection(Available),
    /// The request has joined the queue. `connect` has the generation of a connect to begin.
    Queued {
        place: (QueuePlace, oneshot::Receiver<Grant>),
        connect: Option<u64>,
    },
    QueueFull,
}

/// What the next waiters get.
pub(crate) enum Service {
    /// To be checked, and given to the first waiter of its affinity.
    Http1(Box<Http1Connection>),
    Http2(oneshot::Sender<Grant>, Arc<Http2Connection>),
    /// A permit to connect, of this affinity and generation.
    Connect(oneshot::Sender<Grant>, Affinity, u64),
}
