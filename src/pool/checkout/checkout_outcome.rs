//! What a request gets from the pool: a connection, a permit to open one, or a place in the queue.

use crate::error::Error;

use crate::pool::connection::PooledConnection;

use super::{
    permit::{ConnectPermit, ConnectionPermit},
    queue_ticket::QueueTicket,
};

/// The outcome of a checkout.
pub(crate) enum CheckoutOutcome {
    Ready(PooledConnection),
    /// A place in the queue, and maybe a permit to open a connection meanwhile.
    Queued(QueueTicket<Grant>, Option<ConnectPermit>),
    /// Too many requests wait already.
    QueueFull,
}

/// The outcome of a checkout for an upgrade, which opens a connection of its own.
pub(crate) enum UpgradeCheckout {
    /// A permit to open the connection.
    Permit(ConnectionPermit),
    Queued(QueueTicket<ConnectionPermit>),
    /// Too many upgrades wait already.
    QueueFull,
}

/// What a request gets while it waits.
pub(crate) enum Grant {
    /// A connection.
    Connection(PooledConnection),
    /// A permit to open one. Its holder goes on waiting: another may become free sooner.
    Connect(ConnectPermit),
    /// The error of a connect that was made for all who wait.
    Failed(Error),
}
