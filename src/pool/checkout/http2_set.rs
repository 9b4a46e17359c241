//! `Http2Set`: the HTTP/2 connections of a pool, by whether they can take a request.

use std::{mem, sync::Arc};

use tokio::time::Instant;

use crate::pool::{
    connection::{CloseReason, Http2Connection},
    pool_settings::PoolSettings,
};

use super::ConnectionKey;

/// The HTTP/2 connections of a pool.
///
/// A connection with a free stream is in one of two lists, so that a request need not look at all
/// connections. A full one is in no list, and returns to `available` when a stream ends. What is
/// removed goes to the caller, who drops it without the pool's lock.
#[derive(Default)]
pub(crate) struct Http2Set {
    all: Vec<Arc<Http2Connection>>,
    /// Connections with a free stream. The last is used next.
    available: Vec<Arc<Http2Connection>>,
    /// Connections with a free stream that are too old or too much used for new requests.
    expiring: Vec<Arc<Http2Connection>>,
    /// Connections that were removed on the way.
    removed: Vec<Arc<Http2Connection>>,
}

impl Http2Set {
    /// Adds a connection that was opened.
    pub(crate) fn add(&mut self, connection: Arc<Http2Connection>) {
        self.relist(&connection);
        self.all.push(connection);
    }

    /// Lists a connection that has a free stream, unless it is listed or removed.
    pub(crate) fn relist(&mut self, connection: &Arc<Http2Connection>) {
        let membership = connection.membership();
        let is_eligible = connection.has_free_stream() && !membership.is_removed();
        if is_eligible && !membership.set_listed(true) {
            self.available.push(connection.clone());
        }
    }

    /// Lists all connections that have a free stream: peers may have changed their limits.
    pub(crate) fn relist_all(&mut self) {
        let all = mem::take(&mut self.all);
        for connection in &all {
            self.relist(connection);
        }
        self.all = all;
    }

    /// A connection of this key with a free stream, opened after `opened_after`.
    ///
    /// In a full pool, an expiring connection is better than none.
    pub(crate) fn find(
        &mut self,
        now: Instant,
        settings: &PoolSettings,
        is_full: bool,
        key: &ConnectionKey,
        opened_after: Option<Instant>,
    ) -> Option<Arc<Http2Connection>> {
        let suits = |it: &Http2Connection| {
            it.key() == key && opened_after.is_none_or(|after| it.opened_at() > after)
        };
        while let Some(connection) = take_last(&mut self.available, suits) {
            let Some(connection) = self.keep_usable(connection, now, settings) else {
                continue;
            };
            if connection.expired(now, settings).is_some() {
                self.expiring.push(connection);
            } else {
                self.available.push(connection.clone());
                return Some(connection);
            }
        }
        while is_full && let Some(connection) = take_last(&mut self.expiring, suits) {
            if let Some(connection) = self.keep_usable(connection, now, settings) {
                self.expiring.push(connection.clone());
                return Some(connection);
            }
        }
        None
    }

    /// Reserves a stream on a connection of this key that has no other.
    pub(crate) fn take_idle(
        &self,
        now: Instant,
        settings: &PoolSettings,
        key: &ConnectionKey,
    ) -> Option<Arc<Http2Connection>> {
        let mut available = self.available.iter().rev();
        let is_usable = |connection: &&Arc<Http2Connection>| {
            connection.streams() == 0
                && connection.key() == key
                && connection.is_usable(now, settings)
        };
        let idle = available.find(is_usable)?;
        idle.reserve_stream();
        Some(idle.clone())
    }

    /// Removes a connection that has ended.
    pub(crate) fn remove(&mut self, ended: &Arc<Http2Connection>) {
        self.remove_if(|connection| std::ptr::eq(connection, Arc::as_ptr(ended)));
    }

    /// The connection, if it is open and has a free stream.
    fn keep_usable(
        &mut self,
        connection: Arc<Http2Connection>,
        now: Instant,
        settings: &PoolSettings,
    ) -> Option<Arc<Http2Connection>> {
        if connection.note_if_over(now, settings) {
            connection.membership().set_removed();
            self.all.retain(|other| !Arc::ptr_eq(other, &connection));
            self.removed.push(connection);
            return None;
        }
        if !connection.has_free_stream() {
            connection.membership().set_listed(false);
            // Another clone is in `all`: this one is not the last.
            return None;
        }
        Some(connection)
    }

    /// Removes connections that are closed, and those that were idle for too long.
    pub(crate) fn remove_over(&mut self, now: Instant, settings: &PoolSettings) {
        self.remove_if(|connection| connection.note_if_over(now, settings));
    }

