//! `Expiry`: when a connection expires, by `max_age`, `max_uses` and `idle_timeout`.
//!
//! `tasks/idle_reaper.rs` calls it for connections that are idle.

use std::{
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use tokio::time::Instant;

use crate::pool::pool_settings::PoolSettings;

use super::CloseReason;

/// When a connection expires.
///
/// The caller passes uses and idle time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expiry {
    /// `None` if no clock goes that far.
    max_age_at: Option<Instant>,
    /// It takes no further request, whatever `max_uses` is.
    is_used_up: bool,
}

impl Expiry {
    /// That of a connection which is opened now.
    pub(super) fn new(now: Instant, settings: &PoolSettings) -> Self {
        Self {
            max_age_at: now.checked_add(with_jitter(settings.max_age)),
            is_used_up: false,
        }
    }

    /// Makes the present request the last one.
    pub(super) fn use_up(&mut self) {
        self.is_used_up = true;
    }

    /// Why the connection takes no further request, if it does not: its age or its uses.
    pub(super) fn expired(
        &self,
        uses: u64,
        now: Instant,
        settings: &PoolSettings,
    ) -> Option<CloseReason> {
        if self.is_used_up || uses >= settings.max_uses {
            return Some(CloseReason::Uses);
        }
        let is_old = self.max_age_at.is_some_and(|at| now >= at);
        is_old.then_some(CloseReason::Age)
    }

    /// Why an idle connection has to be closed, if it has to: as [`expired`](Self::expired), or it
    /// has been idle for `idle_timeout`.
    pub(super) fn expired_idle(
        &self,
        uses: u64,
        idle_since: Instant,
        now: Instant,
        settings: &PoolSettings,
    ) -> Option<CloseReason> {
        let is_overdue = || now.duration_since(idle_since) >= settings.idle_time();
        self.expired(uses, now, settings)
            .or_else(|| is_overdue().then_some(CloseReason::Idle))
    }
}

/// Subtracts up to 10 % of jitter, so that connections do not expire together.
fn with_jitter(max_age: Duration) -> Duration {
    // The standard library's hasher is seeded at random: that is jitter enough.
    let per_mille = RandomState::new().hash_one(0) % 1000;
    let jitter = max_age / 10_000 * u32::try_from(per_mille).unwrap_or_default();
    max_age.saturating_sub(jitter)
}
