//! `ForgetFormer`: the task that forgets a former host when its last request has ended.

use std::sync::{Arc, Weak};

use tokio::runtime::Handle;

use super::hosts::HostsLock;

/// The task that forgets a host that was replaced or removed, when its last request has ended.
pub(super) struct ForgetFormer(Weak<HostsLock>);

impl ForgetFormer {
    /// Spawns the task. Without a runtime, the next change of a host does its work.
    pub(super) fn after(ended: impl Future<Output = ()> + Send + 'static, hosts: &Arc<HostsLock>) {
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(Self(Arc::downgrade(hosts)).run(ended));
        }
    }

    async fn run(self, ended: impl Future<Output = ()>) {
        ended.await;
        if let Some(hosts) = self.0.upgrade() {
            let ended = hosts.write().take_ended();
            drop(ended);
        }
    }
}
