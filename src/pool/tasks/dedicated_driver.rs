//! `DedicatedDriver`: drives a connection that serves an upgrade.

use std::sync::Arc;

use crate::pool::{connection::DedicatedIo, inner::PoolInner};

/// The task of one dedicated connection. It ends when the connection is upgraded, or closed.
pub(crate) struct DedicatedDriver(DedicatedIo);

impl DedicatedDriver {
    /// Spawns the task.
    pub(crate) fn spawn(inner: &Arc<PoolInner>, io: DedicatedIo) {
        inner.tasks().spawn_driver(Self(io).run());
    }

    async fn run(self) {
        let DedicatedIo { connection, permit } = self.0;
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "dedicated connection failed");
        }
        drop(permit);
    }
}
