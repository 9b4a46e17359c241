//! How many requests are under way at a time, and how many may wait.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::error::{Error, ErrorKind, Facts, Stage};

/// The place of a request that is under way, until its response has ended.
pub(super) type Place = OwnedSemaphorePermit;

/// Lets so many requests in at a time, so many more wait, and no more than that.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    /// `None` lets everybody in.
    places: Option<Arc<Semaphore>>,
    waiting: Arc<Semaphore>,
    wait: Duration,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            places: None,
            waiting: Arc::new(Semaphore::new(64)),
            wait: Duration::from_secs(10),
        }
    }
}

impl Queue {
    pub(super) fn set_places(&mut self, count: usize) {
        let count = count.clamp(1, Semaphore::MAX_PERMITS);
        self.places = Some(Arc::new(Semaphore::new(count)));
    }

    pub(super) fn set_waiting(&mut self, count: usize) {
        self.waiting = Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
    }

    pub(super) fn set_wait(&mut self, time: Duration) {
        self.wait = time;
    }

    /// A place now, or after a wait that is bounded in every way.
    pub(super) async fn enter(&self) -> Result<Option<Place>, Error> {
        let Some(places) = &self.places else {
            return Ok(None);
        };
        if let Ok(place) = places.clone().try_acquire_owned() {
            return Ok(Some(place));
        }
        let Ok(_waiting) = self.waiting.try_acquire() else {
            return Err(Error::refused(ErrorKind::Overloaded));
        };
        match timeout(self.wait, places.clone().acquire_owned()).await {
            Ok(Ok(place)) => Ok(Some(place)),
            // The semaphore is never closed: the time was up.
            Ok(Err(_)) | Err(_) => {
                let facts = Facts::default().after(self.wait);
                Err(Error::new(ErrorKind::Overloaded, Stage::Prepare, facts))
            }
        }
    }
}
