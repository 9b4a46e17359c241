//! Permits: the right to have one connection open, and to open it.
//!
//! ```text
//!   ConnectPermit ─┬─ ConnectionPermit ── moves into the socket ──> ReturnedPermit when it closes
//!                  └─ PendingConnect ──── until the connection ───> EndedConnect
//!                                         is known to others
//! ```

use std::{
    net::SocketAddr,
    sync::{Arc, Weak},
};

use tokio::time::Instant;

use crate::{
    connector::ConnectionInfo,
    observe::{CloseReason, ClosedConnection, Observers},
    origin::Origin,
    pool::{connection::ConnectionLife, pool_lock::assert_unlocked},
};

use super::{CheckIn, ConnectionKey};

/// The right to open one connection.
pub(crate) struct ConnectPermit {
    pub(crate) connection: ConnectionPermit,
    pub(crate) pending: PendingConnect,
}

impl ConnectPermit {
    /// A permit that the pool has counted, by
    /// [`begin_connect`](super::Inventory::begin_connect).
    pub(crate) fn new<P>(pool: &Weak<P>, key: ConnectionKey, generation: u64) -> Self
    where
        P: CheckIn<ReturnedPermit> + CheckIn<EndedConnect> + 'static,
    {
        Self {
            connection: ConnectionPermit::new(pool, ConnectionUse::Requests),
            pending: PendingConnect {
                pool: Some(pool.clone()),
                ended: EndedConnect { key, generation },
            },
        }
    }

    /// Both parts, for a caller that returns them at once.
    pub(crate) fn into_parts(mut self) -> (ReturnedPermit, EndedConnect) {
        self.connection.pool = None;
        self.pending.pool = None;
        (
            self.connection.to_return(),
            std::mem::take(&mut self.pending.ended),
        )
    }
}

/// The right to have one connection open.
///
/// The socket holds it, so that a limit of connections is a limit of sockets. It counts until it is
/// dropped.
pub(crate) struct ConnectionPermit {
    /// Weak: the pool owns what keeps the holder of this permit alive.
    pool: Option<Weak<dyn CheckIn<ReturnedPermit>>>,
    life: ConnectionLife,
    /// Absent until the connection is established.
    opened: Option<OpenedConnection>,
    used_for: ConnectionUse,
}

/// What a connection is used for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ConnectionUse {
    Requests,
    /// One upgrade and nothing else.
    Upgrade,
}

/// A permit that is given back.
#[derive(Debug)]
pub(crate) struct ReturnedPermit {
    pub(crate) used_for: ConnectionUse,
    /// `None` if the connection was never established.
    pub(crate) closed: Option<CloseReason>,
}

impl ConnectionPermit {
    /// A permit that the pool has counted.
    pub(crate) fn new<P>(pool: &Weak<P>, used_for: ConnectionUse) -> Self
    where
        P: CheckIn<ReturnedPermit> + 'static,
    {
        Self {
            pool: Some(pool.clone()),
            life: ConnectionLife::default(),
            opened: None,
            used_for,
        }
    }

    /// Notes that the connection is established.
    pub(crate) fn opened(&mut self, info: &ConnectionInfo, observers: &Observers) {
        self.opened = Some(OpenedConnection {
            at: Instant::now(),
            origin: info.facts().origin.clone(),
            peer: info.facts().peer(),
            observers: observers.clone(),
        });
    }

    /// What the parts of the connection note.
    pub(crate) fn life(&self) -> &ConnectionLife {
        &self.life
    }

    fn to_return(&self) -> ReturnedPermit {
        ReturnedPermit {
            used_for: self.used_for,
            closed: self.opened.as_ref().map(|_| self.life.close_reason()),
        }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take().and_then(|pool| pool.upgrade()) {
            pool.check_in(self.to_return());
        }
        if let Some(opened) = self.opened.take() {
            opened.report_close(&self.life);
        }
    }
}

/// An established connection, for the report of its close. The pool may be gone by then.
struct OpenedConnection {
    at: Instant,
    origin: Option<Arc<Origin>>,
    peer: Option<SocketAddr>,
    observers: Observers,
}

impl OpenedConnection {
    fn report_close(self, life: &ConnectionLife) {
        if self.observers.is_empty() {
            return;
        }
        assert_unlocked();
        let closed = ClosedConnection {
            origin: self.origin,
            peer: self.peer,
            reason: life.close_reason(),
            age: self.at.elapsed(),
            requests: life.uses(),
        };
        self.observers.notify(|observer| observer.closed(&closed));
    }
}

/// Counts as a connection whose protocol or stream limit is not known yet, until it is dropped.
///
/// Others wait for it instead of opening one each.
pub(crate) struct PendingConnect {
    pool: Option<Weak<dyn CheckIn<EndedConnect>>>,
    ended: EndedConnect,
}

/// A connect that has ended.
#[derive(Debug, Default)]
pub(crate) struct EndedConnect {
    /// Which requests the connection may serve.
    pub(crate) key: ConnectionKey,
    /// The generation of connections that it belongs to: one of an earlier generation is retired
    /// before it becomes idle.
    pub(crate) generation: u64,
}

impl PendingConnect {
    pub(crate) fn key(&self) -> &ConnectionKey {
        &self.ended.key
    }

    pub(crate) fn generation(&self) -> u64 {
        self.ended.generation
    }
}

impl Drop for PendingConnect {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take().and_then(|pool| pool.upgrade()) {
            pool.check_in(std::mem::take(&mut self.ended));
        }
    }
}
