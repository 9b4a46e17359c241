//! PastOutcome happened to addresses lately.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How many addresses are remembered.
const MAX_ADDRESSES: usize = 512;
/// How long a failure counts.
const FAILURE_TTL: Duration = Duration::from_secs(60);
/// How long a latency counts.
const LATENCY_TTL: Duration = Duration::from_secs(600);

/// PastOutcome happened to addresses lately. Clones share it.
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
    /// It had not connected by then, when a later attempt had.
    Overtaken(Duration),
}

/// PastOutcome counts of an address's past.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct AddressPast {
    pub(super) failed: bool,
    pub(super) latency: Option<Duration>,
}

impl History {
    /// PastOutcome counts now.
    pub(crate) fn past(&self, address: SocketAddr, now: Instant) -> AddressPast {
        let records = self.lock();
        let record = records.get(&address).filter(|record| record.counts(now));
        record.map_or_else(AddressPast::default, |record| record.past(now))
    }

    pub(crate) fn failed(&self, address: SocketAddr, now: Instant) {
        self.write(address, now, PastOutcome::Failed);
    }

    /// It connected within this time.
    pub(crate) fn connected(&self, address: SocketAddr, latency: Duration, now: Instant) {
        self.write(address, now, PastOutcome::Connected(latency));
    }

    /// It had not connected within this time, when a later attempt had: for a minute as good as
    /// failed, so that a family that leads nowhere costs one attempt delay a minute and not one
    /// each time.
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
