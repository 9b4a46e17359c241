//! How fast a slow peer is: 20 MiB a second.

use std::time::{Duration, Instant};

const PER_SECOND: f64 = 20.0 * 1024.0 * 1024.0;

/// Holds a peer back to its speed.
pub(crate) struct Pace(Instant);

impl Pace {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// How long to wait before more is taken, where so much has been.
    pub(crate) fn wait(&self, taken: usize) -> Duration {
        let due = Duration::from_secs_f64(taken as f64 / PER_SECOND);
        due.saturating_sub(self.0.elapsed())
    }
}
