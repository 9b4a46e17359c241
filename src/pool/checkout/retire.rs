//! Retires connections: they serve no further request, and idle ones close.

use tokio::time::Instant;

use crate::{connector::KnownAddresses, pool::connection::CloseReason};

use super::Inventory;

/// Retires all connections: idle ones close now, busy ones after their requests. One that is
/// being opened serves only a request that waits already.
pub(crate) fn retire_all(inventory: &mut Inventory) {
    inventory.waiters.begin_generation();
    inventory.http2.retire(CloseReason::Retired, |_| true);
    let idle = std::mem::take(&mut inventory.idle_http1).into_iter();
    inventory
        .discarded
        .extend(idle.map(|connection| (connection, CloseReason::Retired)));
}

/// Retires all connections, if the connector was reloaded since they were opened.
pub(crate) fn retire_before_reload(inventory: &mut Inventory, reloads: u64) {
    if reloads > inventory.reloads {
        inventory.reloads = reloads;
        retire_all(inventory);
    }
}

/// Retires connections whose address is absent from DNS for too long, after an answer.
pub(crate) fn retire_absent(inventory: &mut Inventory, answer: &KnownAddresses, now: Instant) {
    inventory.dns_absence.record_answer(answer, now);
    let absence = &inventory.dns_absence;
    inventory.http2.retire(CloseReason::Vanished, |connection| {
        absence.has_left_dns(connection.info())
    });
    let (absent, kept) = std::mem::take(&mut inventory.idle_http1)
        .into_iter()
        .partition::<Vec<_>, _>(|connection| absence.has_left_dns(connection.info()));
    inventory.idle_http1.extend(kept);
    let absent = absent.into_iter();
    inventory
        .discarded
        .extend(absent.map(|connection| (connection, CloseReason::Vanished)));
}

/// Discards the HTTP/1 connections that have been idle at least since this time.
pub(crate) fn discard_idle_since(inventory: &mut Inventory, since: Instant) {
    // The list is in the order in which the connections became idle.
    let count = inventory
        .idle_http1
        .partition_point(|it| it.idle_since() <= since);
    let silent = inventory.idle_http1.drain(..count);
    inventory
        .discarded
        .extend(silent.map(|connection| (connection, CloseReason::Error)));
}
