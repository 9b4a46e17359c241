//! The health of an origin: ejection and return. Reads no clock.

use std::time::Duration;

use tokio::time::Instant;

use super::Ejection;

/// The health of one origin of a group: its state now, and its counters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OriginHealth {
    state: OriginState,
    consecutive_failures: u32,
    requests: u64,
    failures: u64,
    ejections: u64,
}

impl OriginHealth {
    /// Returns whether the origin gets requests.
    ///
    /// ```
    /// # fn alert(health: cdn_origin::group::OriginHealth) {
    /// use cdn_origin::group::OriginState;
    ///
    /// if health.state() == OriginState::Ejected {
    ///     println!("ejected after {} failures", health.consecutive_failures());
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn state(&self) -> OriginState {
        self.state
    }

    /// Returns the number of failures since the last success.
    ///
    /// ```
    /// # fn log(health: cdn_origin::group::OriginHealth) {
    /// println!("{}", health.consecutive_failures());
    /// # }
    /// ```
    #[must_use]
    pub fn consecutive_failures(&self) -> u32 {
        self.consecutive_failures
    }

    /// Counter: requests that were sent to the origin.
    ///
    /// ```
    /// # fn log(health: cdn_origin::group::OriginHealth) {
    /// println!("{}", health.requests());
    /// # }
    /// ```
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Counter: requests that failed at the origin, or while connecting to it.
    ///
    /// ```
    /// # fn log(health: cdn_origin::group::OriginHealth) {
    /// println!("{}", health.failures());
    /// # }
    /// ```
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Counter: ejections of the origin.
    ///
    /// ```
    /// # fn log(health: cdn_origin::group::OriginHealth) {
    /// println!("{}", health.ejections());
    /// # }
    /// ```
    #[must_use]
    pub fn ejections(&self) -> u64 {
        self.ejections
    }
}

/// Whether an origin of a group gets requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OriginState {
    /// It gets requests in its order.
    Serving,
    /// It has failed too often, and gets no requests for a while.
    Ejected,
    /// It gets one trial request at a time.
    Returning,
}

/// What an outcome means for the health of the origin.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum HealthSignal {
    Success,
    Failure,
    /// The outcome does not depend on the origin.
    None,
}

/// A request that an origin gets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Admission {
    /// The period of the origin's health in which the request began.
    period: u64,
    /// Whether it is the one trial request at a time of an ejected origin.
    is_trial: bool,
}

/// The failures and the phase of an origin.
#[derive(Debug, Default)]
pub(super) struct Health {
    phase: Phase,
    /// Counts the ejections and returns. A request that began in an earlier period does not count:
    /// its origin was ejected, or returned, since.
    period: u64,
    consecutive_failures: u32,
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
    /// Ejected, and then tried.
    Out {
        until: Instant,
        /// The length of the ejection.
        time: Duration,
        /// Successful trials, once there was a trial.
        trials: Option<u32>,
        on_trial: bool,
    },
}

impl Health {
    /// Whether the origin gets a request. A request that cannot be repeated becomes a trial only
    /// after twice the ejection time.
    pub(super) fn admit(&mut self, repeatable: bool, now: Instant) -> Option<Admission> {
        match &mut self.phase {
            Phase::Serving => Some(self.admit_anyway()),
            Phase::Out { on_trial: true, .. } => None,
            Phase::Out {
                until,
                time,
                trials,
                on_trial,
            } => {
                let due = match repeatable {
                    true => now >= *until,
                    false => now.saturating_duration_since(*until) >= *time,
                };
                due.then(|| {
                    trials.get_or_insert(0);
                    *on_trial = true;
                    Admission {
                        period: self.period,
                        is_trial: true,
                    }
                })
            }
        }
    }

    /// Gives the origin a request that is no trial, even if it is ejected.
    pub(super) fn admit_anyway(&self) -> Admission {
        Admission {
            period: self.period,
            is_trial: false,
        }
    }

    /// Records an outcome. A request from an earlier period counts only in the totals.
    pub(super) fn report(
        &mut self,
        admission: Admission,
        signal: HealthSignal,
        settings: &Ejection,
        now: Instant,
    ) {
        self.requests += 1;
        self.failures += u64::from(signal == HealthSignal::Failure);
        if admission.period != self.period {
            return;
        }
        self.end(admission);
        match signal {
            HealthSignal::None => {}
            HealthSignal::Success => {
                self.consecutive_failures = 0;
                self.succeeded(admission, settings);
            }
            HealthSignal::Failure => {
                self.consecutive_failures = self.consecutive_failures.saturating_add(1);
                self.failed(admission, settings, now);
            }
        }
    }

    /// Ends a trial, whatever its outcome.
    pub(super) fn end(&mut self, admission: Admission) {
        if let Phase::Out { on_trial, .. } = &mut self.phase
            && admission.is_trial
            && admission.period == self.period
        {
            *on_trial = false;
        }
    }

    fn succeeded(&mut self, admission: Admission, settings: &Ejection) {
        if let Phase::Out { trials, .. } = &mut self.phase
            && admission.is_trial
        {
            let good = trials.unwrap_or_default() + 1;
            *trials = Some(good);
            if good >= settings.trials {
                self.in_a_row = 0;
                self.begin(Phase::Serving);
            }
        }
    }

    fn failed(&mut self, admission: Admission, settings: &Ejection, now: Instant) {
        let ejected = match self.phase {
            Phase::Serving => self.consecutive_failures >= settings.failures,
            Phase::Out { .. } => admission.is_trial,
        };
        if !ejected {
            return;
        }
        self.ejections += 1;
        self.in_a_row = self.in_a_row.saturating_add(1);
        let time = settings.time_of(self.in_a_row);
        self.begin(Phase::Out {
            until: now + time,
            time,
            trials: None,
            on_trial: false,
        });
    }

    /// Begins a period.
    fn begin(&mut self, phase: Phase) {
        self.phase = phase;
        self.period += 1;
    }

    pub(super) fn snapshot(&self) -> OriginHealth {
        OriginHealth {
            state: match self.phase {
                Phase::Serving => OriginState::Serving,
                Phase::Out { trials: None, .. } => OriginState::Ejected,
                Phase::Out { .. } => OriginState::Returning,
            },
            consecutive_failures: self.consecutive_failures,
            requests: self.requests,
            failures: self.failures,
            ejections: self.ejections,
        }
    }
}

#[cfg(test)]
mod tests;
