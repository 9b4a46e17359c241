//! `SetMembership`: whether an HTTP/2 connection is in a list of the pool for further requests.

use std::sync::atomic::{AtomicBool, Ordering};

/// In which lists of the pool a connection is. Read and written under the pool's lock only.
#[derive(Debug, Default)]
pub(crate) struct SetMembership {
    is_listed: AtomicBool,
    is_removed: AtomicBool,
}

impl SetMembership {
    /// Returns the previous value.
    pub(crate) fn set_listed(&self, is_listed: bool) -> bool {
        self.is_listed.swap(is_listed, Ordering::Relaxed)
    }

    /// The pool gives the connection to no further request.
    pub(crate) fn set_removed(&self) {
        self.is_removed.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_removed(&self) -> bool {
        self.is_removed.load(Ordering::Relaxed)
    }
}
