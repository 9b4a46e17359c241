//! What whoever runs the proxy reads of a failure.

use http::StatusCode;

use crate::{
    error::{Error, ErrorKind, Fault},
    origin::Origin,
};

/// In the extensions of a request: a group tells of its failures, because it knows which of them
/// the client gets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoggedByGroup;

/// A failure that the client gets. What a client got wrong is no news to whoever runs the proxy,
/// nor that it is draining.
pub(crate) fn answered(error: &Error) {
    match error.fault() {
        Fault::Client => tracing::debug!(%error, "refused"),
        _ if error.kind() == ErrorKind::Draining => tracing::debug!(%error, "refused"),
        _ => tracing::warn!(%error, diagnosis = %error.diagnosis(), "request failed"),
    }
}

/// A client asked for another protocol, and gets an ordinary answer. Which one is not told: it is a
/// field of the client's.
pub(crate) fn upgrade_ignored() {
    tracing::debug!(
        "an upgrade is not passed on: `OriginProxy::upgrades` does not allow its protocol"
    );
}

/// A response that had begun and breaks off: the client sees that it is not whole, and nothing
/// else.
pub(crate) fn cut_off(error: &Error) {
    match error.fault() {
        Fault::Client => tracing::debug!(%error, "response left unread"),
        _ => tracing::warn!(%error, diagnosis = %error.diagnosis(), "response cut off"),
    }
}

/// A failure in place of which another origin is asked.
pub(crate) fn sought_elsewhere(error: &Error) {
    tracing::info!(%error, diagnosis = %error.diagnosis(), "request failed: the next origin is asked");
}

/// A response in place of which another origin is asked.
pub(crate) fn unwanted(status: StatusCode, origin: Option<&Origin>) {
    let origin = origin.map(Origin::host).map(tracing::field::display);
    tracing::info!(
        origin,
        status = status.as_u16(),
        "response not passed on: the next origin is asked"
    );
}
