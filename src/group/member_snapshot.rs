//! `MemberSnapshot`: the state of a member at one moment.

use std::{fmt, time::Duration};

use crate::proxy::ProxySnapshot;

use super::CheckOutcome;

/// The state and the counters of a member of an [`OriginGroup`](super::OriginGroup) at one moment.
///
/// ```
/// # fn log(group: &cdn_origin::group::OriginGroup) {
/// for member in group.snapshot() {
///     println!("{} {}: {} in flight", member.name, member.state, member.proxy.pool.in_flight);
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MemberSnapshot {
    /// The [name](super::Member::name).
    pub name: String,
    /// The [label](crate::connector::CdnOriginBuilder::label) of the origin.
    ///
    /// `None` if the connector has none.
    pub label: Option<String>,
    /// The tier. The first is 0.
    pub tier: usize,
    /// The [weight](super::Member::weight).
    ///
    /// The configured one: during a [slow start](super::Ejection::slow_start), a member gets less.
    pub weight: u32,
    /// Whether the member gets requests.
    ///
    /// ```
    /// use cdn_origin::group::{MemberState, OriginGroup};
    ///
    /// /// Ready as long as one member takes requests.
    /// fn is_ready(group: &OriginGroup) -> bool {
    ///     let members = group.snapshot();
    ///     members.iter().any(|member| member.state == MemberState::Serving)
    /// }
    /// ```
    pub state: MemberState,
    /// Gauge: the highest recent time from a request without content to the head of its response.
    /// It decays, by 63 % in 10 seconds. `None` if it was not measured.
    pub latency: Option<Duration>,
    /// The number of failures since the last success.
    pub consecutive_failures: u32,
    /// Counter: requests that were sent to the member and had an outcome.
    pub requests: u64,
    /// Counter: requests that failed at the member, or while connecting to it.
    pub failures: u64,
    /// Counter: ejections of the member.
    pub ejections: u64,
    /// The result of the last [health check](super::HealthCheck), if there was one.
    pub last_check: Option<CheckOutcome>,
    /// The state of its proxy: the pool, and the requests that are admitted, wait and were refused.
    pub proxy: ProxySnapshot,
}

/// Whether a member of a group gets requests.
///
/// ```text
///             failures reach the threshold               its time is over
///   Serving ───────────────────────────────> Ejected ─────────────────────> Returning
///      ^                                                                        │
///      └───────────────────── trial requests succeed ───────────────────────────┘
///
///   Serving <──── `rise` good checks ──── Down <──── `fall` failed checks ──── any
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MemberState {
    /// It gets its share of requests.
    Serving,
    /// It has failed too often, and gets no requests for a while, unless all members are out.
    Ejected,
    /// It was ejected, and gets one trial request at a time.
    Returning,
    /// Its health checks fail. It gets no requests, unless all members are out.
    Down,
}

impl MemberState {
    /// Every state.
    #[cfg(feature = "metrics")]
    pub(crate) const ALL: [Self; 4] = [Self::Serving, Self::Ejected, Self::Returning, Self::Down];

    /// The stable label, such as `serving`, for metrics.
    ///
    /// ```
    /// use cdn_origin::group::MemberState;
    ///
    /// assert_eq!(MemberState::Ejected.as_str(), "ejected");
    /// ```
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

impl fmt::Display for MemberState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
