//! A request from its call to the end of its response: what a pool waits for before it ends.

use std::sync::{Arc, atomic::Ordering};

use crate::error::{Error, ErrorKind};

use super::{OriginPool, Shared, ending::Reason};

/// A request that is being served.
pub(crate) struct InFlight(Arc<Shared>);

impl Drop for InFlight {
    fn drop(&mut self) {
        let last = self.0.active.fetch_sub(1, Ordering::SeqCst) == 1;
        if last && self.0.is_draining() {
            self.0.drained.notify_waiters();
        }
    }
}

impl Shared {
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }
}

impl OriginPool {
    /// Takes a request in.
    ///
    /// # Errors
    ///
    /// If no more are taken.
    pub(crate) fn visit(&self) -> Result<InFlight, Error> {
        // Counted before it looks, as `drain` says so before it counts: one of them sees the other.
        self.0.active.fetch_add(1, Ordering::SeqCst);
        let visit = InFlight(self.0.clone());
        match self.0.is_draining() {
            true => Err(Error::refused(ErrorKind::Draining)),
            false => Ok(visit),
        }
    }

    /// Closes what is idle; what is busy closes after what it carries.
    pub(crate) fn retire(&self) {
        let mut state = self.0.lock();
        state.generation += 1;
        let resting = std::mem::take(&mut state.resting);
        let multiplexed = state.multiplexed.take(Reason::Retired, |_| true);
        drop(state);
        drop(multiplexed);
        for connection in resting {
            connection.end(Reason::Retired);
        }
        self.0.settle();
    }

    /// Takes no more requests from now on.
    pub(crate) fn close(&self) {
        self.0.draining.store(true, Ordering::SeqCst);
        self.retire();
    }

    /// Waits until no request is being served.
    pub(crate) async fn drained(self) {
        loop {
            let mut word = std::pin::pin!(self.0.drained.notified());
            word.as_mut().enable();
            if self.0.active.load(Ordering::SeqCst) == 0 {
                break;
            }
            word.await;
        }
        // What was opened in the meantime for those who waited.
        self.retire();
    }
}
