//! What comes back to the pool: permits, tickets, idle connections and streams that have ended.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    checkout::{
        AbandonedTicket, CheckIn, ConnectionPermit, EndedConnect, Grant, ReturnedPermit,
        discard_idle_since,
    },
    connection::{
        CloseReason, Http1Connection, Http2Connection, NewHttp2, Silence, UnfinishedUpload,
    },
    serve_waiters::{connection_closed, serve_waiters},
    shared_pool::SharedPool,
    tasks::FinishUpload,
};

/// A connection was closed. Upgrades come first: they had an idle connection closed for them.
impl CheckIn<ReturnedPermit> for SharedPool {
    fn check_in(&self, permit: ReturnedPermit) {
        self.with(|inventory| inventory.take_back(&permit));
        connection_closed(self);
    }
}

/// A connect has ended, or the peer's SETTINGS have arrived: waiting requests need not count on it.
impl CheckIn<EndedConnect> for SharedPool {
    fn check_in(&self, ended: EndedConnect) {
        self.with(|it| it.waiters.end_connect(&ended));
        serve_waiters(self);
    }
}

/// A request waits no longer.
impl CheckIn<AbandonedTicket<Grant>> for SharedPool {
    fn check_in(&self, ticket: AbandonedTicket<Grant>) {
        let sender = self.with(|it| it.waiters.leave(&ticket.key, ticket.place));
        drop(sender);
    }
}

/// An upgrade waits no longer.
impl CheckIn<AbandonedTicket<ConnectionPermit>> for SharedPool {
    fn check_in(&self, ticket: AbandonedTicket<ConnectionPermit>) {
        let sender = self.with(|it| it.upgrade_waiters.leave(&ticket.key, ticket.place));
        drop(sender);
    }
}

/// A response has ended: the connection becomes idle, or serves a waiting request.
impl CheckIn<Box<Http1Connection>> for SharedPool {
    fn check_in(&self, mut connection: Box<Http1Connection>) {
        let now = Instant::now();
        connection.begin_idle(now);
        let Some(connection) = connection.check_idle(now, self.settings()) else {
            return;
        };
        let is_awaited = self.with(|inventory| {
            inventory.keep_idle(connection, self.settings());
            !inventory.waiters.is_empty()
        });
        if is_awaited {
            serve_waiters(self);
        }
    }
}

/// A response has ended before its request: a task sends the rest.
impl CheckIn<UnfinishedUpload> for SharedPool {
    fn check_in(&self, upload: UnfinishedUpload) {
        FinishUpload::spawn(self, upload);
    }
}

/// Lists the connection for further requests, unless it was retired meanwhile.
impl CheckIn<NewHttp2> for SharedPool {
    fn check_in(&self, new: NewHttp2) {
        let NewHttp2 {
            connection,
            generation,
        } = new;
        self.with(
            |inventory| match generation == inventory.waiters.generation() {
                true => inventory.http2.add(connection.clone()),
                false => {
                    connection.life().note(CloseReason::Retired);
                    connection.membership().set_removed();
                }
            },
        );
        serve_waiters(self);
    }
}

/// A stream on this connection has ended.
impl CheckIn<Arc<Http2Connection>> for SharedPool {
    fn check_in(&self, connection: Arc<Http2Connection>) {
        let is_awaited = self.with(|inventory| {
            connection.free_stream();
            inventory.http2.relist(&connection);
            // The upgrade gets the permit.
            if connection.streams() == 0 && inventory.upgrade_needs_room(self.settings()) {
                inventory.discard_idle();
            }
            !inventory.waiters.is_empty()
        });
        if is_awaited {
            serve_waiters(self);
        }
    }
}

/// A request waited in vain. Connections on which nothing has arrived since then may be dead, too.
/// HTTP/2 connections get a PING, idle HTTP/1 connections are closed.
impl CheckIn<Silence> for SharedPool {
    fn check_in(&self, silence: Silence) {
        let silent = self.with(|inventory| {
            discard_idle_since(inventory, silence.since);
            inventory.http2.silent_since(silence.since)
        });
        for connection in silent {
            connection.suspect();
        }
    }
}
