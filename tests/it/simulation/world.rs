//! What a run records: the requests that arrived, what was broken, and how much there was of all.

use std::{
    collections::HashMap,
    fmt,
    ops::AddAssign,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use bytes::Bytes;

/// How often the pool sends an idempotent request at most: three times, and for each idle connection
/// that ends under it, up to 32.
const MAX_ARRIVALS: usize = 3 + 32;

/// The record of a run.
#[derive(Default)]
pub(super) struct World {
    next_id: AtomicU64,
    /// How often the origin got each request.
    arrivals: Mutex<HashMap<u64, usize>>,
    broken: Mutex<Vec<String>>,
    totals: Mutex<Totals>,
}

impl World {
    pub(super) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, SeqCst)
    }

    /// The origin has got a request.
    pub(super) fn arrives(&self, id: u64, is_idempotent: bool) {
        let count = {
            let mut arrivals = lock(&self.arrivals);
            let count = arrivals.entry(id).or_default();
            *count += 1;
            *count
        };
        if count > 1 && !is_idempotent {
            self.breaks(format!(
                "request {id} is not idempotent and arrived {count} times"
            ));
        }
        if count > MAX_ARRIVALS {
            self.breaks(format!("request {id} arrived {count} times"));
        }
    }

    /// An invariant is broken.
    pub(super) fn breaks(&self, what: String) {
        lock(&self.broken).push(what);
    }

    pub(super) fn broken(&self) -> Vec<String> {
        lock(&self.broken).clone()
    }

    pub(super) fn totals(&self) -> MutexGuard<'_, Totals> {
        lock(&self.totals)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The content of a message: it follows from the request and the direction.
pub(super) fn content(id: u64, salt: u64, length: usize) -> Bytes {
    let mut content = vec![0; length];
    fastrand::Rng::with_seed(id << 8 | salt).fill(&mut content);
    content.into()
}

/// The salt of request bodies.
pub(super) const REQUEST: u64 = 1;
/// The salt of response bodies.
pub(super) const RESPONSE: u64 = 2;

/// How much there was of all.
#[derive(Clone, Debug, Default)]
pub(super) struct Totals {
    pub(super) requests: usize,
    pub(super) faults: usize,
    pub(super) succeeded: usize,
    pub(super) failed: usize,
    pub(super) aborted: usize,
    pub(super) cancelled: usize,
    pub(super) tunnels: usize,
    pub(super) retried: u64,
    pub(super) connections: usize,
    pub(super) restarts: usize,
    pub(super) reloads: usize,
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.faults += other.faults;
        self.succeeded += other.succeeded;
        self.failed += other.failed;
        self.aborted += other.aborted;
        self.cancelled += other.cancelled;
        self.tunnels += other.tunnels;
        self.retried += other.retried;
        self.connections += other.connections;
        self.restarts += other.restarts;
        self.reloads += other.reloads;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} requests, {} faults: {} succeeded, {} failed, {} were aborted, {} cancelled; {} \
             tunnels, {} retries, {} connections, {} restarts, {} reloads",
            self.requests,
            self.faults,
            self.succeeded,
            self.failed,
            self.aborted,
            self.cancelled,
            self.tunnels,
            self.retried,
            self.connections,
            self.restarts,
            self.reloads
        )
    }
}
