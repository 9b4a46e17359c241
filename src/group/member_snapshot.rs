//! `MemberSnapshot`: the state of a member at one moment.

use std::time::Duration;

use crate::{
    pool::PoolSnapshot,
    proxy::{LoadSnapshot, ProxySnapshot},
};

use super::CheckOutcome;

/// The state and the counters of a member of an [`OriginGroup`](super::OriginGroup) at one moment.
///
/// ```
/// # fn log(group: &cdn_origin::group::OriginGroup) {
/// for member in group.members().snapshot() {
///     println!("{} {:?}: {} in flight", member.name(), member.state(), member.in_flight());
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct MemberSnapshot {
    pub(super) name: String,
    pub(super) label: Option<String>,
    pub(super) tier: usize,
    pub(super) weight: u32,
    pub(super) state: MemberState,
    pub(super) latency: Option<Duration>,
    pub(super) consecutive_failures: u32,
    pub(super) requests: u64,
    pub(super) failures: u64,
    pub(super) ejections: u64,
    pub(super) last_check: Option<CheckOutcome>,
    pub(super) in_flight: usize,
    pub(super) proxy: ProxySnapshot,
}

impl MemberSnapshot {
    /// Returns the [name](super::Member::name).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the [label](crate::connector::CdnOriginBuilder::label) of the origin.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Returns the tier. The first is 0.
    #[must_use]
    pub fn tier(&self) -> usize {
        self.tier
    }

    /// Returns the [weight](super::Member::weight).
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// Returns whether the member gets requests.
    #[must_use]
    pub fn state(&self) -> MemberState {
        self.state
    }

    /// Gauge: requests in flight, from their call to the end of both bodies.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// Gauge: the highest recent time from a request without content to the head of its response.
    /// It decays, by 63 % in 10 seconds. `None` if it was not measured.
    #[must_use]
    pub fn latency(&self) -> Option<Duration> {
        self.latency
    }

    /// Returns the number of failures since the last success.
    #[must_use]
    pub fn consecutive_failures(&self) -> u32 {
        self.consecutive_failures
    }

    /// Counter: requests that were sent to the member and had an outcome.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Counter: requests that failed at the member, or while connecting to it.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Counter: ejections of the member.
    #[must_use]
    pub fn ejections(&self) -> u64 {
        self.ejections
    }

    /// Returns the result of the last [health check](super::HealthCheck), if there was one.
    #[must_use]
    pub fn last_check(&self) -> Option<&CheckOutcome> {
        self.last_check.as_ref()
    }

    /// Returns the state of the member's pool.
    #[must_use]
    pub fn pool(&self) -> PoolSnapshot {
        self.proxy.pool()
    }

    /// Returns how many of the member's requests are admitted, wait and were refused.
    #[must_use]
    pub fn load(&self) -> LoadSnapshot {
        self.proxy.load()
    }
}

/// Whether a member of a group gets requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MemberState {
    /// It gets its share of requests.
    Serving,
    /// It has failed too often, and gets no requests for a while.
    Ejected,
    /// It was ejected, and gets one trial request at a time.
    Returning,
    /// Its health checks fail.
    Down,
}

impl MemberState {
    /// Every state.
    #[cfg(feature = "metrics")]
    pub(crate) const ALL: [Self; 4] = [Self::Serving, Self::Ejected, Self::Returning, Self::Down];

    /// The stable label, such as `serving`, for metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Ejected => "ejected",
            Self::Returning => "returning",
            Self::Down => "down",
        }
    }
}
