//! `PoolSnapshot`: gauges and counters of a pool at one moment.

use std::fmt;

use super::connection::CloseReason;

/// Gauges and counters of a pool at one moment.
///
/// All values are of the same moment. `idle` plus `tunnels` never exceeds `open`, `waiting` never
/// exceeds `in_flight`, and there are no `streams` without an open connection.
///
/// Counters never decrease while the pool lives. [`opened`](Self::opened) is always the sum of
/// [`closed_total`](Self::closed_total) and the connections that are established. Export the gauges
/// and the counters to your metrics on a timer: taking a snapshot costs one short lock.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, OriginProxy};
///
/// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
/// let proxy = OriginProxy::new(connector);
/// let pool = proxy.snapshot().pool;
/// assert_eq!((pool.open, pool.idle, pool.waiting), (0, 0, 0));
/// assert_eq!(pool.opened, pool.closed_total());
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct PoolSnapshot {
    /// Gauge: connections that are open or connecting.
    ///
    /// Bounded by [`PoolSettings::max_connections`](super::PoolSettings::max_connections).
    pub open: usize,
    /// Gauge: connections that carry no request.
    pub idle: usize,
    /// Gauge: requests in flight, from the call to the end of both bodies.
    ///
    /// Requests that wait for a connection are included.
    pub in_flight: usize,
    /// Gauge: streams that are open on HTTP/2 connections.
    ///
    /// Zero with an HTTP/1.1 origin.
    pub streams: usize,
    /// Gauge: connections that serve an upgrade, from its request to the end of the tunnel.
    pub tunnels: usize,
    /// Gauge: requests that wait for a connection.
    ///
    /// A number that stays above zero means that the pool is too small, or the origin too slow.
    ///
    /// ```
    /// # fn check(proxy: &cdn_origin::OriginProxy) {
    /// if proxy.snapshot().pool.waiting > 0 {
    ///     eprintln!("requests wait for a connection");
    /// }
    /// # }
    /// ```
    pub waiting: usize,
    /// Counter: connections that were established.
    pub opened: u64,
    /// Counter: requests that got a connection which had served another before.
    ///
    /// ```
    /// # fn log(proxy: &cdn_origin::OriginProxy) {
    /// let pool = proxy.snapshot().pool;
    /// // A low ratio costs a handshake for each request: look at the origin's keep-alive.
    /// println!("{} reused, {} opened", pool.reused, pool.opened);
    /// # }
    /// ```
    pub reused: u64,
    /// Counter: requests that were retried.
    ///
    /// A request of which nothing was written is not counted when it is sent again.
    pub retried: u64,
    pub(super) closed: ClosedConnections,
}

impl PoolSnapshot {
    /// Counter: connections that were closed for this reason, the first one that was known.
    ///
    /// ```
    /// use cdn_origin::{observe::CloseReason, pool::PoolSnapshot};
    ///
    /// /// Many `Surplus` ask for a higher `max_idle`, many `Origin` for a lower `idle_timeout`.
    /// fn closed_too_early(pool: &PoolSnapshot) -> u64 {
    ///     pool.closed(CloseReason::Surplus) + pool.closed(CloseReason::Origin)
    /// }
    /// ```
    #[must_use]
    pub fn closed(&self, reason: CloseReason) -> u64 {
        self.closed.0[reason as usize]
    }

    /// Counter: connections that were closed, for any reason.
    #[must_use]
    pub fn closed_total(&self) -> u64 {
        self.closed.0.iter().sum()
    }
}

/// Counters of closed connections, by reason.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
pub(super) struct ClosedConnections([u64; CloseReason::ALL.len()]);

impl ClosedConnections {
    pub(super) fn count(&mut self, reason: CloseReason) {
        self.0[reason as usize] += 1;
    }
}

impl fmt::Debug for ClosedConnections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = CloseReason::ALL.map(|reason| (reason.as_str(), self.0[reason as usize]));
        f.debug_map().entries(counts).finish()
    }
}

/// The counters that are kept under the pool's lock.
#[derive(Default)]
pub(crate) struct Counters {
    pub(super) opened: u64,
    pub(super) retried: u64,
    pub(super) closed: ClosedConnections,
}
