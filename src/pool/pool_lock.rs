//! `PoolLock`: the mutex around a pool's state, and the proof that nothing foreign runs under it.

use std::sync::{Mutex, PoisonError};

/// State that collects what is to be dropped after the lock is released.
pub(crate) trait Discards {
    type Discarded;

    fn take_discarded(&mut self) -> Self::Discarded;
}

/// A mutex whose content changes in one closure at a time.
///
/// The closure returns what has to be polled, woken or dropped, so that the caller does it without
/// the lock. Discarded connections are closed as soon as the lock is released.
#[derive(Debug, Default)]
pub(crate) struct PoolLock<T>(Mutex<T>);

impl<T: Discards> PoolLock<T> {
    pub(crate) fn new(state: T) -> Self {
        Self(Mutex::new(state))
    }

    /// Changes the state under the lock.
    pub(crate) fn with<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        assert_unlocked();
        let (result, discarded) = {
            let _mark = mark::Locked::new();
            // A panic cannot leave the state half-changed: no foreign code runs in `change`.
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            (change(&mut state), state.take_discarded())
        };
        drop(discarded);
        result
    }
}

/// Panics in debug builds if this thread holds the lock of a pool.
///
/// Called wherever foreign code may run: streams that are polled or dropped, handles of hyper,
/// wakers.
pub(crate) fn assert_unlocked() {
    mark::assert_unlocked();
}

/// Marks the thread that holds the lock of a pool. Builds without debug assertions do without.
mod mark {
    use std::cell::Cell;

    thread_local! {
        static LOCKED: Cell<bool> = const { Cell::new(false) };
    }

    pub(super) struct Locked;

    impl Locked {
        pub(super) fn new() -> Self {
            set(true);
            Self
        }
    }

    impl Drop for Locked {
        fn drop(&mut self) {
            set(false);
        }
    }

    fn set(is_locked: bool) {
        if cfg!(debug_assertions) {
            LOCKED.set(is_locked);
        }
    }

    pub(super) fn assert_unlocked() {
        if cfg!(debug_assertions) {
            assert!(!LOCKED.get(), "foreign code runs under the lock of a pool");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// State that discards what looks at the lock when it is dropped.
    #[derive(Default)]
    struct Bin(Vec<DroppedOutside>);

    struct DroppedOutside;

    impl Drop for DroppedOutside {
        fn drop(&mut self) {
            assert_unlocked();
        }
    }

    impl Discards for Bin {
        type Discarded = Vec<DroppedOutside>;

        fn take_discarded(&mut self) -> Vec<DroppedOutside> {
            std::mem::take(&mut self.0)
        }
    }

    #[test]
    fn what_is_discarded_under_the_lock_is_dropped_outside_of_it() {
        let lock = PoolLock::new(Bin::default());
        lock.with(|bin| bin.0.push(DroppedOutside));
        assert!(lock.with(|bin| bin.0.is_empty()));
    }

    #[test]
    #[cfg(debug_assertions)]
    #[should_panic = "foreign code runs under the lock of a pool"]
    fn foreign_code_under_the_lock_is_a_panic_in_debug_builds() {
        PoolLock::new(Bin::default()).with(|_| assert_unlocked());
    }

    #[test]
    fn a_panic_under_the_lock_leaves_the_lock_usable() {
        let lock = PoolLock::new(Bin::default());
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            lock.with(|_| panic!("a bug in the pool"));
        }));
        assert!(panicked.is_err());
        assert!(lock.with(|bin| bin.0.is_empty()));
    }
}
