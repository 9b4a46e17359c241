//! `SingleInstance`: keeps a task of the pool from running twice.

use std::sync::{Arc, Weak};

use crate::pool::{checkout::RunningTasks, inner::PoolInner};

/// Marks a task of the pool as running until it is dropped, even by the runtime.
pub(crate) struct SingleInstance {
    inner: Weak<PoolInner>,
    flag: Flag,
}

/// Which task it is.
type Flag = fn(&mut RunningTasks) -> &mut bool;

impl SingleInstance {
    /// Sets the mark. `None` if the task runs already.
    pub(crate) fn set(inner: &Arc<PoolInner>, flag: Flag) -> Option<Self> {
        let runs = inner.with(|inventory| std::mem::replace(flag(&mut inventory.running), true));
        (!runs).then(|| Self {
            inner: Arc::downgrade(inner),
            flag,
        })
    }

    /// The pool, if it still exists.
    pub(crate) fn inner(&self) -> Option<Arc<PoolInner>> {
        self.inner.upgrade()
    }

    pub(crate) fn weak(&self) -> &Weak<PoolInner> {
        &self.inner
    }

    /// Ends the task whose flag was reset under the lock: another may run by now.
    pub(crate) fn forget(mut self) {
        self.inner = Weak::new();
    }
}

impl Drop for SingleInstance {
    fn drop(&mut self) {
        if let Some(inner) = self.inner.upgrade() {
            inner.with(|inventory| *(self.flag)(&mut inventory.running) = false);
            inner.tasks().note_lost();
        }
    }
}
