//! Notices when something arrives on a connection that rests.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

use tokio::sync::Notify;

/// What the stream of a resting connection wakes. No task waits for it: it leaves a mark for
/// whoever would use the connection next, and tells the one task that looks after all of them.
pub(crate) struct IdleWaker {
    stirred: AtomicBool,
    reaper: Arc<Notify>,
}

impl IdleWaker {
    pub(crate) fn new(reaper: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self {
            stirred: AtomicBool::new(false),
            reaper,
        })
    }

    /// What to give to the stream.
    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        self.stirred.store(false, Ordering::Release);
        Waker::from(self.clone())
    }

    /// Whether something has arrived since: the end of the connection, bytes that nobody asked for,
    /// or an errand of TLS.
    pub(crate) fn is_stirred(&self) -> bool {
        self.stirred.load(Ordering::Acquire)
    }
}

impl Wake for IdleWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.stirred.store(true, Ordering::Release);
        self.reaper.notify_one();
    }
}
