//! What happened to addresses lately.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How many addresses are remembered.
const MOST: usize = 512;
/// How long a failure counts.
const FAILURE_COUNTS: Duration = Duration::from_secs(60);
/// How long a latency counts.
const LATENCY_COUNTS: Duration = Duration::from_secs(600);

/// What happened to addresses lately. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(Arc<Mutex<HashMap<SocketAddr, Record>>>);

#[derive(Clone, Copy, Debug)]
struct Record {
    at: Instant,
    what: What,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Failed,
    /// It connected within this time.
    Took(Duration),
    /// It had not connected by then, when a later attempt had.
    Overtaken(Duration),
}

/// What counts of an address's past.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Past {
    pub(super) failed: bool,
    pub(super) latency: Option<Duration>,
}

impl History {
    /// What counts now.
    pub(crate) fn past(&self, address: SocketAddr, now: Instant) -> Past {
        let records = self.lock();
        let record = records.get(&address).filter(|record| record.counts(now));
        record.map_or_else(Past::default, |record| record.past(now))
    }

    pub(crate) fn failed(&self, address: SocketAddr, now: Instant) {
        self.write(address, now, What::Failed);
    }

    /// It connected within this time.
    pub(crate) fn took(&self, address: SocketAddr, latency: Duration, now: Instant) {
        self.write(address, now, What::Took(latency));
    }

    /// It had not connected within this time, when a later attempt had: for a minute as good as
    /// failed, so that a family that leads nowhere costs one attempt delay a minute and not one
    /// each time.
    pub(crate) fn overtaken(&self, address: SocketAddr, after: Duration, now: Instant) {
        self.write(address, now, What::Overtaken(after));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn write(&self, address: SocketAddr, now: Instant, what: What) {
        let mut records = self.lock();
        if records.len() >= MOST && !records.contains_key(&address) {
            records.retain(|_, record| record.counts(now));
            let oldest = records.iter().min_by_key(|(_, record)| record.at);
            if let Some(oldest) = oldest.map(|(address, _)| *address)
                && records.len() >= MOST
            {
                records.remove(&oldest);
            }
        }
        records.insert(address, Record { at: now, what });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SocketAddr, Record>> {
        // No code that holds the lock can panic halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn counts(&self, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.at);
        match self.what {
            What::Failed => age < FAILURE_COUNTS,
            What::Took(_) | What::Overtaken(_) => age < LATENCY_COUNTS,
        }
    }

    fn past(&self, now: Instant) -> Past {
        let fresh = now.saturating_duration_since(self.at) < FAILURE_COUNTS;
        let (failed, latency) = match self.what {
            What::Failed => (true, None),
            What::Took(latency) => (false, Some(latency)),
            What::Overtaken(latency) => (fresh, Some(latency)),
        };
        Past { failed, latency }
    }
}
