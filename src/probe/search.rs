//! Makes attempts in turn, each one change away from the best so far.
//!
//! ```text
//! configured ──> best ──changes_after()──> attempt, attempt, ...
//!                 ^                           │
//!                 │      is_proof(): it got further, and far enough
//!                 │                           v
//!                 │                     may the failure of `best` be chance?
//!                 │                       no                  yes: make `best` again
//!                 │                       v                     v
//!                 │          the cause is proved          it fails again: proved
//!                 └────────── new best <──┴──────────────── it gets further: chance
//! ```
//!
//! The search ends when an attempt succeeds, no change gets further, or a limit is reached: the
//! number of attempts, or the time of all of them. Between attempts there is a pause.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    connector::{CdnOriginBuilder, CdnOriginConnector},
    diagnosis::{Cause, CauseId, Certainty, Diagnosis, FixKind},
    error::Error,
    origin::Origin,
};

use super::{
    Findings, ProbeAttempt,
    attempt::Step,
    attempt_result::AttemptResult,
    candidates::{changes_after, pairs_after},
    combination::Combination,
    compare_hosts::{ByHost, compare_hosts, made_up_host},
    conclusion::remaining_of,
    deduce_cause::{is_proof, may_be_chance, proved_cause},
    probe_settings::ProbeSettings,
    progress::Progress,
    run_attempt::exchange,
    setting_change::SettingChange,
};

/// The longest total time, so that adding it to the clock cannot overflow.
const MAX_TIMEOUT: Duration = Duration::from_secs(50 * 365 * 24 * 3600);

/// A probe that is running: the attempts so far and the best of them.
pub(super) struct Search {
    /// A builder with everything that the probed connector was built with.
    ///
    /// Cloned for each attempt.
    builder: CdnOriginBuilder,
    settings: ProbeSettings,
    /// Of all attempts together.
    deadline: Instant,
    attempts: Vec<ProbeAttempt>,
    /// The index of the attempt from which the next changes are made.
    best: usize,
    /// The causes that changes have proved by getting further.
    proved: Vec<Cause>,
}

/// What follows from trying the changes to the best attempt.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum SearchStep {
    /// A change got further: there is a new best attempt.
    ///
    /// The next step starts from it.
    Further,
    /// No change got further, or a limit was reached.
    Finished,
}

/// Whether the best attempt fails each time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stability {
    /// It fails each time, with this certainty.
    Fails(Certainty),
    /// Its failure was chance: the attempt with this index got further without a change.
    ///
    /// The peer fails now and then, so nothing is proved.
    Chance(usize),
}

impl Search {
    pub(super) fn new(builder: CdnOriginBuilder, settings: ProbeSettings) -> Self {
        Self {
            builder,
            deadline: Instant::now() + settings.timeout.min(MAX_TIMEOUT),
            settings,
            attempts: Vec::new(),
            best: 0,
            proved: Vec::new(),
        }
    }

    /// Tries the configured combination, then changes, until one succeeds or none gets further.
    pub(super) async fn run(&mut self, configured: Combination) {
        self.attempt(configured, Step::Configured).await;
        while self
            .best()
            .is_some_and(|best| best.progress() < Progress::Success)
        {
            if self.step().await == SearchStep::Finished {
                break;
            }
        }
        self.compare_hosts().await;
    }

    /// Repeats an attempt that works with a made-up Host, unless another Host got another status
    /// already.
    async fn compare_hosts(&mut self) {
        let best = self.best().filter(|best| best.works());
        let (Some(best), Some(made_up)) = (best, made_up_host()) else {
            return;
        };
        if compare_hosts(&self.attempts, best) != Some(ByHost::Distinguished) {
            let combination = best.combination.with(&made_up);
            self.attempt(combination, Step::MadeUpHost).await;
        }
    }

    fn best(&self) -> Option<&ProbeAttempt> {
        self.attempts.get(self.best)
    }

    /// Tries the changes to the best attempt until one proves that it was needed.
    ///
    /// Finds at most one change that gets further: the next one is compared with that.
    async fn step(&mut self) -> SearchStep {
        let Some(best) = self.best().cloned() else {
            return SearchStep::Finished;
        };
        let changes = changes_after(&best, &self.settings.names);
        if self.try_each(changes, &best).await == SearchStep::Further {
            return SearchStep::Further;
        }
        let pairs = pairs_after(&best, &self.attempts, &self.settings.names);
        self.try_each(pairs, &best).await
    }

    async fn try_each(&mut self, changes: Vec<SettingChange>, best: &ProbeAttempt) -> SearchStep {
        for change in changes {
            let combination = best.combination.with(&change);
            if self.was_tried(&combination) || self.refutes(&change, best) {
                continue;
            }
            let Some(changed) = self
                .attempt(combination, Step::Changed(change.clone()))
                .await
            else {
                return SearchStep::Finished;
            };
            if !is_proof(&change, best, &self.attempts[changed]) {
                continue;
            }
            match self.stability(best).await {
                Stability::Fails(certainty) => {
                    let after = &self.attempts[changed];
                    self.proved
                        .push(proved_cause(&change, best, after, certainty));
                    self.best = changed;
                }
                Stability::Chance(repeated) => self.best = repeated,
            }
            return SearchStep::Further;
        }
        SearchStep::Finished
    }

