//! `GroupTask`: the task of a group, which checks its members and changes them.

use std::sync::{Arc, Weak, atomic::Ordering};

use futures_util::{StreamExt, future::join};
use tokio::runtime::Handle;
use tracing::Instrument;

use super::{
    drained_members::drained, run_health_checks::run_health_checks, shared_group::SharedGroup,
};

/// The task of a group: health checks, and updates of members. It ends with the group.
pub(super) struct GroupTask {
    group: Weak<SharedGroup>,
    /// Whether there is nothing left to do.
    is_done: bool,
}

impl GroupTask {
    /// Spawns the task unless it runs, is done, or there is no runtime yet.
    pub(super) fn ensure(group: &Arc<SharedGroup>) {
        let state = group.task();
        // Read first: a write each time would make the cores of a busy proxy wait for each other.
        if state.is_running.load(Ordering::Relaxed) || Handle::try_current().is_err() {
            return;
        }
        if state.is_running.swap(true, Ordering::Relaxed) {
            return;
        }
        let task = Self {
            group: Arc::downgrade(group),
            is_done: false,
        };
        let ended = state.ended.clone();
        let run = async move {
            ended.run_until_cancelled(task.run()).await;
        };
        tokio::spawn(run.instrument(tracing::info_span!(parent: None, "origin group")));
    }

    async fn run(mut self) {
        join(follow_sources(&self.group), run_health_checks(&self.group)).await;
        self.is_done = true;
    }
}

/// A runtime that shuts down drops its tasks: the next request spawns another.
impl Drop for GroupTask {
    fn drop(&mut self) {
        if let Some(group) = self.group.upgrade()
            && !self.is_done
        {
            group.task().is_running.store(false, Ordering::Relaxed);
        }
    }
}

/// Applies the updates of all sources, until they have ended.
async fn follow_sources(group: &Weak<SharedGroup>) {
    let Some(updates) = group.upgrade().map(|group| group.task().updates.clone()) else {
        return;
    };
    let mut updates = updates.lock().await;
    while let Some((tier, members)) = updates.next().await {
        let Some(group) = group.upgrade() else {
            return;
        };
        // The drain goes on by itself.
        drop(drained(&group.replace(tier, members)));
    }
}
