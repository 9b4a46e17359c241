//! Makes attempts in turn, each one change away from the best so far.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep, timeout_at};

use crate::{
    connector::{CdnOriginBuilder, CdnOriginConnector},
    diagnosis::Diagnosis,
    error::{Error, ErrorKind, Facts, Stage},
};

use super::{
    Findings, ProbeAttempt,
    attempt::{AttemptProgress, AttemptResult},
    candidates::{change_of_fix, changes_after},
    change::Change,
    combination::Combination,
    exchange::exchange,
    proof::proved_cause,
    settings::ProbeSettings,
};

/// The longest total time, so that adding it to the clock cannot overflow.
const MAX_TIMEOUT: Duration = Duration::from_secs(50 * 365 * 24 * 3600);

/// A probe that is running: the attempts so far and the best of them.
pub(super) struct Search {
    /// A builder with everything that the probed connector was built with.
    builder: CdnOriginBuilder,
    settings: ProbeSettings,
    deadline: Instant,
    attempts: Vec<ProbeAttempt>,
    /// The index of the attempt that got furthest.
    best: usize,
    /// The changes that got further, each with the combination before it.
    proofs: Vec<(Combination, Change)>,
}

/// What follows from trying the changes to the best attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum SearchStep {
    /// A change got further: there is a new best attempt.
    Further,
    /// No change got further, or a limit was reached.
    Finished,
}

impl Search {
    pub(super) fn new(builder: CdnOriginBuilder, settings: ProbeSettings) -> Self {
        Self {
            builder,
            deadline: Instant::now() + settings.timeout.min(MAX_TIMEOUT),
            settings,
            attempts: Vec::new(),
            best: 0,
            proofs: Vec::new(),
        }
    }

    /// Tries the configured combination, then changes, until one succeeds or none gets further.
    pub(super) async fn run(&mut self, configured: Combination) {
        self.attempt(configured, None).await;
        while self
            .best()
            .is_some_and(|best| best.progress() < AttemptProgress::Success)
        {
            if self.step().await == SearchStep::Finished {
                return;
            }
        }
    }

    fn best(&self) -> Option<&ProbeAttempt> {
        self.attempts.get(self.best)
    }

    /// Tries the changes to the best attempt until one gets further.
    async fn step(&mut self) -> SearchStep {
        let Some(best) = self.best().cloned() else {
            return SearchStep::Finished;
        };
        for change in changes_after(&best, &self.settings.names) {
            let combination = best.combination.with(&change);
            if self.was_tried(&combination) {
                continue;
            }
            if self.attempts.len() >= self.settings.max_attempts {
                return SearchStep::Finished;
            }
            let left = self.deadline.duration_since(Instant::now());
            sleep(self.settings.pause.min(left)).await;
            if Instant::now() >= self.deadline {
                return SearchStep::Finished;
            }
            let progress = self.attempt(combination, Some(change.clone())).await;
            if progress > best.progress() {
                self.best = self.attempts.len() - 1;
                self.proofs.push((best.combination, change));
                return SearchStep::Further;
            }
        }
        SearchStep::Finished
    }

    fn was_tried(&self, combination: &Combination) -> bool {
        let mut tried = self.attempts.iter();
        tried.any(|attempt| attempt.combination == *combination)
    }

    async fn attempt(
        &mut self,
        combination: Combination,
        change: Option<Change>,
    ) -> AttemptProgress {
        let exchange = exchange(
            self.builder.clone(),
            &combination,
            self.settings.response_timeout,
        );
        let result = match timeout_at(self.deadline, exchange).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => AttemptResult::Error(about(error, &combination)),
            Err(_elapsed) => AttemptResult::Error(self.timed_out(&combination)),
        };
        let attempt = ProbeAttempt {
            combination,
            change,
            result,
        };
        (self.settings.on_attempt)(&attempt);
        let progress = attempt.progress();
        self.attempts.push(attempt);
        progress
    }

    fn timed_out(&self, combination: &Combination) -> Error {
        let facts = Facts::default().after(self.settings.timeout);
        let error = Error::new(ErrorKind::TimedOut, Stage::Receive, facts);
        about(error, combination)
    }

    pub(super) fn into_findings(self, connector: CdnOriginConnector) -> Findings {
        let proofs = self.proofs.iter();
        let causes = proofs.map(|(before, change)| proved_cause(change, before));
        let proved = Diagnosis::ranked(causes.collect());
        let remaining = self.best().map(|best| self.remaining(best));
        Findings {
            connector,
            proved,
            remaining: remaining.unwrap_or_default(),
            attempts: self.attempts,
            best: self.best,
        }
    }

    /// What may still be wrong with the best attempt.
    ///
    /// Fixes that were tried on it are left out: none of them got further.
    fn remaining(&self, best: &ProbeAttempt) -> Diagnosis {
        best.diagnosis().without(|fix| {
            let tried = change_of_fix(fix).map(|change| best.combination.with(&change));
            tried.is_some_and(|tried| self.was_tried(&tried))
        })
    }
}

/// Adds the four names of a combination to its error.
fn about(error: Error, combination: &Combination) -> Error {
    let origin = Arc::new(combination.origin());
    error.about(origin.host().clone(), &origin)
}
