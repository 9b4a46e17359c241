//! `HealthCheck`: the settings of health checks.
//!
//! `run_health_checks.rs` runs them, `health/check_history.rs` decides whether a member is up.

use std::{fmt, time::Duration};

use http::{Method, StatusCode, uri::PathAndQuery};

use crate::{
    error::{BuildProblem, BuildProblemKind, Error, InvalidValue, LocalObstacle, Stage},
    name::HostAuthority,
};

/// Requests by which an [`OriginGroup`](super::OriginGroup) checks whether each member serves. Off
/// by default.
///
/// A member is down after [`fall`](Self::fall) failed checks in a row, and up after
/// [`rise`](Self::rise) good ones. The first check alone decides at the start. A member that is
/// down gets no requests unless all are out. Its return also ends an [ejection](super::Ejection).
///
/// Each member is checked over a connection of its own, by its own connector, so a busy pool does
/// not fail a check. Of its proxy, the Host, paths and functions such as
/// [`map_request`](crate::OriginProxy::map_request) apply. Its `limits`, `pool` and `forwarded`
/// do not: a check has the defaults of the first two, and sends no forwarded fields.
///
/// [Observers](crate::observe), and so metrics, see neither the requests nor the connections of
/// checks. The spans of a check are within a span `health_check`.
///
/// ```
/// use std::time::Duration;
///
/// use cdn_origin::{CdnOriginConnector, group::{HealthCheck, OriginGroup}};
///
/// let check = HealthCheck::get("/healthz").interval(Duration::from_secs(2)).rise(3);
/// let a = CdnOriginConnector::builder("https://a.origin.example").build()?;
/// let b = CdnOriginConnector::builder("https://b.origin.example").build()?;
/// let group = OriginGroup::builder().tier([a, b]).health_check(check).build()?;
/// # drop(group);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
///
/// | call | default | in HAProxy |
/// |---|---|---|
/// | [`interval`](Self::interval) | 5 s, with 10 % of jitter | `inter`, 2 s |
/// | [`timeout`](Self::timeout) | 2 s | `timeout check` |
/// | [`rise`](Self::rise), [`fall`](Self::fall) | 2, 3 | the same |
/// | [`statuses`](Self::statuses) | 200 to 399 | the same |
/// | [`method`](Self::method) | GET | OPTIONS |
/// | [`host`](Self::host) | the origin's own | none |
///
/// If the group is built within a tokio runtime, the first checks begin at once. Otherwise, they
/// begin with its first request.
#[derive(Clone, Debug)]
#[must_use = "it does nothing until `OriginGroupBuilder::health_check` gets it"]
pub struct HealthCheck {
    pub(super) method: Method,
    /// `None` if it is invalid.
    pub(super) path: Option<PathAndQuery>,
    pub(super) host: Option<Result<HostAuthority, InvalidValue>>,
    /// Empty for 200 to 399.
    statuses: Vec<StatusCode>,
    pub(super) interval: Duration,
    pub(super) timeout: Duration,
    pub(super) rise: u32,
    pub(super) fall: u32,
}

impl HealthCheck {
    /// Checks by GET requests for this path.
    ///
    /// [`OriginGroupBuilder::build`](super::OriginGroupBuilder::build) reports an invalid path.
    /// Some platforms reserve paths: Cloud Run those that end with `z`, such as `/healthz`.
    ///
    /// ```
    /// use cdn_origin::group::HealthCheck;
    ///
    /// let check = HealthCheck::get("/healthz?deep=1");
    /// # drop(check);
    /// ```
    pub fn get(path: impl Into<String>) -> Self {
        let path = path.into();
        let is_absolute = path.starts_with('/');
        Self {
            method: Method::GET,
            path: is_absolute.then(|| path.parse().ok()).flatten(),
            host: None,
            statuses: Vec::new(),
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            rise: 2,
            fall: 3,
        }
    }

    /// Sets the method, such as HEAD. The default is GET. The request has no content.
    ///
    /// [`OriginGroupBuilder::build`](super::OriginGroupBuilder::build) refuses CONNECT and TRACE.
    ///
    /// ```
    /// use cdn_origin::group::HealthCheck;
    ///
    /// // The origin sends no content to a HEAD request, whatever the path.
    /// let check = HealthCheck::get("/").method(http::Method::HEAD);
    /// # drop(check);
    /// ```
    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Sets the Host of the checks. The default is the Host that the member's proxy sends for a
    /// client that asks for the origin's own name.
    ///
    /// [`OriginGroupBuilder::build`](super::OriginGroupBuilder::build) reports an invalid name.
    ///
    /// ```
    /// use cdn_origin::group::HealthCheck;
    ///
    /// // The origin answers checks for this virtual host only.
    /// let check = HealthCheck::get("/healthz").host("health.origin.example");
    /// # drop(check);
    /// ```
    pub fn host<A>(mut self, host: A) -> Self
    where
        A: TryInto<HostAuthority>,
        A::Error: Into<InvalidValue>,
    {
        self.host = Some(host.try_into().map_err(Into::into));
        self
    }

