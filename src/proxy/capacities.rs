//! `Capacities`: how many requests and connections the settings of a proxy allow, for metrics.

use super::OriginProxy;

/// The configured maxima. `usize::MAX` where there is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacities {
    /// Of requests that were admitted.
    pub(crate) max_concurrency: usize,
    /// Of requests that wait to be admitted.
    pub(crate) max_queued: usize,
    /// Of connections.
    pub(crate) max_connections: usize,
    /// Of requests that wait for a connection.
    pub(crate) max_waiting: usize,
}

impl Capacities {
    pub(crate) fn of(proxy: &OriginProxy) -> Self {
        let (max_concurrency, max_queued) = proxy.settings.queue.capacities();
        let (max_connections, max_waiting) = proxy.pool.capacities();
        Self {
            max_concurrency,
            max_queued,
            max_connections,
            max_waiting,
        }
    }
}
