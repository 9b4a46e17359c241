//! `EjectionState`: ejects a member that fails, and brings it back after trials. Reads no clock.
//!
//! ```text
//!              failures in a row                 time is over
//!   serving ───────────────────────> ejected ─────────────────> on trial
//!      ^                                ^                       │    │
//!      │ trials have succeeded, with    └───────────────────────┘    │
//!      │ a share that grows                  a trial has failed      │
//!      └─────────────────────────────────────────────────────────────┘
//! ```
//!
//! `GroupMember::checked` brings it back too, when health checks find it up again.
//! `attempt_outcome.rs` decides which outcomes are failures, such as a 5xx.

use std::time::Duration;

use tokio::time::Instant;

use crate::group::{Ejection, MemberState};

/// The pause between two requests to a member to which no connection can be opened, while others
/// of its tier serve.
const CONNECT_PAUSE: Duration = Duration::from_secs(1);

/// The share of its weight with which a member returns.
const MIN_SHARE: f64 = 0.1;

/// The failures and the phase of a member.
#[derive(Debug, Default)]
pub(crate) struct EjectionState {
    phase: Phase,
    /// Counts the ejections and returns. A request that began in an earlier period does not count:
    /// its member was ejected, or returned, since.
    period: u64,
    consecutive_failures: u32,
    /// After a failed connect: when the next request may try another.
    retry_at: Option<Instant>,
    /// Since when it has a growing share of the requests.
    returned_at: Option<Instant>,
    /// Ejections since it last served as usual.
    in_a_row: u32,
    requests: u64,
    failures: u64,
    ejections: u64,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Serving,
    /// Ejected, and then on trial.
    Ejected {
        until: Instant,
        /// The length of the ejection.
        time: Duration,
        /// Successful trials, once there was a trial.
        trials: Option<u32>,
        on_trial: bool,
    },
}

/// What an outcome means for the health of the member.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum HealthSignal {
    Success,
    /// A response has begun. Another signal follows when it ends.
    Begun,
    Failure,
    /// A failure: no connection could be opened.
    Unreachable,
    /// The outcome does not depend on the member.
    None,
}

impl HealthSignal {
    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::Failure | Self::Unreachable)
    }
}

/// Whether a member gets requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Availability {
    Serving,
    /// Its last connect failed: others of its tier are preferred.
    Unreachable,
    /// Ejected, on trial, or down by its health checks.
    Unavailable,
}

/// A request that a member gets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Admission {
    /// The period of the member's health in which the request began.
    period: u64,
    /// Whether it is the one trial request at a time of an ejected member.
    pub(super) is_trial: bool,
    /// Whether its response has begun. A trial ends then: bodies may be long.
    has_begun: bool,
}

impl Admission {
    /// The same request, whose response has begun.
    pub(crate) fn begun(self) -> Self {
        Self {
            has_begun: true,
            ..self
        }
    }
}

/// A change of a member's health.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum HealthChange {
    Ejected { failures: u32, time: Duration },
    Returned,
}

impl EjectionState {
    pub(crate) fn availability(&self) -> Availability {
        match self.phase {
            Phase::Serving if self.retry_at.is_some() => Availability::Unreachable,
            Phase::Serving => Availability::Serving,
            Phase::Ejected { .. } => Availability::Unavailable,
        }
    }

    pub(crate) fn is_ejected(&self) -> bool {
        self.availability() == Availability::Unavailable
    }

    /// Whether the last outcome of this period was a failure.
    pub(crate) fn is_failing(&self) -> bool {
        self.consecutive_failures > 0
    }

    /// Whether the member is due for a request that shows whether it is back. A request that cannot
    /// be repeated is taken only after twice the time.
    pub(crate) fn admit_if_due(&mut self, repeatable: bool, now: Instant) -> Option<Admission> {
        let period = self.period;
        let is_due = |at: Instant, time: Duration| match repeatable {
            true => now >= at,
            false => now.saturating_duration_since(at) >= time,
        };
        match &mut self.phase {
            Phase::Serving => is_due(self.retry_at?, CONNECT_PAUSE).then(|| {
                self.retry_at = Some(now + CONNECT_PAUSE);
                self.admit()
            }),
            Phase::Ejected { on_trial: true, .. } => None,
            Phase::Ejected {
                until,
                time,
                trials,
                on_trial,
            } => is_due(*until, *time).then(|| {
                trials.get_or_insert(0);
                *on_trial = true;
                Admission {
                    period,
                    is_trial: true,
                    has_begun: false,
                }
            }),
        }
    }

    /// Gives the member a request that is no trial, even if it is ejected.
    pub(crate) fn admit(&self) -> Admission {
        Admission {
            period: self.period,
            is_trial: false,
            has_begun: false,
        }
    }

