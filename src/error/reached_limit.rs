//! `ReachedLimit`: which limit refused a request.

/// The limit that refused a request, where the kind of the error does not tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum ReachedLimit {
    /// `Limits::adaptive_concurrency`, which applies while the origin is overloaded.
    Adaptive,
    /// `Limits::max_concurrency`.
    Concurrency,
    /// `SETTINGS_MAX_CONCURRENT_STREAMS` of the origin, which is zero for now.
    OriginStreams,
    /// `PoolSettings::max_connections`, or a part of them.
    PoolConnections(usize),
    /// `PoolSettings::max_queued`.
    PoolQueue(usize),
    /// `VirtualHosts::max_connections`.
    TenantConnections,
}
