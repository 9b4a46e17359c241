//! The limits of a probe, and what it tries in addition. `search.rs` applies them.

use std::{fmt, sync::Arc, time::Duration};

use crate::name::{DnsName, HostAuthority};

use super::ProbeAttempt;

/// The function that is called after each attempt.
pub(super) type AttemptHook = Arc<dyn Fn(&ProbeAttempt) + Send + Sync>;

/// What the calls of [`Probe`](super::Probe) set.
#[derive(Clone)]
pub(super) struct ProbeSettings {
    /// Names to try before those of the connector.
    pub(super) names: Vec<DnsName>,
    /// The Host that a layer of the proxy sends.
    pub(super) rewritten_host: Option<HostAuthority>,
    pub(super) max_attempts: usize,
    pub(super) pause: Duration,
    pub(super) timeout: Duration,
    /// Of a connect, and of a response.
    pub(super) attempt_timeout: Duration,
    pub(super) on_attempt: AttemptHook,
}

impl Default for ProbeSettings {
    fn default() -> Self {
        Self {
            names: Vec::new(),
            rewritten_host: None,
            max_attempts: 19,
            pause: Duration::from_millis(200),
            timeout: Duration::from_secs(60),
            attempt_timeout: Duration::from_secs(10),
            on_attempt: Arc::new(|_| {}),
        }
    }
}

impl fmt::Debug for ProbeSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeSettings")
            .field("names", &self.names)
            .field("rewritten_host", &self.rewritten_host)
            .field("max_attempts", &self.max_attempts)
            .field("pause", &self.pause)
            .field("timeout", &self.timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .finish_non_exhaustive()
    }
}
