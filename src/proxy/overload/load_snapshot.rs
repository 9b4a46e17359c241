//! `LoadSnapshot`: what the limits of a proxy admit and refuse.

/// The load of a proxy at one moment.
///
/// ```
/// # fn log(proxy: &cdn_origin::OriginProxy) {
/// let load = proxy.snapshot().load();
/// println!("{} wait for the origin, {} were refused", load.awaiting(), load.refused());
/// # }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LoadSnapshot {
    pub(super) limit: Option<usize>,
    pub(super) awaiting: usize,
    pub(super) queued: usize,
    pub(super) refused: u64,
}

impl LoadSnapshot {
    /// Returns the adaptive limit, in requests. `None` while the origin is not overloaded.
    #[must_use]
    pub fn adaptive_limit(&self) -> Option<usize> {
        self.limit
    }

    /// Requests that were admitted and have no response yet.
    #[must_use]
    pub fn awaiting(&self) -> usize {
        self.awaiting
    }

    /// Requests that wait to be admitted.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// Requests that were refused so far, because the proxy was overloaded.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.refused
    }
}
