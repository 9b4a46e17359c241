//! Notices when an idle connection becomes readable.
//!
//! A pool with 10,000 idle connections would otherwise need a task for each of them, only to notice
//! that an origin has closed it.
//!
//! ```text
//! stream is readable ──> wake() ──┬──> readable = true ──> the next check-out polls the stream
//!                                 └──> readable.notify_one() ──> the reaper polls flagged ones
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

use super::shared_state::SharedState;

/// The waker of an idle connection's stream.
///
/// No task waits for the stream. The waker sets a flag, which the next check-out reads, and
/// notifies the pool's reaper, the one task that watches all idle connections.
pub(super) struct IdleWaker {
    /// Set by the runtime's thread that drives I/O, read by threads that check out.
    readable: AtomicBool,
    /// Notifies the reaper at each wake-up.
    shared: Arc<SharedState>,
}

impl IdleWaker {
    /// A waker that notifies the reaper of the connections that share this state.
    pub(super) fn new(shared: Arc<SharedState>) -> Arc<Self> {
        Arc::new(Self {
            readable: AtomicBool::new(false),
            shared,
        })
    }

    /// What the connection shares with others.
    pub(super) fn shared(&self) -> &SharedState {
        &self.shared
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
        self.shared.readable.notify_one();
    }
}
