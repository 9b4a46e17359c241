//! Whether a request gets a connection, opens one, or waits for one; and who gets what became free.
//!
//! Pure decisions under the pool's lock. [`CheckoutDecision`] becomes a
//! [`CheckoutOutcome`](super::CheckoutOutcome), [`GrantDecision`] a [`Grant`], when the lock is
//! released.

use std::sync::Arc;

use tokio::{sync::oneshot, time::Instant};

use crate::pool::{
    connection::{Http1Connection, Http2Connection},
    pool_settings::PoolSettings,
};

use super::{
    ConnectionKey,
    checkout_outcome::Grant,
    inventory::{Inventory, Protocol},
    queue::ConnectsPerLine,
    queue_line::QueuePlace,
};

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

/// A connection for a request, or its place in the queue.
///
/// With `opened_after`, an older connection is returned only by a full pool.
pub(crate) fn decide_checkout(
    inventory: &mut Inventory,
    key: &ConnectionKey,
    opened_after: Option<Instant>,
    now: Instant,
    settings: &PoolSettings,
) -> CheckoutDecision {
    // Waiting requests come first.
    let is_next = inventory.waiters.is_empty() || inventory.waiters.first_of(key).is_none();
    if is_next && let Some(available) = take_available(inventory, key, opened_after, now, settings)
    {
        return CheckoutDecision::Connection(available);
    }
    // Requests that wait for their own connect do not keep others waiting.
    let queued = inventory
        .waiters
        .len()
        .saturating_sub(inventory.waiters.connects());
    let may_connect = may_connect(inventory, key, settings);
    if queued >= settings.max_queued && !may_connect {
        return CheckoutDecision::QueueFull;
    }
    let place = inventory.waiters.join(key);
    let connect = may_connect.then(|| inventory.begin_connect(key));
    if connect.is_none() {
        inventory.make_room(settings);
    }
    CheckoutDecision::Queued { place, connect }
}

/// What can be given to a waiter now: connections first, then permits to connect.
pub(crate) fn next_grant(
    inventory: &mut Inventory,
    now: Instant,
    settings: &PoolSettings,
) -> Option<GrantDecision> {
    if inventory.waiters.is_empty() {
        return None;
    }
    while let Some(key) = first_with_connection(inventory, settings) {
        match take_available(inventory, &key, None, now, settings) {
            Some(AvailableConnection::Http1(connection)) => {
                return Some(GrantDecision::Http1(connection));
            }
            Some(AvailableConnection::Http2(connection)) => {
                let waiter = inventory.waiters.pop(&key)?;
                return Some(GrantDecision::Http2(waiter, connection));
            }
            // The connection had ended, and was removed.
            None => {}
        }
    }
    if !inventory.is_full(settings)
        && let Some(key) = first_to_connect(inventory)
    {
        let waiter = inventory.waiters.pop(&key)?;
        let generation = inventory.begin_connect(&key);
        return Some(GrantDecision::Connect(waiter, key, generation));
    }
    inventory.make_room(settings);
    None
}

/// The key of the first waiter for whom there may be a connection.
fn first_with_connection(inventory: &Inventory, settings: &PoolSettings) -> Option<ConnectionKey> {
    let http1 = inventory.idle_http1.iter().map(|it| it.key());
    let http2 = inventory.http2.keys(inventory.is_full(settings));
    let placed = http1
        .chain(http2)
        .filter_map(|it| inventory.waiters.first_of(it).map(|place| (place, it)));
    let first = placed.min_by_key(|(place, _)| *place);
    first.map(|(_, key)| key.clone())
}

/// The key of the first waiter that may open a connection of its own.
fn first_to_connect(inventory: &Inventory) -> Option<ConnectionKey> {
    match inventory.protocol {
        Some(Protocol::Http1) => inventory
            .waiters
            .first_to_connect(ConnectsPerLine::OnePerWaiter, |_| true),
        Some(Protocol::Http2) | None => inventory
            .waiters
            .first_to_connect(ConnectsPerLine::One, |it| {
                !inventory.http2.refuses_streams(it)
            }),
    }
}

/// Whether a request of this key may open a connection of its own.
fn may_connect(inventory: &Inventory, key: &ConnectionKey, settings: &PoolSettings) -> bool {
    let would_help = match inventory.protocol {
        Some(Protocol::Http1) => true,
        // The request may well share the connection that is being opened.
        Some(Protocol::Http2) | None => {
            inventory.waiters.connects_of(key) == 0 && !inventory.http2.refuses_streams(key)
        }
    };
    would_help && !inventory.is_full(settings)
}

/// Takes a connection with room for one request: a free stream first, else the HTTP/1
/// connection that was used last.
fn take_available(
    inventory: &mut Inventory,
    key: &ConnectionKey,
    opened_after: Option<Instant>,
    now: Instant,
    settings: &PoolSettings,
) -> Option<AvailableConnection> {
    let is_full = inventory.is_full(settings);
    let opened_after = opened_after.filter(|_| !is_full);
    let http2 = &mut inventory.http2;
    if let Some(connection) = http2.find(now, settings, is_full, key, opened_after) {
        connection.reserve_stream();
        return Some(AvailableConnection::Http2(connection));
    }
    let mut idle = inventory.idle_http1.iter();
    let at = idle.rposition(|it| opened_after.is_none() && it.key() == key)?;
    inventory
        .idle_http1
        .remove(at)
        .map(AvailableConnection::Http1)
}
