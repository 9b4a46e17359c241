//! `ProxySnapshot`: gauges and counters of a proxy at one moment.

use crate::pool::PoolSnapshot;

use super::overload::LoadSnapshot;

/// The gauges and counters of a proxy at one moment.
///
/// ```
/// # fn log(proxy: &cdn_origin::OriginProxy) {
/// let now = proxy.snapshot();
/// println!("{} idle connections, {} refusals", now.pool.idle, now.refused);
/// # }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ProxySnapshot {
    /// The state of the pool: its connections, and what happened to them.
    pub pool: PoolSnapshot,
    /// The adaptive limit, in requests. `None` while the origin is not overloaded.
    ///
    /// ```
    /// # fn log(proxy: &cdn_origin::OriginProxy) {
    /// if let Some(limit) = proxy.snapshot().adaptive_limit {
    ///     eprintln!("the origin is overloaded: at most {limit} requests at once");
    /// }
    /// # }
    /// ```
    pub adaptive_limit: Option<usize>,
    /// Gauge: requests that were admitted and whose response has not ended.
    ///
    /// Bounded by [`Limits::max_concurrency`](super::Limits::max_concurrency).
    pub running: usize,
    /// Gauge: those of them that have no response yet. Bounded by
    /// [`adaptive_limit`](Self::adaptive_limit).
    pub awaiting: usize,
    /// Gauge: requests that wait to be admitted.
    pub queued: usize,
    /// Counter: requests that were refused, because the proxy was overloaded.
    ///
    /// Each was answered 503. The counter never decreases.
    pub refused: u64,
}

impl ProxySnapshot {
    pub(super) fn new(pool: PoolSnapshot, load: LoadSnapshot) -> Self {
        Self {
            pool,
            adaptive_limit: load.limit,
            running: load.running,
            awaiting: load.awaiting,
            queued: load.queued,
            refused: load.refused,
        }
    }
}
