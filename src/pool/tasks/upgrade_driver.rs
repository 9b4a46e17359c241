//! `UpgradeDriver`: drives a connection that serves an upgrade.

use std::sync::Arc;

use crate::pool::{connection::UpgradeIo, shared_pool::SharedPool};

/// The task of the connection of one upgrade. It ends when the connection is upgraded, or closed.
pub(crate) struct UpgradeDriver(UpgradeIo);

impl UpgradeDriver {
    /// Spawns the task.
    pub(crate) fn spawn(pool: &Arc<SharedPool>, io: UpgradeIo) {
        pool.tasks().spawn_driver(Self(io).run());
    }

    async fn run(self) {
        let UpgradeIo { connection, permit } = self.0;
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "upgrade connection failed");
        }
        drop(permit);
    }
}
