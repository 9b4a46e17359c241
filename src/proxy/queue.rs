//! The queue of requests: how many run at a time, and how many wait.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::error::{Error, ErrorKind, Facts, Stage};

use super::Limits;

/// The permit of a request, held until its response has ended.
pub(super) type RequestPermit = OwnedSemaphorePermit;

/// Admits up to `max_concurrency` requests; up to `max_queued` more wait for `queue_timeout`.
#[derive(Clone, Debug)]
pub(super) struct RequestQueue {
    /// `None` admits all requests.
    running: Option<Arc<Semaphore>>,
    waiting: Arc<Semaphore>,
    timeout: Duration,
}

impl RequestQueue {
    pub(super) fn new(limits: &Limits) -> Self {
        let running = limits.max_concurrency.map(|count| {
            let count = count.clamp(1, Semaphore::MAX_PERMITS);
            Arc::new(Semaphore::new(count))
        });
        let waiting = limits.max_queued.min(Semaphore::MAX_PERMITS);
        Self {
            running,
            waiting: Arc::new(Semaphore::new(waiting)),
            timeout: limits.queue_timeout,
        }
    }

    /// Waits for a permit. The wait is bounded in time, and so is the number of waiting requests.
    pub(super) async fn enter(&self) -> Result<Option<RequestPermit>, Error> {
        let Some(running) = &self.running else {
            return Ok(None);
        };
        if let Ok(permit) = running.clone().try_acquire_owned() {
            return Ok(Some(permit));
        }
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return Err(Error::refused(ErrorKind::Overloaded));
        };
        match timeout(self.timeout, running.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Some(permit)),
            // The semaphore is never closed: this is the timeout.
            Ok(Err(_)) | Err(_) => {
                let facts = Facts::default().after(self.timeout);
                Err(Error::new(ErrorKind::Overloaded, Stage::Prepare, facts))
            }
        }
    }
}
