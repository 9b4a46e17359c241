//! `LastFailures`: an observer that keeps the last failures for the status page.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use cdn_origin::{
    error::Fault,
    observe::{ExchangeInfo, Observer},
};

/// How many failures are kept.
const KEPT: usize = 20;

/// A request that failed, for another reason than its client.
#[derive(Clone)]
pub(crate) struct Failure {
    pub(crate) at: SystemTime,
    pub(crate) title: String,
    pub(crate) report: String,
}

/// The last failures, the newest last.
#[derive(Default)]
pub(crate) struct LastFailures(Mutex<VecDeque<Failure>>);

impl LastFailures {
    pub(crate) fn newest_first(&self) -> Vec<Failure> {
        let failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.iter().rev().cloned().collect()
    }
}

/// The app reads what the connector's observer keeps.
impl Observer for Shared {
    fn request_completed(&self, exchange: &ExchangeInfo) {
        let Some(error) = exchange.error() else {
            return;
        };
        if error.fault() == Fault::Client {
            return;
        }
        let status = exchange
            .status()
            .map_or_else(|| "aborted".into(), |it| it.to_string());
        let failure = Failure {
            at: SystemTime::now(),
            title: format!("{} {status}: {error}", exchange.method()),
            report: error.report().to_string(),
        };
        let mut failures = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= KEPT {
            failures.pop_front();
        }
        failures.push_back(failure);
    }
}

/// The same failures, as an observer.
pub(crate) struct Shared(pub(crate) Arc<LastFailures>);
