//! Reports the outcome of a connect to observers.

use std::time::SystemTime;

use crate::{
    error::{Error, Facts, Stage},
    observe::Observers,
};

use super::OriginStream;

/// A certificate with at most this many days left is reported.
const EXPIRING: i64 = 14;

/// Reports how a connect ended.
pub(super) fn report_connect(observers: &Observers, outcome: &Result<OriginStream, Error>) {
    if observers.is_empty() {
        return;
    }
    match outcome {
        Ok(stream) => {
            let facts = stream.info().facts();
            observers.notify(|observer| observer.connected(facts));
            if let Some(days_left) = days_left(facts).filter(|days| *days <= EXPIRING) {
                observers.notify(|observer| observer.certificate_expiring(facts, days_left));
            }
        }
        Err(error) if error.stage() == Stage::Handshake => {
            observers.notify(|observer| observer.handshake_failed(error));
        }
        Err(error) => observers.notify(|observer| observer.connect_failed(error)),
    }
}

/// The days left of the certificate that was accepted.
fn days_left(facts: &Facts) -> Option<i64> {
    facts.certificate()?.days_left(SystemTime::now())
}
