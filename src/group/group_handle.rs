//! `GroupHandle`: what the clones of a group hold. The last one ends the work of the group.

use std::{ops::Deref, sync::Arc};

use super::shared_group::SharedGroup;

/// What the clones of a group hold.
///
/// Requests hold only the [`SharedGroup`]. So a group that no application has any longer neither
/// checks its members nor resolves their names, however long its last requests run.
pub(super) struct GroupHandle(Arc<SharedGroup>);

impl GroupHandle {
    pub(super) fn new(group: Arc<SharedGroup>) -> Self {
        Self(group)
    }
}

impl Deref for GroupHandle {
    type Target = Arc<SharedGroup>;

    fn deref(&self) -> &Arc<SharedGroup> {
        &self.0
    }
}

impl Drop for GroupHandle {
    fn drop(&mut self) {
        self.0.task().ended.cancel();
    }
}

/// The requests of a group, which may outlive it.
#[derive(Clone)]
pub(crate) struct GroupRequests(pub(super) Arc<SharedGroup>);

impl GroupRequests {
    /// What tells the group from others.
    #[cfg(feature = "metrics")]
    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    /// Requests that run. Each is counted at least once.
    pub(crate) fn in_flight(&self) -> usize {
        self.0.in_flight()
    }

    /// Waits until no request runs.
    pub(crate) fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        self.0.clone().ended()
    }

    pub(crate) fn close_tunnels(&self) {
        self.0.close_tunnels();
    }
}
