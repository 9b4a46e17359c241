//! `ProxySnapshot`: gauges and counters of a proxy at one moment.

use crate::pool::PoolSnapshot;

use super::LoadSnapshot;

/// The gauges and counters of a proxy at one moment.
///
/// ```
/// # fn log(proxy: &cdn_origin::OriginProxy) {
/// let now = proxy.snapshot();
/// println!("{} idle connections, {} refusals", now.pool().idle(), now.load().refused());
/// # }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProxySnapshot {
    pub(super) pool: PoolSnapshot,
    pub(super) load: LoadSnapshot,
}

impl ProxySnapshot {
    /// Returns the state of the pool: its connections, and what happened to them.
    #[must_use]
    pub fn pool(&self) -> PoolSnapshot {
        self.pool
    }

    /// Returns how many requests are admitted, wait and were refused.
    #[must_use]
    pub fn load(&self) -> LoadSnapshot {
        self.load
    }
}