    /// Makes the best attempt again if its failure may have been chance.
    ///
    /// Only `Likely` if a limit leaves no attempt to find out.
    async fn stability(&mut self, best: &ProbeAttempt) -> Stability {
        if !may_be_chance(best) {
            return Stability::Fails(Certainty::Certain);
        }
        let combination = best.combination.clone();
        match self.attempt(combination, Step::Repeated).await {
            Some(repeated) if self.attempts[repeated].progress() > best.progress() => {
                Stability::Chance(repeated)
            }
            Some(_) => Stability::Fails(Certainty::Certain),
            None => Stability::Fails(Certainty::Likely),
        }
    }

    /// With the same settings, the result would be the same.
    fn was_tried(&self, combination: &Combination) -> bool {
        let mut tried = self.attempts.iter();
        tried.any(|attempt| attempt.combination == *combination)
    }

    /// Whether the change can no longer be the fix: with another name in SNI, the same ClientHello
    /// got a certificate in place of an alert, so its protocols, groups and versions are accepted.
    fn refutes(&self, change: &SettingChange, best: &ProbeAttempt) -> bool {
        let is_about_hello = matches!(
            change,
            SettingChange::Alpn(_) | SettingChange::Groups(_) | SettingChange::Versions(..)
        );
        let is_by_name = |attempt: &ProbeAttempt| match &attempt.step {
            Step::Changed(SettingChange::Sni(sni)) if sni.name().is_some() => {
                let by_name = best.combination.with(&SettingChange::Sni(sni.clone()));
                attempt.combination == by_name
                    && attempt.progress() >= Progress::CertificateReceived
            }
            _ => false,
        };
        is_about_hello
            && best.progress() == Progress::Answered
            && self.attempts.iter().any(is_by_name)
    }

    /// Makes an attempt and returns its index; `None` if a limit was reached.
    ///
    /// The first one has no pause.
    async fn attempt(&mut self, combination: Combination, step: Step) -> Option<usize> {
        if self.attempts.len() >= self.settings.max_attempts {
            return None;
        }
        if !self.attempts.is_empty() {
            sleep(self.settings.pause.min(self.time_left())).await;
            if self.time_left().is_zero() {
                return None;
            }
        }
        // Not one deadline for the whole attempt: it could not say at which stage the peer stalls.
        let limit = self.settings.attempt_timeout.min(self.time_left());
        let result = match exchange(self.builder.clone(), &combination, limit).await {
            Ok(result) => result,
            Err(error) => AttemptResult::Error(about(error, &combination)),
        };
        let attempt = ProbeAttempt {
            combination,
            step,
            result,
        };
        (self.settings.on_attempt)(&attempt);
        self.attempts.push(attempt);
        Some(self.attempts.len() - 1)
    }

    fn time_left(&self) -> Duration {
        self.deadline.duration_since(Instant::now())
    }

    pub(super) fn into_findings(self, connector: CdnOriginConnector) -> Findings {
        let best = self.best();
        let furthest = furthest(&self.attempts, self.best);
        let mut remaining = best
            .map(|best| remaining_of(&self.attempts, best))
            .unwrap_or_default();
        // It has a failure of its own, which is the next to fix.
        if furthest != self.best
            && let Some(attempt) = self.attempts.get(furthest)
        {
            remaining = remaining.and_of(remaining_of(&self.attempts, attempt));
        }
        let by_host = best.and_then(|best| compare_hosts(&self.attempts, best));
        let most = match by_host {
            Some(ByHost::Alike) => Certainty::Possible,
            None if best.is_some_and(ProbeAttempt::works) => Certainty::Likely,
            _ => Certainty::Certain,
        };
        let proved = self.proved.into_iter();
        // Without SNI and with any Host, nothing has named the site. And a server that answers any
        // Host is not the one of the Host that failed, whose servers may be down.
        let proved = proved.map(|cause| {
            let omits_sni = cause.fix_kinds().any(|fix| *fix == FixKind::OmitSni);
            match omits_sni || cause.id() == CauseId::HostNotServed {
                true => cause.at_most(most),
                false => cause,
            }
        });
        let proved = Diagnosis::ranked(proved.collect());
        let written_in = connector.origin().map(Origin::written_in);
        let written_in = written_in.unwrap_or_default();
        Findings {
            connector,
            remaining: remaining.written_in(written_in),
            proved: proved.written_in(written_in),
            best: furthest,
            by_host,
            attempts: self.attempts,
        }
    }
}

/// The index of the attempt that proved most: `best`, unless another one got further without proof.
fn furthest(attempts: &[ProbeAttempt], best: usize) -> usize {
    let progress = |index: usize| attempts.get(index).map(ProbeAttempt::progress);
    if progress(best) >= Some(Progress::SiteError) {
        return best;
    }
    let further = |so_far: usize, index: usize| match progress(index) > progress(so_far) {
        true => index,
        false => so_far,
    };
    (0..attempts.len()).fold(best, further)
}

/// Adds the four names of a combination to its error.
fn about(error: Error, combination: &Combination) -> Error {
    let origin = Arc::new(combination.origin());
    error.about(origin.host().clone(), &origin)
}
