//! `PoolSnapshot`: gauges and counters of a pool at one moment.

use super::connection::CloseReason;

/// Gauges and counters of a pool at one moment.
///
/// All values are of the same moment. `idle` plus `tunnels` never exceeds `open`, `waiting` never
/// exceeds `active`, and there are no `streams` without an open connection.
///
/// Counters never decrease while the pool lives. [`opened`](Self::opened) is always the sum of
/// [`closed`](Self::closed) and the connections that are established. Export the gauges and the
/// counters to your metrics on a timer: taking a snapshot costs one short lock.
///
/// ```
/// use cdn_origin::{CdnOriginConnector, OriginProxy};
///
/// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
/// let proxy = OriginProxy::new(connector);
/// let pool = proxy.pool_snapshot();
/// assert_eq!((pool.open(), pool.idle(), pool.waiting()), (0, 0, 0));
/// assert_eq!(pool.opened(), pool.closed().total());
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct PoolSnapshot {
    pub(super) open: usize,
    pub(super) idle: usize,
    pub(super) active: usize,
    pub(super) streams: usize,
    pub(super) tunnels: usize,
    pub(super) waiting: usize,
    pub(super) opened: u64,
    pub(super) reused: u64,
    pub(super) retried: u64,
    pub(super) closed: ClosedConnections,
}

impl PoolSnapshot {
    /// Gauge: connections that are open or connecting.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open
    }

    /// Gauge: connections that carry no request.
    #[must_use]
    pub fn idle(&self) -> usize {
        self.idle
    }

    /// Gauge: requests in flight, from the call to the end of both bodies.
    ///
    /// Requests that wait for a connection are included.
    #[must_use]
    pub fn active(&self) -> usize {
        self.active
    }

    /// Gauge: streams that are open on HTTP/2 connections.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams
    }

    /// Gauge: connections that serve an upgrade, from its request to the end of the tunnel.
    #[must_use]
    pub fn tunnels(&self) -> usize {
        self.tunnels
    }

    /// Gauge: requests that wait for a connection.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Counter: connections that were established.
    #[must_use]
    pub fn opened(&self) -> u64 {
        self.opened
    }

    /// Counter: requests that got a connection which had served another before.
    #[must_use]
    pub fn reused(&self) -> u64 {
        self.reused
    }

    /// Counter: requests that were retried.
    ///
    /// A request of which nothing was written is not counted when it is sent again.
    #[must_use]
    pub fn retried(&self) -> u64 {
        self.retried
    }

    /// Counters: connections that were closed, by reason.
    #[must_use]
    pub fn closed(&self) -> ClosedConnections {
        self.closed
    }
}

/// Counters of closed connections, by the first reason that was known.
///
/// ```
/// use cdn_origin::pool::ClosedConnections;
///
/// fn wasted(closed: ClosedConnections) -> u64 {
///     // Much `surplus` asks for a higher `max_idle`, much `origin` for a lower `idle_timeout`.
///     closed.surplus() + closed.origin()
/// }
/// assert_eq!(wasted(ClosedConnections::default()), 0);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ClosedConnections {
    idle: u64,
    age: u64,
    uses: u64,
    surplus: u64,
    origin: u64,
    error: u64,
    cancelled: u64,
    retired: u64,
    upgrade: u64,
    vanished: u64,
}

impl ClosedConnections {
    /// Connections that were idle for the [idle timeout](super::PoolSettings::idle_timeout).
    #[must_use]
    pub fn idle(&self) -> u64 {
        self.idle
    }

    /// Connections that had reached their [maximum age](super::PoolSettings::max_age).
    #[must_use]
    pub fn age(&self) -> u64 {
        self.age
    }

    /// Connections that had served the [maximum of requests](super::PoolSettings::max_uses).
    #[must_use]
    pub fn uses(&self) -> u64 {
        self.uses
    }

    /// Idle connections that were closed because of [`max_idle`](super::PoolSettings::max_idle),
    /// or to make room for another in a full pool.
    #[must_use]
    pub fn surplus(&self) -> u64 {
        self.surplus
    }

    /// Connections that the origin closed, and those that ended with the pool.
    #[must_use]
    pub fn origin(&self) -> u64 {
        self.origin
    }

    /// Connections that failed, or whose peer violated the protocol.
    #[must_use]
    pub fn error(&self) -> u64 {
        self.error
    }

    /// Connections whose exchange was cancelled halfway.
    ///
    /// The client left, a deadline passed, or the origin stopped reading a request that it had
    /// answered.
    #[must_use]
    pub fn cancelled(&self) -> u64 {
        self.cancelled
    }

    /// Connections that were [retired](crate::OriginProxy::retire_connections).
    #[must_use]
    pub fn retired(&self) -> u64 {
        self.retired
    }

    /// Connections that served an upgrade: the tunnel ended, or the origin refused the upgrade.
    #[must_use]
    pub fn upgrade(&self) -> u64 {
        self.upgrade
    }

    /// Connections whose address was [absent from DNS](super::PoolSettings::follow_dns).
    #[must_use]
    pub fn vanished(&self) -> u64 {
        self.vanished
    }

    /// The sum of all reasons.
    #[must_use]
    pub fn total(&self) -> u64 {
        let Self {
            idle,
            age,
            uses,
            surplus,
            origin,
            error,
            cancelled,
            retired,
            upgrade,
            vanished,
        } = self;
        idle + age + uses + surplus + origin + error + cancelled + retired + upgrade + vanished
    }

    pub(super) fn count(&mut self, reason: CloseReason) {
        let counter = match reason {
            CloseReason::Origin => &mut self.origin,
            CloseReason::Idle => &mut self.idle,
            CloseReason::Age => &mut self.age,
            CloseReason::Uses => &mut self.uses,
            CloseReason::Surplus => &mut self.surplus,
            CloseReason::Error => &mut self.error,
            CloseReason::Cancelled => &mut self.cancelled,
            CloseReason::Retired => &mut self.retired,
            CloseReason::Upgrade => &mut self.upgrade,
            CloseReason::Vanished => &mut self.vanished,
        };
        *counter += 1;
    }
}

/// The counters that are kept under the pool's lock.
#[derive(Default)]
pub(crate) struct Counters {
    pub(super) opened: u64,
    pub(super) retried: u64,
    pub(super) closed: ClosedConnections,
}