    /// Records an outcome. A request from an earlier period counts only in the totals.
    ///
    /// `may_eject` tells whether the group allows another ejection.
    pub(crate) fn report(
        &mut self,
        admission: Admission,
        signal: HealthSignal,
        settings: &Ejection,
        may_eject: bool,
        now: Instant,
    ) -> Option<HealthChange> {
        self.requests += u64::from(signal != HealthSignal::Begun);
        self.failures += u64::from(signal.is_failure());
        if admission.period != self.period {
            return None;
        }
        self.end_trial(admission);
        match signal {
            HealthSignal::None => None,
            HealthSignal::Begun => {
                self.retry_at = None;
                self.return_after_trials(admission, settings, now)
            }
            HealthSignal::Success => {
                self.consecutive_failures = 0;
                self.retry_at = None;
                self.return_after_trials(admission, settings, now)
            }
            HealthSignal::Failure | HealthSignal::Unreachable => {
                self.consecutive_failures = self.consecutive_failures.saturating_add(1);
                if signal == HealthSignal::Unreachable {
                    self.retry_at.get_or_insert(now + CONNECT_PAUSE);
                }
                self.eject_after_failures(admission, settings, may_eject, now)
            }
        }
    }

    /// Ends a trial, whatever its outcome. That of a response that has begun is over.
    pub(crate) fn end_trial(&mut self, admission: Admission) {
        if let Phase::Ejected { on_trial, .. } = &mut self.phase
            && admission.is_trial
            && !admission.has_begun
            && admission.period == self.period
        {
            *on_trial = false;
        }
    }

    /// Counts a successful trial. The member returns after enough of them.
    fn return_after_trials(
        &mut self,
        admission: Admission,
        settings: &Ejection,
        now: Instant,
    ) -> Option<HealthChange> {
        let Phase::Ejected { trials, .. } = &mut self.phase else {
            return None;
        };
        if !admission.is_trial || admission.has_begun {
            return None;
        }
        let good = trials.unwrap_or_default() + 1;
        *trials = Some(good);
        (good >= settings.trials).then(|| {
            self.return_to_service(now);
            HealthChange::Returned
        })
    }

    /// Ejects the member after enough failures in a row, or after a failed trial.
    fn eject_after_failures(
        &mut self,
        admission: Admission,
        settings: &Ejection,
        may_eject: bool,
        now: Instant,
    ) -> Option<HealthChange> {
        let ejected = match self.phase {
            Phase::Serving => may_eject && self.consecutive_failures >= settings.failures,
            Phase::Ejected { .. } => admission.is_trial,
        };
        if !ejected {
            return None;
        }
        self.ejections += 1;
        self.in_a_row = self.in_a_row.saturating_add(1);
        let time = settings.time_of(self.in_a_row);
        self.begin(Phase::Ejected {
            until: now + time,
            time,
            trials: None,
            on_trial: false,
        });
        Some(HealthChange::Ejected {
            failures: self.consecutive_failures,
            time,
        })
    }

    /// The state of a member in place of this one, if this one is ejected or cannot be reached: a
    /// trial is due at once. What has changed may be the reason why it failed.
    #[cfg(feature = "serde")]
    pub(crate) fn handed_over(&self, now: Instant) -> Option<Self> {
        let phase = match self.phase {
            Phase::Serving => Phase::Serving,
            Phase::Ejected { time, .. } => Phase::Ejected {
                until: now,
                time,
                trials: None,
                on_trial: false,
            },
        };
        let is_out = self.availability() != Availability::Serving;
        is_out.then(|| Self {
            phase,
            retry_at: self.retry_at.map(|_| now),
            consecutive_failures: self.consecutive_failures,
            in_a_row: self.in_a_row,
            ..Self::default()
        })
    }

    /// Serves again, with a share that grows.
    pub(crate) fn return_to_service(&mut self, now: Instant) {
        self.in_a_row = 0;
        self.consecutive_failures = 0;
        self.retry_at = None;
        self.returned_at = Some(now);
        self.begin(Phase::Serving);
    }

    /// Begins a period.
    fn begin(&mut self, phase: Phase) {
        self.phase = phase;
        self.period += 1;
    }

    /// The share of its weight that counts: less than one for some time after its return.
    pub(crate) fn share(&mut self, slow_start: Duration, now: Instant) -> f64 {
        let Some(returned) = self.returned_at else {
            return 1.0;
        };
        let since = now.saturating_duration_since(returned);
        if since >= slow_start {
            self.returned_at = None;
            return 1.0;
        }
        MIN_SHARE + (1.0 - MIN_SHARE) * since.as_secs_f64() / slow_start.as_secs_f64()
    }

    pub(crate) fn state(&self) -> MemberState {
        match self.phase {
            Phase::Serving => MemberState::Serving,
            Phase::Ejected { trials: None, .. } => MemberState::Ejected,
            Phase::Ejected { .. } => MemberState::Returning,
        }
    }

    /// Failures since the last success; requests, failures and ejections in total.
    pub(crate) fn counters(&self) -> (u32, u64, u64, u64) {
        let Self {
            consecutive_failures,
            requests,
            failures,
            ejections,
            ..
        } = *self;
        (consecutive_failures, requests, failures, ejections)
    }
}
