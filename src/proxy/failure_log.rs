//! The log events of failures.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::{
    diagnosis::Diagnosis,
    error::{Error, ErrorKind, Fault, LocalObstacle, LoggedNames},
    origin::Origin,
};

use super::answered_paths::AnsweredPaths;

/// The pause between two events of refused requests.
const PAUSE: Duration = Duration::from_secs(1);

/// The same for refusals by an origin that has answered other paths: they may have other reasons
/// than the Host.
const LONG_PAUSE: Duration = Duration::from_secs(60);

/// Logs failures that clients get.
///
/// A full proxy refuses thousands of requests a second, all for one reason: they get one warning a
/// second, with their number. So do failures of a group whose members all fail, and those of a
/// machine without file descriptors or memory.
#[derive(Debug, Default)]
pub(crate) struct FailureLog {
    /// The name that the application gave the origin.
    label: Option<String>,
    /// Refusals of a full proxy.
    full: PacedEvents,
    /// Refusals of the origin without a known cause.
    unexplained: PacedEvents,
    /// Failures that clients get while [each request fails](fails_each).
    outage: PacedByFailure,
    /// Failures after which another member is tried, while each request fails.
    failovers: PacedByFailure,
    /// What the origin has answered with the configured Host by a success.
    answered: AnsweredPaths,
}

/// Failures of which one event in a while is logged.
#[derive(Debug, Default)]
struct PacedEvents(Mutex<Unlogged>);

#[derive(Debug, Default)]
struct Unlogged {
    logged_at: Option<Instant>,
    /// Failures since the last event.
    count: u64,
}

/// Failures of which one event a second is logged for each of their few kinds.
#[derive(Debug, Default)]
struct PacedByFailure(Mutex<HashMap<LoggedFailure, Unlogged>>);

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum LoggedFailure {
    Error(ErrorKind),
    Status(StatusCode),
}

/// Whether all members of a group fail. Then each request fails, for the same few reasons.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum GroupCondition {
    Serving,
    Outage,
}

impl FailureLog {
    /// The log of a proxy to this origin.
    pub(super) fn of(origin: Option<&Origin>) -> Self {
        Self {
            label: origin.and_then(Origin::label).map(ToOwned::to_owned),
            ..Self::default()
        }
    }

    /// Logs a failure: at debug if the client caused it or the proxy drains, else as a warning.
    pub(crate) fn request_failed(&self, error: &Error) {
        self.group_failed(error, GroupCondition::Serving);
    }

    /// Logs a failure of a group: while each request fails, once a second for each kind.
    pub(crate) fn group_failed(&self, error: &Error, condition: GroupCondition) {
        // That of a group has no label of its own.
        let label = label_of(error).or(self.label.as_deref());
        if error.fault() == Fault::Client || error.kind() == ErrorKind::Draining {
            debug(label, error, "request refused");
        } else if is_full(error) {
            if let Some(count) = self.full.count() {
                warn(label, error, Some(count), "requests refused");
            }
        } else if !fails_each(error, condition) {
            warn(label, error, None, "request failed");
        } else if let Some(count) = self.outage.count(LoggedFailure::Error(error.kind())) {
            warn(label, error, Some(count), "request failed");
        }
    }

    /// Logs a failure after which another origin is tried: at debug if the proxy was full, or
    /// drains. While each request fails, once a second for each kind.
    pub(crate) fn failed_over(&self, error: &Error, condition: GroupCondition) {
        let label = label_of(error);
        if is_full(error) || error.kind() == ErrorKind::Draining {
            return debug(label, error, "request refused: trying the next origin");
        }
        let is_paced = fails_each(error, condition);
        let Some(count) = self.count_failover(LoggedFailure::Error(error.kind()), is_paced) else {
            return;
        };
        let names = LoggedNames::of(error.facts());
        tracing::info!(
            label,
            dial = names.dial,
            sni = names.sni,
            expected_name = names.expected_name,
            host = names.host,
            %error,
            diagnosis = %error.diagnosis(),
            count,
            "request failed: trying the next origin"
        );
    }

    /// Logs a response that is discarded for that of another origin, as a failure.
    pub(crate) fn failed_over_on_status(
        &self,
        status: StatusCode,
        origin: Option<&Origin>,
        condition: GroupCondition,
    ) {
        let is_paced = condition == GroupCondition::Outage;
        let Some(count) = self.count_failover(LoggedFailure::Status(status), is_paced) else {
            return;
        };
        let label = origin.and_then(Origin::label);
        let dial = origin.map(Origin::dial).map(tracing::field::display);
        tracing::info!(
            label,
            dial,
            status = status.as_u16(),
            count,
            "response discarded: trying the next origin"
        );
    }

