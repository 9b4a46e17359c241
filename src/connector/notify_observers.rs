//! Reports the outcome of a connect or a reload to observers.

use std::time::{Duration, SystemTime};

use crate::{
    error::{BuildError, Error, Facts},
    observe::Observers,
    origin::Origin,
};

use super::OriginStream;

/// Reports a reload that changed something, or failed.
pub(super) fn report_reload(
    observers: &Observers,
    origin: Option<&Origin>,
    reloaded: &Result<bool, BuildError>,
) {
    match reloaded {
        Ok(true) => observers.notify(|observer| observer.reloaded(origin)),
        Ok(false) => {}
        Err(error) => observers.notify(|observer| observer.reload_failed(origin, error)),
    }
}

/// Reports how a connect ended, and a certificate that expires within `notice`.
pub(super) fn report_connect(
    observers: &Observers,
    outcome: &Result<OriginStream, Error>,
    notice: Duration,
) {
    if observers.is_empty() {
        return;
    }
    match outcome {
        Ok(stream) => {
            let facts = stream.info().facts();
            observers.notify(|observer| observer.connected(facts));
            if let Some(days_left) = expires_in(facts, notice) {
                observers.notify(|observer| observer.certificate_expiring(facts, days_left));
            }
        }
        Err(error) => observers.notify(|observer| observer.connect_failed(error)),
    }
}

/// The days left of the certificate that was accepted, if it expires within `notice`. Zero turns
/// that off, even for a certificate that is accepted after its expiry.
fn expires_in(facts: &Facts, notice: Duration) -> Option<i64> {
    let (leaf, now) = (facts.certificate()?, SystemTime::now());
    let is_due = match leaf.not_after()?.duration_since(now) {
        Ok(left) => left < notice,
        Err(_) => !notice.is_zero(),
    };
    leaf.days_left(now).filter(|_| is_due)
}
