//! The log events of failures.

use http::StatusCode;

use crate::{
    error::{Error, ErrorKind, Fault},
    origin::Origin,
};

/// Logs a failure that the client gets: at debug if the client caused it or the proxy drains, else
/// as a warning.
pub(crate) fn request_failed(error: &Error) {
    match error.fault() {
        Fault::Client => tracing::debug!(%error, "request refused"),
        _ if error.kind() == ErrorKind::Draining => tracing::debug!(%error, "request refused"),
        _ => tracing::warn!(%error, diagnosis = %error.diagnosis(), "request failed"),
    }
}

/// Logs that an upgrade goes on as an ordinary request. The protocol is left out: it is the value
/// of a client's field.
pub(crate) fn upgrade_ignored() {
    tracing::debug!("upgrade ignored: `OriginProxy::upgrades` does not allow its protocol");
}

/// Logs a response that is aborted after it has begun. The client sees only that it is
/// incomplete.
pub(crate) fn response_aborted(error: &Error) {
    match error.fault() {
        Fault::Client => tracing::debug!(%error, "client stopped reading the response"),
        _ => tracing::warn!(%error, diagnosis = %error.diagnosis(), "response aborted"),
    }
}

/// Logs a failure after which another origin is tried.
pub(crate) fn failed_over(error: &Error) {
    tracing::info!(
        %error,
        diagnosis = %error.diagnosis(),
        "request failed: trying the next origin"
    );
}

/// Logs a response that is discarded for that of another origin.
pub(crate) fn failed_over_on_status(status: StatusCode, origin: Option<&Origin>) {
    let origin = origin.map(Origin::host).map(tracing::field::display);
    tracing::info!(
        origin,
        status = status.as_u16(),
        "response discarded: trying the next origin"
    );
}
