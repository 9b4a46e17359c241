//! `UploadLimit`: how many uploads hold a connection, so that they cannot take all of them.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{timeout, timeout_at},
};

use crate::error::{Deadline, Error, ErrorKind, Facts, Stage};

use super::PoolSettings;

/// The connections that uploads may hold.
pub(super) struct UploadLimit {
    uploads: Arc<Semaphore>,
    waiting: Semaphore,
    timeout: Duration,
}

/// An upload that holds a connection, or waits for one.
pub(crate) type UploadPermit = OwnedSemaphorePermit;

impl UploadLimit {
    pub(super) fn new(settings: &PoolSettings) -> Self {
        let count = |count: usize| count.min(Semaphore::MAX_PERMITS);
        Self {
            uploads: Arc::new(Semaphore::new(count(settings.upload_limit()))),
            waiting: Semaphore::new(count(settings.max_queued)),
            timeout: settings.queue_timeout,
        }
    }

    /// Waits for a permit, at most until the end of the request. The wait is bounded in time, and
    /// so is the number of waiting uploads.
    ///
    /// # Errors
    ///
    /// Fails if there is none in time, or too many wait.
    pub(super) async fn acquire(&self, end: Option<Deadline>) -> Result<UploadPermit, Error> {
        if let Ok(permit) = self.uploads.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return Err(exhausted(Duration::ZERO));
        };
        let permit = timeout(self.timeout, self.uploads.clone().acquire_owned());
        let outcome = match end {
            Some(end) => match timeout_at(end.at, permit).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    let (kind, facts) = (ErrorKind::PoolExhausted, Facts::default());
                    return Err(end.passed_at_limit(kind, Stage::Dial, facts));
                }
            },
            None => permit.await,
        };
        match outcome {
            Ok(Ok(permit)) => Ok(permit),
            // The semaphore is never closed: this is the timeout.
            Ok(Err(_)) | Err(_) => Err(exhausted(self.timeout)),
        }
    }
}

fn exhausted(after: Duration) -> Error {
    let facts = Facts::default().after(after);
    Error::new(ErrorKind::PoolExhausted, Stage::Dial, facts)
}