    /// Counts a failover. Returns how many an event is due for.
    fn count_failover(&self, failure: LoggedFailure, is_paced: bool) -> Option<u64> {
        match is_paced {
            false => Some(1),
            true => self.failovers.count(failure),
        }
    }

    /// Notes a success for a request with the configured Host.
    pub(super) fn note_success(&self, method: &Method, path: &str) {
        self.answered.note(method, path);
    }

    /// Whether the origin serves the configured Host, as far as this path depends on it. Then its
    /// refusals have other reasons.
    pub(super) fn is_host_answered(&self, path: &str) -> bool {
        self.answered.show_host_for(path)
    }

    /// Logs a status by which edges refuse a Host, if no likely cause explains it. The application
    /// may have a reason of its own.
    pub(crate) fn refused_by_origin(
        &self,
        status: StatusCode,
        names: &LoggedNames<'_>,
        possible: Option<&Diagnosis>,
    ) {
        let pause = match self.answered.is_empty() {
            true => PAUSE,
            false => LONG_PAUSE,
        };
        if let Some(count) = self.unexplained.count_each(pause) {
            tracing::info!(
                label = self.label.as_deref(),
                dial = names.dial,
                sni = names.sni,
                expected_name = names.expected_name,
                host = names.host,
                status = status.as_u16(),
                diagnosis = possible.map(tracing::field::display),
                count,
                "the origin refused requests, perhaps by Host"
            );
        }
    }
}

impl PacedEvents {
    /// Counts a failure. Returns how many an event is due for.
    fn count(&self) -> Option<u64> {
        self.count_each(PAUSE)
    }

    /// The same with this pause between two events.
    fn count_each(&self, pause: Duration) -> Option<u64> {
        let mut unlogged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unlogged.count(pause)
    }
}

impl PacedByFailure {
    /// Counts a failure. Returns how many of its kind an event is due for.
    fn count(&self, failure: LoggedFailure) -> Option<u64> {
        let mut unlogged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        unlogged.entry(failure).or_default().count(PAUSE)
    }
}

impl Unlogged {
    fn count(&mut self, pause: Duration) -> Option<u64> {
        let now = Instant::now();
        self.count += 1;
        let logged_at = self.logged_at;
        if logged_at.is_some_and(|at| now.saturating_duration_since(at) < pause) {
            return None;
        }
        self.logged_at = Some(now);
        Some(std::mem::take(&mut self.count))
    }
}

/// Whether each request fails like this one: all members fail, or this machine has no file
/// descriptor or memory left for a connection.
fn fails_each(error: &Error, condition: GroupCondition) -> bool {
    condition == GroupCondition::Outage
        || LocalObstacle::of(error).is_some_and(LocalObstacle::is_exhaustion)
}

/// Whether the proxy or its pool had no room for the request.
fn is_full(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Overloaded | ErrorKind::PoolExhausted
    )
}

/// Logs that an upgrade goes on as an ordinary request. The protocol is left out: it is the value
/// of a client's field.
pub(crate) fn upgrade_ignored() {
    tracing::debug!("upgrade ignored: `OriginProxy::upgrades` does not allow its protocol");
}

/// Logs a response that is aborted after it has begun. The client sees only that it is
/// incomplete.
pub(crate) fn response_aborted(error: &Error) {
    let label = label_of(error);
    match error.fault() {
        Fault::Client => debug(label, error, "client stopped reading the response"),
        _ => warn(label, error, None, "response aborted"),
    }
}

/// Logs a failure of the origin or of the configuration.
fn warn(label: Option<&str>, error: &Error, count: Option<u64>, message: &str) {
    let names = LoggedNames::of(error.facts());
    tracing::warn!(
        label,
        dial = names.dial,
        sni = names.sni,
        expected_name = names.expected_name,
        host = names.host,
        %error,
        diagnosis = %error.diagnosis(),
        count,
        "{message}"
    );
}

/// Logs a failure that is of no concern to the operator.
fn debug(label: Option<&str>, error: &Error, message: &str) {
    let names = LoggedNames::of(error.facts());
    tracing::debug!(
        label,
        dial = names.dial,
        sni = names.sni,
        expected_name = names.expected_name,
        host = names.host,
        %error,
        "{message}"
    );
}

/// The name that the application gave the origin of a failure.
fn label_of(error: &Error) -> Option<&str> {
    error.facts().origin().and_then(Origin::label)
}
