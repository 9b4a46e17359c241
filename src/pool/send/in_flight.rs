//! `InFlight`: a request from its call to the end of its response, which a drain waits for.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::sync::Notify;

use crate::error::{Error, ErrorKind};

/// Counts the requests in flight. Refuses further ones once the pool drains.
#[derive(Default)]
pub(crate) struct RequestCount {
    in_flight: AtomicUsize,
    is_draining: AtomicBool,
    /// Set by the first that waits.
    is_awaited: AtomicBool,
    none_left: Notify,
}

/// A request in flight.
pub(crate) struct InFlight(Arc<RequestCount>);

impl RequestCount {
    /// Begins a request.
    ///
    /// # Errors
    ///
    /// Fails if the pool is draining.
    pub(crate) fn begin(self: &Arc<Self>) -> Result<InFlight, Error> {
        // Counted before the flag is read, as `drain` sets it before it reads the count: one of
        // them sees the other.
        let request = self.begin_accepted();
        match self.is_draining() {
            true => Err(Error::refused(ErrorKind::Draining)),
            false => Ok(request),
        }
    }

    /// Begins a request that was accepted before the drain, even if the pool is draining by now.
    pub(crate) fn begin_accepted(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        InFlight(self.clone())
    }

    pub(crate) fn get(&self) -> usize {
        self.in_flight.load(Ordering::Acquire)
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::SeqCst)
    }

    /// Refuses requests from now on.
    pub(crate) fn drain(&self) {
        self.is_draining.store(true, Ordering::SeqCst);
    }

    /// Waits until no request is in flight.
    pub(crate) async fn drained(&self) {
        // Set before the count is read, as a request leaves the count before it reads this.
        self.is_awaited.store(true, Ordering::SeqCst);
        loop {
            let mut none_left = pin!(self.none_left.notified());
            none_left.as_mut().enable();
            if self.in_flight.load(Ordering::SeqCst) == 0 {
                return;
            }
            none_left.await;
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let was_last = self.0.in_flight.fetch_sub(1, Ordering::SeqCst) == 1;
        if was_last && self.0.is_awaited.load(Ordering::SeqCst) {
            self.0.none_left.notify_waiters();
        }
    }
}
