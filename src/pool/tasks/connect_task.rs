//! `Connect`: opens one connection, in a task of its own, for a request or the queue.
//!
//! A request that leaves takes nothing from the others: its connection goes to the next one that
//! waits, or becomes idle.

use std::sync::{Arc, Weak};

use http::Uri;
use tokio::sync::oneshot;
use tower_service::Service;

use crate::{
    connector::Connecting,
    error::{Error, ErrorKind},
};

use crate::pool::{
    checkout::{ConnectPermit, PendingConnect, Protocol},
    connection::{Http1Connection, Http2Connection, PooledConnection},
    send::{Failure, explain_failure},
    serve_waiters::{connect_failed, give_to_waiter},
    shared_pool::SharedPool,
};

use super::{dns_watch::DnsWatch, http2_driver::Http2Driver, idle_reaper::IdleReaper};

/// A connect that is under way.
pub(crate) struct Connect {
    pool: Weak<SharedPool>,
    connecting: Connecting,
    permit: ConnectPermit,
    recipient: Recipient,
    outcome: oneshot::Sender<ConnectResult>,
}

/// Who gets the connection. The error of a failed connect goes to the requester in any case.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Recipient {
    /// The first request that waits for one of its key.
    FirstWaiter,
    /// The request that needs it. If it was cancelled, the connection becomes idle.
    Requester,
}

/// The outcome of a connect for its requester. There is none if another request got the connection.
pub(crate) type ConnectResult = Result<PooledConnection, Error>;

impl Connect {
    /// Spawns the connect.
    pub(crate) fn spawn(
        pool: &Arc<SharedPool>,
        permit: ConnectPermit,
        recipient: Recipient,
    ) -> oneshot::Receiver<ConnectResult> {
        let (outcome, receiver) = oneshot::channel();
        let mut connector = pool.connector().for_client(permit.pending.key().address());
        let connect = Self {
            pool: Arc::downgrade(pool),
            // The pool's connector has a fixed origin, and does not look at the URI.
            connecting: connector.call(Uri::default()),
            permit,
            recipient,
            outcome,
        };
        pool.tasks().spawn_for_request(connect.run());
        receiver
    }

    async fn run(self) {
        let generation = self.permit.pending.generation();
        let opened = Opened::by(&self.pool, self.connecting, self.permit).await;
        let Some(pool) = self.pool.upgrade() else {
            return;
        };
        match opened {
            Ok(opened) => {
                match self.recipient {
                    Recipient::FirstWaiter => give_to_waiter(&pool, opened.connection, generation),
                    Recipient::Requester => drop(self.outcome.send(Ok(opened.connection))),
                }
                // Only now: the request that got the connection must not be granted another.
                drop(opened.pending);
            }
            Err(failed) => {
                let _ = self.outcome.send(Err(failed.error.clone()));
                failed.return_permit(&pool);
            }
        }
    }
}

/// A connection that was opened.
pub(crate) struct Opened {
    pub(crate) connection: PooledConnection,
    /// The end of the connect, unless an HTTP/2 connection still waits for its peer's SETTINGS.
    pending: Option<PendingConnect>,
}

impl Opened {
    /// Connects, and speaks the protocol that ALPN chose.
    ///
    /// Holds the pool only while there is nothing to wait for.
    pub(crate) async fn by(
        weak: &Weak<SharedPool>,
        connecting: Connecting,
        mut permit: ConnectPermit,
    ) -> Result<Self, FailedConnect> {
        if let Some(pool) = weak.upgrade() {
            IdleReaper::ensure(&pool);
            let key = permit.pending.key();
            pool.with(|it| it.waiters.watch_connect(key, connecting.stage()));
        }
        let stream = match connecting.await {
            Ok(stream) => stream,
            Err(error) => {
                let permit = Some(permit);
                return Err(FailedConnect { error, permit });
            }
        };
        let pool = weak.upgrade().ok_or_else(FailedConnect::pool_dropped)?;
        let info = stream.info().clone();
        let protocol = match stream.negotiated_h2() {
            true => Protocol::Http2,
            false => Protocol::Http1,
        };
        pool.connection_opened(&mut permit.connection, &info, Some(protocol));
        DnsWatch::ensure(&pool);
        if protocol == Protocol::Http1 {
            let (settings, http1) = (pool.settings(), pool.http1().clone());
            let (connection, pending) = Http1Connection::open(stream, permit, settings, http1);
            return Ok(Self {
                connection: pool.pooled_http1(connection),
                pending: Some(pending),
            });
        }
        let (generation, settings) = (permit.pending.generation(), pool.settings().clone());
        drop(pool);
        let opened = Http2Connection::open(stream, permit, &settings).await;
        let (connection, parts) = opened.map_err(|error| FailedConnect {
            error: explain_failure(Failure::Http2(error), Some(&info)),
            permit: None,
        })?;
        let pool = weak.upgrade().ok_or_else(FailedConnect::pool_dropped)?;
        Http2Driver::spawn(&pool, &connection, parts);
        Ok(Self {
            connection: pool.first_stream(connection, generation),
            pending: None,
        })
    }
}

/// A connect that failed, and its permit, unless that went with the stream.
pub(crate) struct FailedConnect {
    error: Error,
    permit: Option<ConnectPermit>,
}

impl FailedConnect {
    pub(crate) fn error(&self) -> &Error {
        &self.error
    }

    /// Gives the permit back, and the error to those who wait for nothing else.
    pub(crate) fn return_permit(self, pool: &SharedPool) {
        if let Some(permit) = self.permit {
            connect_failed(pool, permit, &self.error);
        }
    }

    fn pool_dropped() -> Self {
        Self {
            error: Error::refused(ErrorKind::Draining),
            permit: None,
        }
    }
}
