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

/// Why an origin gets a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Admission {
    InOrder,
    /// The one trial request at a time of an ejected origin.
    Trial,
    /// All origins are ejected.
    LastResort,
}

/// The failures and the phase of an origin.
#[derive(Debug, Default)]
pub(super) struct Health {
    phase: Phase,
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
            Phase::Serving => Some(Admission::InOrder),
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
                    Admission::Trial
                })
            }
        }
    }

    /// Records an outcome. Requests that began before an ejection no longer count.
    pub(super) fn report(
        &mut self,
        admission: Admission,
        signal: HealthSignal,
        settings: &Ejection,
        now: Instant,
    ) {
        self.requests += 1;
        self.end(admission);
        match signal {
            HealthSignal::None => {}
            HealthSignal::Success => {
                self.consecutive_failures = 0;
                self.succeeded(admission, settings);
            }
            HealthSignal::Failure => {
                self.failures += 1;
                self.consecutive_failures = self.consecutive_failures.saturating_add(1);
                self.failed(admission, settings, now);
            }
        }
    }

    /// Ends a trial, whatever its outcome.
    pub(super) fn end(&mut self, admission: Admission) {
        if let (Admission::Trial, Phase::Out { on_trial, .. }) = (admission, &mut self.phase) {
            *on_trial = false;
        }
    }

    fn succeeded(&mut self, admission: Admission, settings: &Ejection) {
        if let (Admission::Trial, Phase::Out { trials, .. }) = (admission, &mut self.phase) {
            let good = trials.unwrap_or_default() + 1;
            *trials = Some(good);
            if good >= settings.trials {
                self.phase = Phase::Serving;
                self.in_a_row = 0;
            }
        }
    }

    fn failed(&mut self, admission: Admission, settings: &Ejection, now: Instant) {
        let ejected = match (&self.phase, admission) {
            (Phase::Serving, _) => self.consecutive_failures >= settings.failures,
            (Phase::Out { .. }, admission) => admission == Admission::Trial,
        };
        if !ejected {
            return;
        }
        self.ejections += 1;
        self.in_a_row = self.in_a_row.saturating_add(1);
        let time = settings.time_of(self.in_a_row);
        self.phase = Phase::Out {
            until: now + time,
            time,
            trials: None,
            on_trial: false,
        };
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
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn settings() -> Ejection {
        Ejection::default()
            .failures(2)
            .time(SECOND)
            .longest(3 * SECOND)
            .trials(2)
    }

    fn fail(health: &mut Health, admission: Admission, now: Instant) {
        health.report(admission, HealthSignal::Failure, &settings(), now);
    }

    fn succeed(health: &mut Health, admission: Admission, now: Instant) {
        health.report(admission, HealthSignal::Success, &settings(), now);
    }

    fn ejected(now: Instant) -> Health {
        let mut health = Health::default();
        fail(&mut health, Admission::InOrder, now);
        fail(&mut health, Admission::InOrder, now);
        assert_eq!(health.snapshot().state(), OriginState::Ejected);
        health
    }

    #[test]
    fn only_failures_in_a_row_eject() {
        let now = Instant::now();
        let mut health = Health::default();
        for _ in 0..5 {
            fail(&mut health, Admission::InOrder, now);
            succeed(&mut health, Admission::InOrder, now);
        }
        assert_eq!(health.snapshot().state(), OriginState::Serving);
        fail(&mut health, Admission::InOrder, now);
        health.report(Admission::InOrder, HealthSignal::None, &settings(), now);
        fail(&mut health, Admission::InOrder, now);
        assert_eq!(health.snapshot().state(), OriginState::Ejected);
    }

    #[test]
    fn an_origin_returns_by_one_trial_at_a_time() {
        let now = Instant::now();
        let mut health = ejected(now);
        assert_eq!(health.admit(true, now), None);
        let later = now + SECOND;
        assert_eq!(health.admit(true, later), Some(Admission::Trial));
        assert_eq!(health.admit(true, later), None);
        succeed(&mut health, Admission::Trial, later);
        assert_eq!(health.snapshot().state(), OriginState::Returning);
        assert_eq!(health.admit(true, later), Some(Admission::Trial));
        succeed(&mut health, Admission::Trial, later);
        assert_eq!(health.admit(true, later), Some(Admission::InOrder));
    }

    #[test]
    fn a_trial_that_was_given_up_leaves_room_for_the_next() {
        let now = Instant::now();
        let mut health = ejected(now);
        assert_eq!(health.admit(true, now + SECOND), Some(Admission::Trial));
        health.end(Admission::Trial);
        assert_eq!(health.admit(true, now + SECOND), Some(Admission::Trial));
    }

    #[test]
    fn each_ejection_in_a_row_is_longer_up_to_a_limit() {
        let mut now = Instant::now();
        let mut health = ejected(now);
        for seconds in [1, 2, 3, 3] {
            let almost = now + seconds * SECOND - SECOND / 10;
            assert_eq!(health.admit(true, almost), None);
            now += seconds * SECOND;
            assert_eq!(health.admit(true, now), Some(Admission::Trial));
            fail(&mut health, Admission::Trial, now);
        }
        assert_eq!(health.snapshot().ejections(), 5);
    }

    #[test]
    fn what_cannot_be_sent_again_is_no_trial_until_twice_the_time() {
        let now = Instant::now();
        let mut health = ejected(now);
        assert_eq!(health.admit(false, now + SECOND), None);
        assert_eq!(
            health.admit(false, now + 2 * SECOND),
            Some(Admission::Trial)
        );
    }

    #[test]
    fn what_began_before_the_ejection_says_nothing() {
        let now = Instant::now();
        let mut health = ejected(now);
        fail(&mut health, Admission::InOrder, now);
        succeed(&mut health, Admission::InOrder, now);
        assert_eq!(health.snapshot().state(), OriginState::Ejected);
        assert_eq!(health.snapshot().ejections(), 1);
    }
}
