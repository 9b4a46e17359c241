//! The task that closes connections which nobody uses any more.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::time::Instant;

use super::Shared;

const SOONEST: Duration = Duration::from_millis(10);

/// It does not come back sooner than after this part of the idle timeout.
const PARTS: u32 = 16;

impl Shared {
    /// Starts the task, unless it runs.
    pub(super) fn start_reaping(self: &Arc<Self>) {
        if std::mem::replace(&mut self.lock().reaping, true) {
            return;
        }
        let reaper = Reaper(Arc::downgrade(self));
        let stirred = self.stirred.clone();
        let mut next = Some(self.settings.idle_timeout);
        tokio::spawn(async move {
            while let Some(wait) = next {
                // Something has arrived on a connection at rest, or it is time.
                let _ = tokio::time::timeout(wait.max(SOONEST), stirred.notified()).await;
                next = reaper.0.upgrade().and_then(|shared| shared.reap());
            }
            reaper.has_ended();
        });
    }

    /// Closes what has rested too long. How long it takes until there may be more of it, if
    /// anything is left.
    fn reap(&self) -> Option<Duration> {
        let (now, settings) = (Instant::now(), &self.settings);
        let mut state = self.lock();
        let mut over = Vec::new();
        for mut connection in std::mem::take(&mut state.resting) {
            match connection.is_over(now, settings) {
                true => over.push(connection),
                false => state.resting.push_back(connection),
            }
        }
        let also_over = state.multiplexed.take_over(now, settings);
        let oldest = state.resting.front().map(|oldest| oldest.rests_since);
        let oldest = oldest.into_iter().chain(state.multiplexed.oldest_rest());
        let rested = oldest.min().map(|since| now.duration_since(since));
        let goes_on = state.open > 0;
        state.reaping = goes_on;
        drop(state);
        // A thousand sockets are closed outside of the lock.
        drop((over, also_over));
        let idle = settings.idle_timeout;
        let wait = idle.saturating_sub(rested.unwrap_or_default());
        goes_on.then(|| wait.max(idle / PARTS))
    }
}

/// The task that reaps. When its runtime ends, another may be started.
struct Reaper(Weak<Shared>);

impl Reaper {
    /// `reap` has noted it, and another may run by now.
    fn has_ended(mut self) {
        self.0 = Weak::new();
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.lock().reaping = false;
        }
    }
}
