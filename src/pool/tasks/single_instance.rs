//! `SingleInstance`: keeps a task of the pool from running twice.

use std::sync::{Arc, Weak};

use crate::pool::{checkout::RunningTasks, shared_pool::SharedPool};

/// Marks a task of the pool as running until it is dropped, even by the runtime.
pub(crate) struct SingleInstance {
    pool: Weak<SharedPool>,
    flag: Flag,
}

/// Which task it is.
type Flag = fn(&mut RunningTasks) -> &mut bool;

impl SingleInstance {
    /// Sets the mark. `None` if the task runs already.
    pub(crate) fn set(pool: &Arc<SharedPool>, flag: Flag) -> Option<Self> {
        let runs = pool.with(|inventory| std::mem::replace(flag(&mut inventory.running), true));
        (!runs).then(|| Self {
            pool: Arc::downgrade(pool),
            flag,
        })
    }

    /// The pool, if it still exists.
    pub(crate) fn pool(&self) -> Option<Arc<SharedPool>> {
        self.pool.upgrade()
    }

    pub(crate) fn weak(&self) -> &Weak<SharedPool> {
        &self.pool
    }

    /// Ends the task whose flag was reset under the lock: another may run by now.
    pub(crate) fn forget(mut self) {
        self.pool = Weak::new();
    }
}

impl Drop for SingleInstance {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.with(|inventory| *(self.flag)(&mut inventory.running) = false);
            pool.tasks().note_lost();
        }
    }
}
