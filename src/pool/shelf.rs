//! The HTTP/2 connections of a pool, by whether they can take a request: so that nobody has to look
//! at all of them.

use std::{
    mem,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::time::Instant;

use super::{Affinity, PoolSettings, ending::Reason, http2::Multiplexed};

/// The HTTP/2 connections of a pool. One with room is in one of two lists; one that is full is in
/// none, and comes back when a stream ends.
#[derive(Default)]
pub(super) struct Shelf {
    all: Vec<Arc<Multiplexed>>,
    /// With room, the one to be used next last.
    roomy: Vec<Arc<Multiplexed>>,
    /// With room, but to be let go.
    ageing: Vec<Arc<Multiplexed>>,
}

/// Where a connection stands. Only whoever holds the pool's lock looks at it.
#[derive(Debug, Default)]
pub(super) struct Standing {
    listed: AtomicBool,
    gone: AtomicBool,
}

impl Standing {
    /// The connection is for nobody but whom it serves by now.
    pub(super) fn leave(&self) {
        self.gone.store(true, Ordering::Relaxed);
    }
}

impl Shelf {
    pub(super) fn add(&mut self, connection: Arc<Multiplexed>) {
        self.relist(&connection);
        self.all.push(connection);
    }

    /// Lists a connection that has room, unless it is listed or gone.
    pub(super) fn relist(&mut self, connection: &Arc<Multiplexed>) {
        let standing = connection.standing();
        let may = connection.has_room() && !standing.gone.load(Ordering::Relaxed);
        if may && !standing.listed.swap(true, Ordering::Relaxed) {
            self.roomy.push(connection.clone());
        }
    }

    /// The peers may have changed what they allow.
    pub(super) fn relist_all(&mut self) {
        for connection in self.all.clone() {
            self.relist(&connection);
        }
    }

    /// A connection with room for this client. One that should go but still has room is better than
    /// none where the pool is full.
    pub(super) fn find(
        &mut self,
        now: Instant,
        settings: &PoolSettings,
        full: bool,
        client: &Affinity,
    ) -> Option<Arc<Multiplexed>> {
        while let Some(connection) = take_last_for(&mut self.roomy, client) {
            if connection.is_over(now, settings) {
                self.remove(&connection);
            } else if !connection.has_room() {
                unlist(&connection);
            } else if connection.is_spent(now, settings).is_some() {
                self.ageing.push(connection);
            } else {
                self.roomy.push(connection.clone());
                return Some(connection);
            }
        }
        match full {
            true => self.find_ageing(now, settings, client),
            false => None,
        }
    }

    fn find_ageing(
        &mut self,
        now: Instant,
        settings: &PoolSettings,
        client: &Affinity,
    ) -> Option<Arc<Multiplexed>> {
        while let Some(connection) = take_last_for(&mut self.ageing, client) {
            if connection.is_over(now, settings) {
                self.remove(&connection);
            } else if !connection.has_room() {
                unlist(&connection);
            } else {
                self.ageing.push(connection.clone());
                return Some(connection);
            }
        }
        None
    }

    fn remove(&mut self, connection: &Arc<Multiplexed>) {
        connection.standing().leave();
        self.all.retain(|other| !Arc::ptr_eq(other, connection));
    }

    /// Takes out what is over. It is to be dropped when the pool's lock is released.
    pub(super) fn take_over(
        &mut self,
        now: Instant,
        settings: &PoolSettings,
    ) -> Vec<Arc<Multiplexed>> {
        let (over, left) = mem::take(&mut self.all)
            .into_iter()
            .partition(|connection| connection.is_over(now, settings));
        self.all = left;
        self.forget(&over);
        over
    }

    /// Takes out the connection that has rested longest.
    pub(super) fn take_idle(&mut self) -> Option<Arc<Multiplexed>> {
        let idle = self.all.iter().filter(|it| it.streams() == 0);
        let longest = idle.min_by_key(|it| it.rests_since())?.clone();
        self.remove(&longest);
        self.forget(std::slice::from_ref(&longest));
        Some(longest)
    }

    /// Takes these out for a reason. Each closes when the last of its requests is over.
    pub(super) fn take(
        &mut self,
        reason: Reason,
        which: impl Fn(&Multiplexed) -> bool,
    ) -> Vec<Arc<Multiplexed>> {
        let (taken, left) = mem::take(&mut self.all)
            .into_iter()
            .partition(|connection| which(connection));
        self.all = left;
        for connection in &taken {
            connection.end(reason);
        }
        self.forget(&taken);
        taken
    }

    fn forget(&mut self, gone: &[Arc<Multiplexed>]) {
        if gone.is_empty() {
            return;
        }
        for connection in gone {
            connection.standing().leave();
        }
        let stays =
            |connection: &Arc<Multiplexed>| !connection.standing().gone.load(Ordering::Relaxed);
        self.roomy.retain(stays);
        self.ageing.retain(stays);
    }

    /// How many could take a request.
    pub(super) fn with_room(&self) -> usize {
        self.roomy.len()
    }

    /// Whether there is a peer that wants no requests of this client for now: another connection to
    /// it would be of no use.
    pub(super) fn wants_none(&self, client: &Affinity) -> bool {
        let mut all = self.all.iter();
        all.any(|connection| connection.wants_none() && connection.is_for(client))
    }

    /// Since when the connection rests that has rested longest.
    pub(super) fn oldest_rest(&self) -> Option<Instant> {
        let idle = self.all.iter().filter(|it| it.streams() == 0);
        idle.map(|connection| connection.rests_since()).min()
    }

    pub(super) fn idle(&self) -> usize {
        self.all.iter().filter(|it| it.streams() == 0).count()
    }

    pub(super) fn streams(&self) -> usize {
        self.all.iter().map(|it| it.streams()).sum()
    }
}

fn take_last_for(
    connections: &mut Vec<Arc<Multiplexed>>,
    client: &Affinity,
) -> Option<Arc<Multiplexed>> {
    let at = connections.iter().rposition(|it| it.is_for(client))?;
    Some(connections.remove(at))
}

fn unlist(connection: &Multiplexed) {
    connection.standing().listed.store(false, Ordering::Relaxed);
}
