//! `Failover`: which failed requests are sent to another member.
//!
//! `attempt_outcome.rs` decides which may be sent again, `failover.rs` sends them.

use std::time::Duration;

use http::StatusCode;

/// Which failed requests an [`OriginGroup`](super::OriginGroup) sends to another member.
///
/// The [group](super::OriginGroup#when-another-member-is-tried) lists which requests may be sent
/// twice. No setting extends that list: a POST that a member may have read is never repeated.
///
/// ```
/// use cdn_origin::group::Failover;
/// use http::StatusCode;
///
/// let failover = Failover::default()
///     .statuses([StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE])
///     .max_attempts(2);
/// ```
///
/// | call | default | elsewhere |
/// |---|---|---|
/// | [`off`](Self::off) | on | `proxy_next_upstream off` |
/// | [`statuses`](Self::statuses) | 500, 502, 503 and 504 | `proxy_next_upstream` |
/// | [`max_attempts`](Self::max_attempts) | 3 | `proxy_next_upstream_tries`, HAProxy's `retries` |
/// | [`within`](Self::within) | no limit | `proxy_next_upstream_timeout` |
/// | [`without_timeouts`](Self::without_timeouts) | timeouts count | |
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use = "it does nothing until `OriginGroupBuilder::failover` gets it"]
pub struct Failover {
    pub(super) statuses: Vec<StatusCode>,
    pub(super) is_off: bool,
    pub(super) max_attempts: usize,
    pub(super) within: Option<Duration>,
    pub(super) after_timeouts: bool,
}

/// The default statuses: those of CloudFront's origin groups, without refusals.
const FAILING: [StatusCode; 4] = [
    StatusCode::INTERNAL_SERVER_ERROR,
    StatusCode::BAD_GATEWAY,
    StatusCode::SERVICE_UNAVAILABLE,
    StatusCode::GATEWAY_TIMEOUT,
];

impl Default for Failover {
    fn default() -> Self {
        Self {
            statuses: FAILING.to_vec(),
            is_off: false,
            max_attempts: 3,
            within: None,
            after_timeouts: true,
        }
    }
}

impl Failover {
    /// Sends each request to one member only, as `proxy_next_upstream off` does.
    ///
    /// Failing members are still ejected, for later requests.
    ///
    /// ```
    /// # use cdn_origin::group::Failover;
    /// let failover = Failover::off();
    /// ```
    pub fn off() -> Self {
        Self {
            is_off: true,
            ..Self::default()
        }
    }

    /// Sets the response statuses after which another member is tried.
    ///
    /// The default is 500, 502, 503 and 504. CloudFront allows 403, 404 and 429 too. Statuses of
    /// 500 and above count as failures of the member, others do not.
    ///
    /// ```
    /// # use cdn_origin::group::Failover;
    /// use http::StatusCode;
    ///
    /// let failover = Failover::default().statuses([StatusCode::BAD_GATEWAY]);
    /// ```
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.statuses = statuses.into_iter().collect();
        self
    }

    /// Sets how many members may receive a request.
    ///
    /// The default is 3. Zero counts as one. A member counts only if something of the request was
    /// written to it. So members that cannot be reached do not count, and each of them is tried
    /// once. Retries by a member's own [pool](crate::pool#what-is-retried) do not count either.
    ///
    /// ```
    /// # use cdn_origin::group::Failover;
    /// let failover = Failover::default().max_attempts(2);
    /// ```
    pub fn max_attempts(mut self, count: usize) -> Self {
        self.max_attempts = count.max(1);
        self
    }

    /// Sets how long after the arrival of a request another member may be tried.
    ///
    /// There is no such limit by default. It does not end a running attempt:
    /// [`Limits::request_timeout`](crate::proxy::Limits::request_timeout) does.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use cdn_origin::group::Failover;
    /// let failover = Failover::default().within(Duration::from_secs(10));
    /// ```
    pub fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    /// Tries no other member after a timeout.
    ///
    /// The client has already waited, and the next member may be as slow. nginx's
    /// `proxy_next_upstream error` does the same.
    ///
    /// ```
    /// # use cdn_origin::group::Failover;
    /// let failover = Failover::default().without_timeouts();
    /// ```
    pub fn without_timeouts(mut self) -> Self {
        self.after_timeouts = false;
        self
    }
}
