//! `SharedState`: what the connections to one origin share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::head_cache::HeadCache;

/// What the connections to one origin share.
///
/// An idle connection holds no head cache of its own, and a new connection profits from the
/// responses on earlier ones.
#[derive(Default)]
pub(crate) struct SharedState {
    /// Notified when an idle connection becomes readable.
    ///
    /// `notify_one` keeps one permit, so a wake-up while the reaper works is not lost either.
    pub(crate) readable: Notify,
    /// The head caches that are not in use.
    ///
    /// A head is parsed in one poll, so there are at most as many as threads.
    head_caches: Mutex<Vec<HeadCache>>,
}

impl SharedState {
    /// Calls `read` with the head cache that was used last. The lock is not held meanwhile.
    pub(super) fn with_head_cache<R>(&self, read: impl FnOnce(&mut HeadCache) -> R) -> R {
        let cache = self.lock().pop();
        let mut cache = cache.unwrap_or_default();
        let result = read(&mut cache);
        self.lock().push(cache);
        result
    }

    /// A panic in another thread does not poison the caches: they are only pushed and popped here.
    fn lock(&self) -> MutexGuard<'_, Vec<HeadCache>> {
        self.head_caches
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learn(cache: &mut HeadCache, names: &[&str]) {
        let mut reader = cache.read_names(names.len());
        for name in names {
            reader.next(name.as_bytes()).unwrap();
        }
    }

    #[test]
    fn the_head_cache_used_last_is_used_next_and_never_by_two_at_once() {
        let shared = SharedState::default();
        shared.with_head_cache(|first| {
            learn(first, &["a"]);
            shared.with_head_cache(|second| {
                assert_eq!(second.len(), 0);
                learn(second, &["a", "b"]);
            });
        });
        shared.with_head_cache(|first| {
            assert_eq!(first.len(), 1);
            shared.with_head_cache(|second| assert_eq!(second.len(), 2));
        });
    }
}
