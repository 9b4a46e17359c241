//! Gives waiting requests what became free: connections, permits to connect, or the error of a
//! connect.
//!
//! `serve_waiters` runs whenever something became free. [`next_grant`] of
//! `checkout/connect_or_wait.rs` decides under the lock who gets what. The grants are sent after
//! it.

use std::sync::atomic::AtomicBool;

use tokio::{sync::oneshot, time::Instant};

use crate::error::Error;

use super::{
    checkout::{
        ConnectPermit, ConnectionKey, Grant, GrantDecision, QueueTicket, next_grant, retire_all,
    },
    connection::{Http1Connection, PooledConnection},
    connection_budget::BudgetUser,
    shared_pool::SharedPool,
};

/// Gives waiting requests what there is: connections first, then permits to connect.
///
/// A request that has just left drops its grant, which then comes back here.
pub(crate) fn serve_waiters(pool: &SharedPool) {
    loop {
        let now = Instant::now();
        let grant = pool.with(|inventory| next_grant(inventory, now, pool.settings()));
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
            None if await_budget(pool) => {}
            None => return,
        }
    }
}

/// Joins the queue of the budget, if other pools keep a waiting request from a connection. Returns
/// whether one may be opened by now.
fn await_budget(pool: &SharedPool) -> bool {
    let (Some(budget), Some(this)) = (pool.budget(), pool.this()) else {
        return false;
    };
    let max_connections = pool.settings().max_connections;
    let held = pool.with(|it| {
        let is_awaited = !it.waiters.is_empty() || !it.upgrade_waiters.is_empty();
        let waits = is_awaited && it.open.waits_for_budget(max_connections);
        waits.then(|| it.open())
    });
    held.is_some_and(|held| budget.wait(&this, held))
}

/// Serves the pools that wait for a connection of the budget, and then this one.
pub(crate) fn connection_closed(pool: &SharedPool) {
    if let Some(budget) = pool.budget() {
        budget.serve_waiting();
    }
    serve_upgrades(pool);
    serve_waiters(pool);
}

impl BudgetUser for SharedPool {
    fn is_waiting(&self) -> &AtomicBool {
        self.awaits_budget()
    }

    fn serve(&self) {
        serve_upgrades(self);
        serve_waiters(self);
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
    loop {
        while let Some(waiter) = next() {
            send(waiter, pool.permit_of_upgrade());
        }
        if !await_budget(pool) {
            return;
        }
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
    connection_closed(pool);
}

/// Retires all connections: idle ones close now, busy ones after their requests.
pub(crate) fn retire(pool: &SharedPool) {
    pool.with(retire_all);
    serve_waiters(pool);
}

/// Sends a grant. If its receiver was dropped, the value comes back to the pool.
fn send<T>(waiter: oneshot::Sender<T>, grant: T) {
    drop(waiter.send(grant));
}
