//! The rate of a slow peer: 20 MiB a second.

use std::time::{Duration, Instant};

const PER_SECOND: f64 = 20.0 * 1024.0 * 1024.0;

/// Limits a peer to its rate.
pub(crate) struct Rate(Instant);

impl Rate {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// How long to wait before reading more, after `received` bytes.
    pub(crate) fn wait(&self, received: usize) -> Duration {
        let due = Duration::from_secs_f64(received as f64 / PER_SECOND);
        due.saturating_sub(self.0.elapsed())
    }
}
