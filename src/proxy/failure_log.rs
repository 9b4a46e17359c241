//! The log events of failures.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::StatusCode;
use tokio::time::Instant;

use crate::{
    diagnosis::Diagnosis,
    error::{Error, ErrorKind, Fault, LoggedNames},
    origin::Origin,
};

/// The pause between two events of refused requests.
const PAUSE: Duration = Duration::from_secs(1);

/// Logs failures that clients get.
///
/// A full proxy refuses thousands of requests a second, all for one reason: they get one warning a
/// second, with their number.
#[derive(Debug, Default)]
pub(crate) struct FailureLog {
    /// The name that the application gave the origin.
    label: Option<String>,
    /// Refusals of a full proxy.
    full: PacedRefusals,
    /// Refusals of the origin without a known cause.
    unexplained: PacedRefusals,
    /// The origin has answered a request with the configured Host by a success.
    is_host_answered: AtomicBool,
}

/// Refusals of which one event a second is logged.
#[derive(Debug, Default)]
struct PacedRefusals(Mutex<Refusals>);

#[derive(Debug, Default)]
struct Refusals {
    logged_at: Option<Instant>,
    /// Refusals since the last event.
    count: u64,
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
        // That of a group has no label of its own.
        let label = label_of(error).or(self.label.as_deref());
        if error.fault() == Fault::Client || error.kind() == ErrorKind::Draining {
            debug(label, error, "request refused");
        } else if !is_full(error) {
            warn(label, error, None, "request failed");
        } else if let Some(count) = self.full.count() {
            warn(label, error, Some(count), "requests refused");
        }
    }

    /// Notes that the origin serves the configured Host. Its later refusals have other reasons.
    pub(super) fn note_answered_host(&self) {
        if !self.is_host_answered() {
            self.is_host_answered.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn is_host_answered(&self) -> bool {
        self.is_host_answered.load(Ordering::Relaxed)
    }

    /// Logs a status by which edges refuse a Host, if no likely cause explains it. The application
    /// may have a reason of its own.
    pub(crate) fn refused_by_origin(
        &self,
        status: StatusCode,
        names: &LoggedNames<'_>,
        possible: Option<&Diagnosis>,
    ) {
        if let Some(count) = self.unexplained.count() {
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

impl PacedRefusals {
    /// Counts a refusal. Returns how many an event is due for.
    fn count(&self) -> Option<u64> {
        let now = Instant::now();
        let mut refusals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        refusals.count += 1;
        let logged_at = refusals.logged_at;
        if logged_at.is_some_and(|at| now.saturating_duration_since(at) < PAUSE) {
            return None;
        }
        refusals.logged_at = Some(now);
        Some(std::mem::take(&mut refusals.count))
    }
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

/// Logs a failure after which another origin is tried: at debug if the proxy was full, or drains.
pub(crate) fn failed_over(error: &Error) {
    let label = label_of(error);
    if is_full(error) || error.kind() == ErrorKind::Draining {
        return debug(label, error, "request refused: trying the next origin");
    }
    let names = LoggedNames::of(error.facts());
    tracing::info!(
        label,
        dial = names.dial,
        sni = names.sni,
        expected_name = names.expected_name,
        host = names.host,
        %error,
        diagnosis = %error.diagnosis(),
        "request failed: trying the next origin"
    );
}

/// Logs a response that is discarded for that of another origin.
pub(crate) fn failed_over_on_status(status: StatusCode, origin: Option<&Origin>) {
    let label = origin.and_then(Origin::label);
    let dial = origin.map(Origin::dial).map(tracing::field::display);
    tracing::info!(
        label,
        dial,
        status = status.as_u16(),
        "response discarded: trying the next origin"
    );
}
