//! Gives waiting requests what became free: connections, permits to connect, or the error of a
//! connect.
//!
//! `serve_waiters` runs whenever something became free. The inventory decides under the lock who
//! gets what ([`Inventory::next_grant`](super::checkout::Inventory::next_grant)); the grants are
//! sent after it.

use tokio::{sync::oneshot, time::Instant};

use crate::error::Error;

use super::{
    checkout::{ConnectPermit, ConnectionKey, Grant, GrantDecision, Inventory, QueueTicket},
    connection::{Http1Connection, PooledConnection},
    shared_pool::SharedPool,
};

/// Gives waiting requests what there is: connections first, then permits to connect.
///
/// A request that has just left drops its grant, which then comes back here.
pub(crate) fn serve_waiters(pool: &SharedPool) {
    loop {
        let now = Instant::now();
        let grant = pool.with(|inventory| inventory.next_grant(now, pool.settings()));
        match grant {
            Some(GrantDecision::Http1(connection)) => serve_http1(pool, connection, now),
            Some(GrantDecision::Http2(waiter, connection)) => {
                if let Some(this) = pool.this() {
                    send(waiter, Grant::Connection(this.pooled_stream(connection)));
                }
            }
            Some(GrantDecision::Connect(waiter, key, generation)) => {
                send(
                    waiter,
                    Grant::Connect(pool.permit_of_connect(&key, generation)),
                );
            }
            None => return,
        }
    }
}

/// Checks an idle connection and gives it to the first request of its key. If none waits
/// any longer, it stays idle. If it was retired meanwhile, it closes.
fn serve_http1(pool: &SharedPool, connection: Box<Http1Connection>, now: Instant) {
    let Some(connection) = connection.check_idle(now, pool.settings()) else {
        return;
    };
    let served = pool.with(|inventory| {
        let (key, generation) = (connection.key(), connection.generation());
        let Some(waiter) = inventory.waiters.pop_for(key, generation) else {
            inventory.keep_idle(connection, pool.settings());
            return None;
        };
        Some((waiter, connection))
    });
    if let Some((waiter, connection)) = served
        && let Some(this) = pool.this()
    {
        send(waiter, Grant::Connection(this.pooled_http1(connection)));
    }
}

/// Gives upgrades that wait the permits that have become free.
pub(crate) fn serve_upgrades(pool: &SharedPool) {
    let next = || {
        pool.with(|inventory| {
            if inventory.upgrade_waiters.is_empty() || !inventory.begin_upgrade(pool.settings()) {
                return None;
            }
            inventory.upgrade_waiters.pop(&ConnectionKey::default())
        })
    };
    while let Some(waiter) = next() {
        send(waiter, pool.permit_of_upgrade());
    }
}

/// Joins the queue again, at the same place.
pub(crate) fn rejoin(pool: &SharedPool, ticket: &mut QueueTicket<Grant>) {
    let (key, place, sender) = ticket.renew();
    pool.with(|inventory| inventory.waiters.rejoin(key, place, sender));
    serve_waiters(pool);
}

/// Gives a new connection to the first request of its key that may use it. Without one, dropping
/// it here checks it in as idle.
pub(crate) fn give_to_waiter(pool: &SharedPool, connection: PooledConnection, generation: u64) {
    let key = connection.key();
    if let Some(waiter) = pool.with(|it| it.waiters.pop_for(key, generation)) {
        send(waiter, Grant::Connection(connection));
    }
}

/// Takes back the permit of a connect that failed.
///
/// If no other connection is open or being opened, all waiting requests get the error: each
/// would only wait for the next failure.
pub(crate) fn connect_failed(pool: &SharedPool, permit: ConnectPermit, error: &Error) {
    let (permit, ended) = permit.into_parts();
    let hopeless = pool.with(|inventory| {
        inventory.waiters.end_connect(&ended);
        inventory.take_back(&permit);
        match inventory.open() {
            0 => inventory.waiters.take_all(),
            _ => Vec::new(),
        }
    });
    for waiter in hopeless {
        send(waiter, Grant::Failed(error.clone()));
    }
    serve_upgrades(pool);
    serve_waiters(pool);
}

/// Retires all connections: idle ones close now, busy ones after their requests.
pub(crate) fn retire(pool: &SharedPool) {
    pool.with(Inventory::retire_all);
    serve_waiters(pool);
}

/// Sends a grant. If its receiver was dropped, the value comes back to the pool.
fn send<T>(waiter: oneshot::Sender<T>, grant: T) {
    drop(waiter.send(grant));
}