    /// Removes the longest idle connection of a key that may be removed.
    pub(crate) fn remove_idle(&mut self, may_remove: impl Fn(&ConnectionKey) -> bool) {
        let is_idle = |it: &&Arc<Http2Connection>| it.streams() == 0 && may_remove(it.key());
        let idle = self.all.iter().filter(is_idle);
        let Some(longest) = idle.min_by_key(|it| it.idle_since()).cloned() else {
            return;
        };
        longest.life().note(CloseReason::Surplus);
        self.remove_if(|connection| std::ptr::eq(connection, Arc::as_ptr(&longest)));
        // One of the clones that were removed may be the last by then.
        self.removed.push(longest);
    }

    /// Removes connections for a reason. Each closes when the last of its requests has ended.
    pub(crate) fn retire(
        &mut self,
        reason: CloseReason,
        is_retired: impl Fn(&Http2Connection) -> bool,
    ) {
        self.remove_if(|connection| {
            let is_retired = is_retired(connection);
            if is_retired {
                connection.life().note(reason);
            }
            is_retired
        });
    }

    fn remove_if(&mut self, is_removed: impl Fn(&Http2Connection) -> bool) {
        let (removed, kept) = mem::take(&mut self.all)
            .into_iter()
            .partition::<Vec<_>, _>(|connection| is_removed(connection));
        self.all = kept;
        if removed.is_empty() {
            return;
        }
        for connection in &removed {
            connection.membership().set_removed();
        }
        self.removed.extend(removed);
        // `removed` holds a clone of each, so that no list drops the last one.
        for list in [&mut self.available, &mut self.expiring] {
            list.retain(|connection| !connection.membership().is_removed());
        }
    }

    /// What was removed since the last call, to be dropped without the pool's lock.
    #[must_use = "to drop a connection closes it"]
    pub(crate) fn take_removed(&mut self) -> Vec<Arc<Http2Connection>> {
        mem::take(&mut self.removed)
    }

    /// The connections on which nothing has arrived since this time.
    pub(crate) fn silent_since(&self, since: Instant) -> Vec<Arc<Http2Connection>> {
        let all = self.all.iter();
        all.filter(|it| it.last_received() <= since)
            .cloned()
            .collect()
    }

    /// The keys of connections with a free stream.
    pub(crate) fn keys(&self, is_full: bool) -> impl Iterator<Item = &ConnectionKey> {
        let expiring = self.expiring.iter().filter(move |_| is_full);
        let listed = self.available.iter().chain(expiring);
        listed.map(|connection| connection.key())
    }

    /// Whether a connection can take a request at once.
    pub(crate) fn has_available(&self, now: Instant, settings: &PoolSettings) -> bool {
        let mut available = self.available.iter();
        available.any(|connection| connection.is_usable(now, settings))
    }

    /// Whether a peer refuses streams of this key for now. Another connection to it would not
    /// help.
    pub(crate) fn refuses_streams(&self, key: &ConnectionKey) -> bool {
        let mut all = self.all.iter();
        all.any(|connection| connection.refuses_streams() && connection.key() == key)
    }

    /// Whether a peer refuses streams for now, whatever the key.
    pub(crate) fn has_refusing_peer(&self) -> bool {
        self.all.iter().any(|it| it.refuses_streams())
    }

    /// Since when the connection is idle that was idle for the longest time.
    pub(crate) fn oldest_idle(&self) -> Option<Instant> {
        let idle = self.all.iter().filter(|it| it.streams() == 0);
        idle.map(|connection| connection.idle_since()).min()
    }

    /// The number of connections without a stream.
    pub(crate) fn idle(&self) -> usize {
        self.open().filter(|it| it.streams() == 0).count()
    }

    /// The number of streams on all connections.
    pub(crate) fn streams(&self) -> usize {
        self.open().map(|it| it.streams()).sum()
    }

    /// The connections that have not ended. An ended one may stay in the set until the next request
    /// or round of the reaper, although its permit has been returned.
    fn open(&self) -> impl Iterator<Item = &Arc<Http2Connection>> {
        self.all.iter().filter(|it| !it.is_closed())
    }
}

/// Removes the last connection that suits from a list.
fn take_last(
    connections: &mut Vec<Arc<Http2Connection>>,
    suits: impl Fn(&Http2Connection) -> bool,
) -> Option<Arc<Http2Connection>> {
    let at = connections.iter().rposition(|it| suits(it))?;
    Some(connections.remove(at))
}
