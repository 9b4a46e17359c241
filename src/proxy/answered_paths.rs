//! `AnsweredPaths`: whether the origin serves the configured Host.

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use http::Method;

/// Successes of so many paths show that the origin serves the Host. Edges answer some paths for
/// any Host, such as `/health`.
const ENOUGH: usize = 3;

/// The paths that the origin has answered by a success.
///
/// Only their hashes are kept, and only until there are enough.
#[derive(Debug, Default)]
pub(super) struct AnsweredPaths {
    are_enough: AtomicBool,
    hashes: Mutex<Vec<u64>>,
    hasher: RandomState,
}

impl AnsweredPaths {
    /// Notes a success. Edges answer OPTIONS for any Host, as CORS preflights.
    pub(super) fn note(&self, method: &Method, path: &str) {
        if method == Method::OPTIONS || self.are_enough() {
            return;
        }
        let hash = self.hasher.hash_one(path);
        let mut hashes = self.hashes();
        if !hashes.contains(&hash) {
            hashes.push(hash);
        }
        if hashes.len() >= ENOUGH {
            self.are_enough.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the origin serves the Host, as far as a request for this path depends on it.
    pub(super) fn show_host_for(&self, path: &str) -> bool {
        self.are_enough() || self.hashes().contains(&self.hasher.hash_one(path))
    }

    /// Whether there was no success at all.
    pub(super) fn is_empty(&self) -> bool {
        !self.are_enough() && self.hashes().is_empty()
    }

    fn are_enough(&self) -> bool {
        self.are_enough.load(Ordering::Relaxed)
    }

    /// The list is whole at each moment, so poison means nothing.
    fn hashes(&self) -> MutexGuard<'_, Vec<u64>> {
        self.hashes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_paths_show_the_host_for_all_others() {
        let paths = AnsweredPaths::default();
        assert!(paths.is_empty());
        for path in ["/health", "/health", "/a"] {
            paths.note(&Method::GET, path);
        }
        paths.note(&Method::OPTIONS, "/options");
        let shown = |path| paths.show_host_for(path);
        assert!(!paths.is_empty());
        assert_eq!(
            ["/health", "/a", "/options", "/b"].map(shown),
            [true, true, false, false]
        );
        paths.note(&Method::POST, "/b");
        assert!(shown("/options"));
    }
}
