//! The recent failures and latencies of addresses.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The maximum number of addresses.
const MAX_ADDRESSES: usize = 512;
/// How long a failure is remembered.
const FAILURE_TTL: Duration = Duration::from_secs(60);
/// How long a latency is remembered.
const LATENCY_TTL: Duration = Duration::from_secs(600);

/// The recent outcome of each address. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct History(Arc<Mutex<HashMap<SocketAddr, AddressRecord>>>);

#[derive(Clone, Copy, Debug)]
struct AddressRecord {
    at: Instant,
    outcome: PastOutcome,
}

#[derive(Clone, Copy, Debug)]
enum PastOutcome {
    Failed,
    /// It connected within this time.
    Connected(Duration),
    /// It had not connected within this time when a later attempt had.
    Overtaken(Duration),
}

/// The failure and latency of an address that still count.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct AddressPast {
    pub(super) failed: bool,
    pub(super) latency: Option<Duration>,
}

impl History {
    /// The outcome that counts now.
    pub(crate) fn past(&self, address: SocketAddr, now: Instant) -> AddressPast {
        let records = self.lock();
        let record = records.get(&address).filter(|record| record.counts(now));
        record.map_or_else(AddressPast::default, |record| record.past(now))
    }

    /// Records that it failed to connect, or soon after.
    pub(crate) fn failed(&self, address: SocketAddr, now: Instant) {
        self.write(address, now, PastOutcome::Failed);
    }

    /// Records that it connected within this time.
    pub(crate) fn connected(&self, address: SocketAddr, latency: Duration, now: Instant) {
        self.write(address, now, PastOutcome::Connected(latency));
    }

    /// Records that a later attempt connected first. It counts as a failure for one minute.
    ///
    /// A broken address family then costs one attempt delay per minute rather than one per race.
    pub(crate) fn overtaken(&self, address: SocketAddr, after: Duration, now: Instant) {
        self.write(address, now, PastOutcome::Overtaken(after));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn write(&self, address: SocketAddr, now: Instant, outcome: PastOutcome) {
        let mut records = self.lock();
        if records.len() >= MAX_ADDRESSES && !records.contains_key(&address) {
            records.retain(|_, record| record.counts(now));
            let oldest = records.iter().min_by_key(|(_, record)| record.at);
            if let Some(oldest) = oldest.map(|(address, _)| *address)
                && records.len() >= MAX_ADDRESSES
            {
                records.remove(&oldest);
            }
        }
        records.insert(address, AddressRecord { at: now, outcome });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SocketAddr, AddressRecord>> {
        // No code that holds the lock can panic halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AddressRecord {
    fn counts(&self, now: Instant) -> bool {
        let age = now.saturating_duration_since(self.at);
        match self.outcome {
            PastOutcome::Failed => age < FAILURE_TTL,
            PastOutcome::Connected(_) | PastOutcome::Overtaken(_) => age < LATENCY_TTL,
        }
    }

    fn past(&self, now: Instant) -> AddressPast {
        let fresh = now.saturating_duration_since(self.at) < FAILURE_TTL;
        let (failed, latency) = match self.outcome {
            PastOutcome::Failed => (true, None),
            PastOutcome::Connected(latency) => (false, Some(latency)),
            PastOutcome::Overtaken(latency) => (fresh, Some(latency)),
        };
        AddressPast { failed, latency }
    }
}
