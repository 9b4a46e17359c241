//! The state that the tasks of a test edge share.

use std::sync::Arc;

use rustls::ServerConfig;

use super::handshake;
use super::policy::Policy;
use super::record::Recorder;
use super::tasks::Tasks;

/// The policy of a test edge, its records and its tasks.
pub(super) struct EdgeState {
    pub(super) policy: Policy,
    pub(super) recorder: Recorder,
    pub(super) tasks: Tasks,
    pub(super) tls: Arc<ServerConfig>,
}

impl EdgeState {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            tls: handshake::config(&policy),
            policy,
            recorder: Recorder::default(),
            tasks: Tasks::default(),
        }
    }
}
