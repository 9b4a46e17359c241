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

use crate::error::Error;

use crate::pool::{
    connection::PooledConnection,
    serve_waiters::{rejoin, serve_upgrades, serve_waiters},
    shared_pool::SharedPool,
    tasks::{Connect, ConnectResult, DnsWatch, IdleReaper, Prewarm, Recipient},
};

use super::{
    ConnectionKey,
    checkout_outcome::{CheckoutOutcome, Grant, UpgradeCheckout},
    permit::{ConnectPermit, ConnectionPermit},
    queue_ticket::QueueTicket,
};

/// A connection: an idle one, a new one, or one that becomes free in time.
pub(crate) async fn checkout(
    pool: &Arc<SharedPool>,
    key: &ConnectionKey,
) -> Result<PooledConnection, Error> {
    finish_checkout(pool, begin_checkout(pool, key)).await
}

/// A connection that was opened after `opened_after`, or is opened now. Requests over HTTP/2 share
/// it. In a full pool, it may be an older one.
pub(crate) async fn newer_connection(
    pool: &Arc<SharedPool>,
    key: &ConnectionKey,
    opened_after: Instant,
) -> Result<PooledConnection, Error> {
    let checkout = pool.begin_checkout(key, Some(opened_after));
    finish_checkout(pool, checkout).await
}

/// Takes a connection, or joins the queue.
pub(crate) fn begin_checkout(pool: &Arc<SharedPool>, key: &ConnectionKey) -> CheckoutOutcome {
    let checkout = pool.begin_checkout(key, None);
    if pool.tasks().take_lost() {
        IdleReaper::ensure(pool);
        DnsWatch::ensure(pool);
    }
    Prewarm::ensure(pool);
    checkout
}

/// Waits for the connection, if it is not there yet.
pub(crate) async fn finish_checkout(
    pool: &Arc<SharedPool>,
    checkout: CheckoutOutcome,
) -> Result<PooledConnection, Error> {
    match checkout {
        CheckoutOutcome::Ready(connection) => Ok(connection),
        // Boxed: few requests wait, and all would be as large.
        CheckoutOutcome::Queued(ticket, permit) => Box::pin(wait(pool, ticket, permit)).await,
        CheckoutOutcome::QueueFull => Err(pool.queue_full()),
    }
}

/// A connection that is opened for this request, if one may be opened.
pub(crate) async fn fresh_connection(
    pool: &Arc<SharedPool>,
    key: &ConnectionKey,
) -> Option<PooledConnection> {
    let permit = pool.connect_permit(key)?;
    let outcome = Connect::spawn(pool, permit, Recipient::Requester);
    outcome.await.ok()?.ok()
}

/// Opens a connection in place of this HTTP/1 connection, which closes. The number of open
/// connections stays the same, so the request needs no queue ticket.
pub(crate) async fn replacement(
    pool: &Arc<SharedPool>,
    connection: PooledConnection,
) -> Option<PooledConnection> {
    let permit = pool.replacement_permit(connection.key());
    drop(connection);
    let outcome = Connect::spawn(pool, permit, Recipient::Requester);
    outcome.await.ok()?.ok()
}

/// Waits in the queue, and for the connect that was begun for this request.
async fn wait(
    pool: &Arc<SharedPool>,
    mut ticket: QueueTicket<Grant>,
    permit: Option<ConnectPermit>,
) -> Result<PooledConnection, Error> {
    let connect = |permit| Connect::spawn(pool, permit, Recipient::FirstWaiter);
    if permit.is_none() && pool.budget().is_some() {
        // Other pools may close a connection that this one may then open.
        serve_waiters(pool);
    }
    let mut own_connect = permit.map(connect);
    loop {
        let event = match &mut own_connect {
            // The connector's own timeouts bound this.
            Some(outcome) => poll_fn(|cx| poll_first(&mut ticket, outcome, cx)).await,
            None => Event::Granted(queued(pool, &mut ticket).await?),
        };
        own_connect = match event {
            Event::Granted(Grant::Connection(connection)) => return Ok(connection),
            Event::Granted(Grant::Failed(error)) => return Err(error),
            Event::Granted(Grant::Connect(permit)) => {
                rejoin(pool, &mut ticket);
                Some(connect(permit))
            }
            Event::GivenAway => None,
        };
    }
}

/// What a waiting request learns.
enum Event {
    /// A grant of the pool, or the outcome of the request's own connect.
    Granted(Grant),
    /// The connection that was opened for this request went to one that had waited longer.
    GivenAway,
}

/// The grant, or the outcome of the own connect, whichever is first.
fn poll_first(
    ticket: &mut QueueTicket<Grant>,
    outcome: &mut oneshot::Receiver<ConnectResult>,
    cx: &mut Context<'_>,
) -> Poll<Event> {
    let granted = Pin::new(ticket).poll(cx);
    if let Poll::Ready(Some(grant @ (Grant::Connection(_) | Grant::Failed(_)))) = granted {
        return Poll::Ready(Event::Granted(grant));
    }
    match (Pin::new(outcome).poll(cx), granted) {
        // Another permit is of no use to a request whose connect has failed.
        (Poll::Ready(Ok(Err(error))), _) => Poll::Ready(Event::Granted(Grant::Failed(error))),
        (Poll::Ready(Ok(Ok(connection))), _) => {
            Poll::Ready(Event::Granted(Grant::Connection(connection)))
        }
        (_, Poll::Ready(Some(grant))) => Poll::Ready(Event::Granted(grant)),
        (Poll::Ready(Err(_)), _) | (_, Poll::Ready(None)) => Poll::Ready(Event::GivenAway),
        (Poll::Pending, Poll::Pending) => Poll::Pending,
    }
}

/// The grant, within the time that a request may be queued.
async fn queued(pool: &SharedPool, ticket: &mut QueueTicket<Grant>) -> Result<Grant, Error> {
    let deadline = pool.settings().queue_timeout;
    match timeout(deadline, &mut *ticket).await {
        Ok(Some(grant)) => Ok(grant),
        Ok(None) | Err(_) => Err(pool.wait_failed(ticket.key(), deadline)),
    }
}

/// A permit to open a connection for an upgrade. In a full pool, it waits for a connection to
/// close, and has an idle one closed.
pub(crate) async fn upgrade_permit(pool: &Arc<SharedPool>) -> Result<ConnectionPermit, Error> {
    let mut ticket = match pool.begin_upgrade_checkout() {
        UpgradeCheckout::Permit(permit) => return Ok(permit),
        UpgradeCheckout::Queued(ticket) => ticket,
        UpgradeCheckout::QueueFull => return Err(pool.exhausted(Duration::ZERO)),
    };
    if pool.budget().is_some() {
        serve_upgrades(pool);
    }
    let deadline = pool.settings().queue_timeout;
    match timeout(deadline, &mut ticket).await {
        Ok(Some(permit)) => Ok(permit),
        Ok(None) | Err(_) => Err(pool.exhausted(deadline)),
    }
}
