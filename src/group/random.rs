//! `Random`: random numbers for the choice between members.

use std::{
    hash::{BuildHasher, RandomState},
    sync::atomic::{AtomicU64, Ordering},
};

/// Random numbers: the hashes of a counter with a random key. tower draws its numbers like this,
/// but needs `&mut self`.
#[derive(Default)]
pub(super) struct Random {
    key: RandomState,
    count: AtomicU64,
}

impl Random {
    pub(super) fn next(&self) -> u64 {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        self.key.hash_one(count)
    }
}
