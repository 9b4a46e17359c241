//! `IdleReaper`: closes connections that are idle for too long, or that their origin has closed.
//!
//! `connection/expiry.rs` compares the times with `idle_timeout` (`Expiry::expired_idle`).

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout};

use crate::{
    http1,
    pool::{serve_waiters::serve_waiters, shared_pool::SharedPool},
};

use super::single_instance::SingleInstance;

/// The shortest wait between two rounds. An origin can wake an idle connection as often as it
/// likes, for example by session tickets.
const MIN_WAIT: Duration = Duration::from_millis(100);

/// The next round comes after this part of the idle timeout at the earliest.
const PARTS: u32 = 16;

/// The task that closes idle connections. It ends with the last connection, or the pool.
pub(crate) struct IdleReaper(SingleInstance);

impl IdleReaper {
    /// Spawns the task, unless it runs.
    pub(crate) fn ensure(pool: &Arc<SharedPool>) {
        if let Some(mark) = SingleInstance::set(pool, |running| &mut running.idle_reaper) {
            pool.tasks()
                .spawn_for_pool(Self(mark).run(pool.http1().clone(), pool.settings().idle_time()));
        }
    }

    async fn run(self, http1: Arc<http1::SharedState>, first: Duration) {
        let mut next = Some(first);
        while let Some(wait) = next {
            // Something has arrived on an idle connection, or time has passed.
            sleep(MIN_WAIT).await;
            let _ = timeout(wait.saturating_sub(MIN_WAIT), http1.readable.notified()).await;
            next = self.0.pool().and_then(|pool| reap(&pool));
        }
        self.0.forget();
    }
}

/// Closes what is due. Returns the time until more may be due, if a connection is left.
fn reap(pool: &SharedPool) -> Option<Duration> {
    let (now, settings) = (Instant::now(), pool.settings());
    let idle = pool.with_current(|inventory| inventory.take_idle_to_check(now, settings));
    // Without the lock: this polls and closes sockets, maybe a thousand.
    let checked = idle
        .into_iter()
        .filter_map(|connection| connection.check_idle(now, settings));
    let checked: Vec<_> = checked.collect();
    let (goes_on, idle_for, is_awaited) = pool.with(|inventory| {
        let is_awaited = !checked.is_empty() && !inventory.waiters.is_empty();
        for connection in checked {
            inventory.keep_idle(connection, settings);
        }
        inventory.running.idle_reaper = inventory.open() > 0;
        (
            inventory.running.idle_reaper,
            inventory.longest_idle(now),
            is_awaited,
        )
    });
    if is_awaited {
        serve_waiters(pool);
    }
    let timeout = settings.idle_time();
    let wait = timeout.saturating_sub(idle_for);
    goes_on.then(|| wait.max(timeout / PARTS))
}
