//! What a request gets from the pool: a connection, a permit to open one, or a place in the queue.

use crate::error::Error;

use crate::pool::connection::PooledConnection;

use super::{permit::ConnectPermit, ticket::Ticket};

/// What a waiting request gets.
pub(crate) enum Grant {
    /// A connection.
    Connection(PooledConnection),
    /// A permit to open one. Its holder goes on waiting: another may become free sooner.
    Connect(ConnectPermit),
    /// The error of a connect that was made for all who wait.
    Failed(Error),
}

/// The answer of the pool to a request for a connection.
pub(crate) enum Checkout {
    Ready(PooledConnection),
    /// A place in the queue, and maybe a permit to open a connection meanwhile.
    Queued(Ticket<Grant>, Option<ConnectPermit>),
    /// Too many requests wait already.
    QueueFull,
}
