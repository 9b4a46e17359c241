//! Checkout: how a request gets a connection. It takes one, opens one, or waits in the queue.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

use crate::error::{Error, ErrorKind, Facts, Stage};

use crate::pool::{
    connection::PooledConnection,
    inner::PoolInner,
    tasks::{Connect, ConnectResult, DnsWatch, IdleReaper, Prewarm, Recipient},
};

use super::{
    Affinity,
    grant::{Checkout, Grant},
    permit::{ConnectPermit, ConnectionPermit},
    ticket::Ticket,
};

/// A connection: an idle one, a new one, or one that becomes free in time.
pub(crate) async fn checkout(
    inner: &Arc<PoolInner>,
    affinity: &Affinity,
) -> Result<PooledConnection, Error> {
    finish_checkout(inner, begin_checkout(inner, affinity)).await
}

/// A connection that was opened after `opened_after`, or is opened now. Requests over HTTP/2 share
/// it. In a full pool, it may be an older one.
pub(crate) async fn newer_connection(
    inner: &Arc<PoolInner>,
    affinity: &Affinity,
    opened_after: Instant,
) -> Result<PooledConnection, Error> {
    let checkout = inner.begin_checkout(affinity, Some(opened_after));
    finish_checkout(inner, checkout).await
}

/// Takes a connection, or joins the queue.
pub(crate) fn begin_checkout(inner: &Arc<PoolInner>, affinity: &Affinity) -> Checkout {
    let checkout = inner.begin_checkout(affinity, None);
    if inner.tasks().take_lost() {
        IdleReaper::ensure(inner);
        DnsWatch::ensure(inner);
    }
    Prewarm::ensure(inner);
    checkout
}

/// Waits for the connection, if it is not there yet.
pub(crate) async fn finish_checkout(
    inner: &Arc<PoolInner>,
    checkout: Checkout,
) -> Result<PooledConnection, Error> {
    match checkout {
        Checkout::Ready(connection) => Ok(connection),
        // Boxed: few requests wait, and all would be as large.
        Checkout::Queued(ticket, permit) => Box::pin(wait(inner, ticket, permit)).await,
        Checkout::QueueFull => Err(inner.wait_failed(Duration::ZERO)),
    }
}

/// A connection that is opened for this request, if one may be opened.
pub(crate) async fn fresh_connection(
    inner: &Arc<PoolInner>,
    affinity: &Affinity,
) -> Option<PooledConnection> {
    let permit = inner.connect_permit(affinity)?;
    let outcome = Connect::spawn(inner, permit, Recipient::Requester);
    outcome.await.ok()?.ok()
}

/// Opens a connection in place of this HTTP/1 connection, which closes. The number of open
/// connections stays the same, so the request needs no queue ticket.
pub(crate) async fn replacement(
    inner: &Arc<PoolInner>,
    connection: PooledConnection,
) -> Option<PooledConnection> {
    let permit = inner.replacement_permit(connection.affinity());
    drop(connection);
    let outcome = Connect::spawn(inner, permit, Recipient::Requester);
    outcome.await.ok()?.ok()
}

/// Waits in the queue, and for the connect that was begun for this request.
async fn wait(
    inner: &Arc<PoolInner>,
    mut ticket: Ticket<Grant>,
    permit: Option<ConnectPermit>,
) -> Result<PooledConnection, Error> {
    let connect = |permit| Connect::spawn(inner, permit, Recipient::FirstWaiter);
    let mut own_connect = permit.map(connect);
    loop {
        let granted = match &mut own_connect {
            // The connector's own timeouts bound this.
            Some(outcome) => poll_fn(|cx| poll_grant_or_outcome(&mut ticket, outcome, cx)).await,
            None => Some(queued(inner, &mut ticket).await?),
        };
        own_connect = match granted {
            Some(Grant::Connection(connection)) => return Ok(connection),
            Some(Grant::Failed(error)) => return Err(error),
            Some(Grant::Connect(permit)) => {
                inner.rejoin(&mut ticket);
                Some(connect(permit))
            }
            // The connection went to a request that had waited longer.
            None => None,
        };
    }
}

/// The grant, or the failure of the own connect, whichever is first. `None` if the connection of
/// that connect was granted to another request.
fn poll_grant_or_outcome(
    ticket: &mut Ticket<Grant>,
    outcome: &mut oneshot::Receiver<ConnectResult>,
    cx: &mut Context<'_>,
) -> Poll<Option<Grant>> {
    let granted = Pin::new(ticket).poll(cx);
    if let Poll::Ready(Some(Grant::Connection(_) | Grant::Failed(_))) = &granted {
        return granted;
    }
    match Pin::new(outcome).poll(cx) {
        // Another permit is of no use to a request whose connect has failed.
        Poll::Ready(Ok(Err(error))) => Poll::Ready(Some(Grant::Failed(error))),
        Poll::Ready(Ok(Ok(connection))) => Poll::Ready(Some(Grant::Connection(connection))),
        _ if granted.is_ready() => granted,
        Poll::Ready(Err(_given_away)) => Poll::Ready(None),
        Poll::Pending => Poll::Pending,
    }
}

/// The grant, within the time that a request may be queued.
async fn queued(inner: &PoolInner, ticket: &mut Ticket<Grant>) -> Result<Grant, Error> {
    let deadline = inner.settings().queue_timeout;
    match timeout(deadline, ticket).await {
        Ok(Some(grant)) => Ok(grant),
        Ok(None) | Err(_) => Err(inner.wait_failed(deadline)),
    }
}

/// A permit to open a connection for an upgrade. In a full pool, it waits for a connection to
/// close, and has an idle one closed.
pub(crate) async fn upgrade_permit(inner: &Arc<PoolInner>) -> Result<ConnectionPermit, Error> {
    let mut ticket = match inner.begin_upgrade_checkout() {
        Ok(permit) => return Ok(permit),
        Err(Some(ticket)) => ticket,
        Err(None) => return Err(no_permit(Duration::ZERO)),
    };
    let deadline = inner.settings().queue_timeout;
    match timeout(deadline, &mut ticket).await {
        Ok(Some(permit)) => Ok(permit),
        Ok(None) | Err(_) => Err(no_permit(deadline)),
    }
}

/// No permit became free in time, or too many upgrades wait already.
fn no_permit(deadline: Duration) -> Error {
    let facts = Facts::default().after(deadline);
    Error::new(ErrorKind::PoolExhausted, Stage::Dial, facts)
}
