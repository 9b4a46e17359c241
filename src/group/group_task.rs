//! `GroupTask`: the task of a group, which checks its members and changes them.

use std::sync::{Arc, Weak, atomic::Ordering};

use futures_util::future::join;
use tokio::runtime::Handle;
use tracing::Instrument;

use super::{
    follow_sources::follow_sources, run_health_checks::run_health_checks, shared_group::SharedGroup,
};

/// The task of a group: health checks, and updates of members. It ends with the last clone of the
/// group.
pub(super) struct GroupTask {
    group: Weak<SharedGroup>,
}

impl GroupTask {
    /// Spawns the task unless it runs, is not needed, or there is no runtime yet.
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
        };
        let ended = state.ended.clone();
        let run = async move {
            ended.run_until_cancelled(task.run()).await;
        };
        tokio::spawn(run.instrument(tracing::info_span!(parent: None, "origin group")));
    }

    async fn run(self) {
        join(follow_sources(&self.group), run_health_checks(&self.group)).await;
    }
}

/// A runtime that shuts down drops its tasks: the next request spawns another.
impl Drop for GroupTask {
    fn drop(&mut self) {
        if let Some(group) = self.group.upgrade() {
            group.task().is_running.store(false, Ordering::Relaxed);
        }
    }
}
