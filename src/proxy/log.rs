//! What whoever runs the proxy reads of a failure.

use crate::error::{Error, ErrorKind, Fault};

/// In the extensions of a request: a group tells of its failures, because it knows which of them the visitor gets.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToldByGroup;

/// A failure that the visitor gets. What a visitor got wrong is no news to whoever runs the proxy, nor that it is draining.
pub(super) fn answered(error: &Error) {
    match error.fault() {
        Fault::Client => tracing::debug!(%error, "refused"),
        _ if error.kind() == ErrorKind::Draining => tracing::debug!(%error, "refused"),
        _ => tracing::warn!(%error, diagnosis = %error.diagnosis(), "request not forwarded"),
    }
}

/// A failure in place of which another origin is asked.
pub(super) fn sought_elsewhere(error: &Error) {
    tracing::info!(
        %error,
        diagnosis = %error.diagnosis(),
        "request not forwarded: the next origin is asked"
    );
}
