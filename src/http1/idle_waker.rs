//! Notices when an idle connection becomes readable.
//!
//! A pool with 10,000 idle connections would otherwise need a task for each of them, only to notice
//! that an origin has closed it.
//!
//! ```text
//! stream is readable ──> wake() ──┬──> readable = true ──> the next check-out polls the stream
//!                                 └──> reaper.notify_one() ──> the reaper polls flagged ones
//! ```
//!
//! The flag is cleared *before* the stream is polled. A wake-up in between sets it again, so none
//! is lost; at worst, the stream is polled once too often.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

use tokio::sync::Notify;

/// The waker of an idle connection's stream.
///
/// No task waits for the stream. The waker sets a flag, which the next check-out reads, and
/// notifies the pool's reaper, the one task that watches all idle connections.
pub(super) struct IdleWaker {
    /// Set by the runtime's thread that drives I/O, read by threads that check out.
    readable: AtomicBool,
    /// Notified at each wake-up.
    ///
    /// `notify_one` keeps one permit, so a wake-up while the reaper works is not lost either.
    reaper: Arc<Notify>,
}

impl IdleWaker {
    /// A waker that notifies `reaper`.
    pub(super) fn new(reaper: Arc<Notify>) -> Arc<Self> {
        Arc::new(Self {
            readable: AtomicBool::new(false),
            reaper,
        })
    }

    /// Clears the flag, and returns a waker to poll the stream with.
    pub(super) fn waker(self: &Arc<Self>) -> Waker {
        self.readable.store(false, Ordering::Release);
        Waker::from(self.clone())
    }

    /// Whether the stream became readable since: by its end, by bytes without a request, or by a
    /// TLS message such as a session ticket.
    pub(super) fn is_readable(&self) -> bool {
        self.readable.load(Ordering::Acquire)
    }
}

impl Wake for IdleWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.readable.store(true, Ordering::Release);
        self.reaper.notify_one();
    }
}