    /// Sets the statuses of a good check. The default is 200 to 399.
    ///
    /// If the origin redirects failures to an error page, exclude 302: list the good statuses.
    ///
    /// ```
    /// use cdn_origin::group::HealthCheck;
    /// use http::StatusCode;
    ///
    /// let check = HealthCheck::get("/ready").statuses([StatusCode::OK, StatusCode::NO_CONTENT]);
    /// # drop(check);
    /// ```
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.statuses = statuses.into_iter().collect();
        self
    }

    /// Sets the pause between two checks of a member. The default is 5 seconds.
    ///
    /// Each pause differs by up to 10 %, so that several proxies do not check at the same time. At
    /// least 10 ms.
    ///
    /// A member that fails is taken out after [`fall`](Self::fall) checks: with the defaults, after
    /// at least 10 seconds. An [ejection](super::Ejection) is faster, as it needs no check.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::group::HealthCheck;
    ///
    /// let check = HealthCheck::get("/healthz").interval(Duration::from_secs(1)).fall(2);
    /// # drop(check);
    /// ```
    pub fn interval(mut self, time: Duration) -> Self {
        self.interval = time.max(Duration::from_millis(10));
        self
    }

    /// Sets how long a check may take, the connect included. The default is 2 seconds.
    ///
    /// At least 1 ms. A check that takes longer has failed, and the next one begins after the
    /// pause.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::group::HealthCheck;
    ///
    /// let check = HealthCheck::get("/healthz").timeout(Duration::from_millis(500));
    /// ```
    pub fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time.max(Duration::from_millis(1));
        self
    }

    /// Sets how many good checks in a row bring a member back. The default is 2. Zero counts as
    /// one.
    ///
    /// ```
    /// use cdn_origin::group::HealthCheck;
    ///
    /// // An origin that restarts answers its first check before its caches are warm.
    /// let check = HealthCheck::get("/healthz").rise(5);
    /// # drop(check);
    /// ```
    pub fn rise(mut self, count: u32) -> Self {
        self.rise = count.max(1);
        self
    }

    /// Sets how many failed checks in a row take a member out. The default is 3. Zero counts as
    /// one.
    ///
    /// ```
    /// use cdn_origin::group::HealthCheck;
    ///
    /// // Checked every 5 s by default: out after 10 s, and back after 15 s.
    /// let check = HealthCheck::get("/healthz").fall(2).rise(3);
    /// ```
    pub fn fall(mut self, count: u32) -> Self {
        self.fall = count.max(1);
        self
    }

    /// Called with the status of the final response. Redirects are not followed.
    pub(super) fn expects(&self, status: StatusCode) -> bool {
        match self.statuses.is_empty() {
            true => (200..400).contains(&status.as_u16()),
            false => self.statuses.contains(&status),
        }
    }

    /// Adds what is wrong with this check to the problems of the group.
    pub(super) fn check(&self, problems: &mut Vec<BuildProblem>) {
        if self.path.is_none() {
            let why = "it is no path, which begins with `/` and has no spaces";
            let kind = BuildProblemKind::InvalidName;
            problems.push(BuildProblem::new("HealthCheck::get", kind, why));
        }
        if self.method == Method::CONNECT || self.method == Method::TRACE {
            let why = "a gateway forwards neither CONNECT nor TRACE, so each check would fail";
            let kind = BuildProblemKind::Unsupported;
            problems.push(BuildProblem::new("HealthCheck::method", kind, why));
        }
        if let Some(Err(error)) = &self.host {
            let kind = BuildProblemKind::InvalidName;
            problems.push(BuildProblem::new("HealthCheck::host", kind, error.clone()));
        }
    }
}

/// The result of one health check.
///
/// [`MemberSnapshot::last_check`](super::MemberSnapshot::last_check) has it. `Display` is a
/// phrase for logs.
///
/// ```
/// use cdn_origin::group::{CheckOutcome, OriginGroup};
///
/// # fn log(group: &OriginGroup) {
/// for member in group.snapshot() {
///     match &member.last_check {
///         Some(CheckOutcome::Passed) | None => {}
///         // The report names the cause, as for any failed request.
///         Some(CheckOutcome::Failed(error)) => eprintln!("{}", error.report()),
///         Some(outcome) => eprintln!("{}: {outcome}", member.name),
///     }
/// }
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CheckOutcome {
    /// The member responded with an expected status.
    Passed,
    /// The member responded with another status.
    UnexpectedStatus(StatusCode),
    /// There was no response, or it was not complete within the
    /// [timeout](HealthCheck::timeout). Then the error is a
    /// [`TimedOut`](crate::ErrorKind::TimedOut), and has the stage.
    Failed(Error),
}

impl CheckOutcome {
    /// Whether the check passed.
    pub(super) fn has_passed(&self) -> bool {
        matches!(self, Self::Passed)
    }

    /// Whether it says something of the member. This machine may have no descriptor left to check
    /// it, or the proxy may [refuse](Self::is_refused) to send the request.
    pub(super) fn is_about_member(&self) -> bool {
        let obstacle = match self {
            Self::Failed(error) => LocalObstacle::of(error),
            _ => None,
        };
        !self.is_refused() && !obstacle.is_some_and(LocalObstacle::is_exhaustion)
    }

    /// Whether the member's own proxy refused the request, such as for its Host or its size.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self, Self::Failed(error) if error.stage() == Stage::Prepare)
    }
}

impl fmt::Display for CheckOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("passed"),
            Self::UnexpectedStatus(status) => write!(f, "status {}", status.as_u16()),
            Self::Failed(error) => error.fmt(f),
        }
    }
}
