//! Whether an origin is asked: what its answers say of it. Reads no clock.

use std::time::Duration;

use tokio::time::Instant;

use super::Ejection;

/// What a group thinks of one of its origins at a moment, and what it has seen so far.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OriginHealth {
    /// Whether it is asked.
    pub standing: OriginStanding,
    /// Failures since its last success.
    pub consecutive_failures: u32,
    /// Counter: requests that it was given.
    pub requests: u64,
    /// Counter: those of them that failed by its fault, or on the way to it.
    pub failures: u64,
    /// Counter: how often it was ejected.
    pub ejections: u64,
}

/// Whether an origin of a group is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OriginStanding {
    /// It is asked in its turn.
    Serving,
    /// It has failed too often, and is left alone for a while.
    Ejected,
    /// It is tried with one request at a time.
    Returning,
}

/// How an origin has done with a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Good,
    Bad,
    /// It says nothing of the origin.
    Neither,
}

/// On what terms an origin is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    InOrder,
    /// The one request at a time by which it returns.
    Trial,
    /// There is no other.
    LastResort,
}

/// What is remembered of an origin.
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
        /// How long that is.
        time: Duration,
        /// Trials that went well, once there was one.
        trials: Option<u32>,
        on_trial: bool,
    },
}

impl Health {
    /// Whether a request is let in. One that could not be sent elsewhere if it fails waits twice as
    /// long before it is a trial.
    pub(super) fn admit(&mut self, repeatable: bool, now: Instant) -> Option<Turn> {
        match &mut self.phase {
            Phase::Serving => Some(Turn::InOrder),
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
                    Turn::Trial
                })
            }
        }
    }

    /// How a request went. What began before an ejection says nothing any more.
    pub(super) fn tell(&mut self, turn: Turn, verdict: Verdict, settings: &Ejection, now: Instant) {
        self.requests += 1;
        self.end(turn);
        match verdict {
            Verdict::Neither => {}
            Verdict::Good => {
                self.consecutive_failures = 0;
                self.succeeded(turn, settings);
            }
            Verdict::Bad => {
                self.failures += 1;
                self.consecutive_failures = self.consecutive_failures.saturating_add(1);
                self.failed(turn, settings, now);
            }
        }
    }

    /// A turn is over, however it went.
    pub(super) fn end(&mut self, turn: Turn) {
        if let (Turn::Trial, Phase::Out { on_trial, .. }) = (turn, &mut self.phase) {
            *on_trial = false;
        }
    }

    fn succeeded(&mut self, turn: Turn, settings: &Ejection) {
        if let (Turn::Trial, Phase::Out { trials, .. }) = (turn, &mut self.phase) {
            let good = trials.unwrap_or_default() + 1;
            *trials = Some(good);
            if good >= settings.trials {
                self.phase = Phase::Serving;
                self.in_a_row = 0;
            }
        }
    }

    fn failed(&mut self, turn: Turn, settings: &Ejection, now: Instant) {
        let ejected = match (&self.phase, turn) {
            (Phase::Serving, _) => self.consecutive_failures >= settings.failures,
            (Phase::Out { .. }, turn) => turn == Turn::Trial,
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
            standing: match self.phase {
                Phase::Serving => OriginStanding::Serving,
                Phase::Out { trials: None, .. } => OriginStanding::Ejected,
                Phase::Out { .. } => OriginStanding::Returning,
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

    fn fail(health: &mut Health, turn: Turn, now: Instant) {
        health.tell(turn, Verdict::Bad, &settings(), now);
    }

    fn succeed(health: &mut Health, turn: Turn, now: Instant) {
        health.tell(turn, Verdict::Good, &settings(), now);
    }

    fn ejected(now: Instant) -> Health {
        let mut health = Health::default();
        fail(&mut health, Turn::InOrder, now);
        fail(&mut health, Turn::InOrder, now);
        assert_eq!(health.snapshot().standing, OriginStanding::Ejected);
        health
    }

    #[test]
    fn only_failures_in_a_row_eject() {
        let now = Instant::now();
        let mut health = Health::default();
        for _ in 0..5 {
            fail(&mut health, Turn::InOrder, now);
            succeed(&mut health, Turn::InOrder, now);
        }
        assert_eq!(health.snapshot().standing, OriginStanding::Serving);
        fail(&mut health, Turn::InOrder, now);
        health.tell(Turn::InOrder, Verdict::Neither, &settings(), now);
        fail(&mut health, Turn::InOrder, now);
        assert_eq!(health.snapshot().standing, OriginStanding::Ejected);
    }

    #[test]
    fn an_origin_returns_by_one_trial_at_a_time() {
        let now = Instant::now();
        let mut health = ejected(now);
        assert_eq!(health.admit(true, now), None);
        let later = now + SECOND;
        assert_eq!(health.admit(true, later), Some(Turn::Trial));
        assert_eq!(health.admit(true, later), None);
        succeed(&mut health, Turn::Trial, later);
        assert_eq!(health.snapshot().standing, OriginStanding::Returning);
        assert_eq!(health.admit(true, later), Some(Turn::Trial));
        succeed(&mut health, Turn::Trial, later);
        assert_eq!(health.admit(true, later), Some(Turn::InOrder));
    }

    #[test]
    fn a_trial_that_was_given_up_leaves_room_for_the_next() {
        let now = Instant::now();
        let mut health = ejected(now);
        assert_eq!(health.admit(true, now + SECOND), Some(Turn::Trial));
        health.end(Turn::Trial);
        assert_eq!(health.admit(true, now + SECOND), Some(Turn::Trial));
    }

    #[test]
    fn each_ejection_in_a_row_is_longer_up_to_a_limit() {
        let mut now = Instant::now();
        let mut health = ejected(now);
        for seconds in [1, 2, 3, 3] {
            let almost = now + seconds * SECOND - SECOND / 10;
            assert_eq!(health.admit(true, almost), None);
            now += seconds * SECOND;
            assert_eq!(health.admit(true, now), Some(Turn::Trial));
            fail(&mut health, Turn::Trial, now);
        }
        assert_eq!(health.snapshot().ejections, 5);
    }

    #[test]
    fn what_cannot_be_sent_again_is_no_trial_until_twice_the_time() {
        let now = Instant::now();
        let mut health = ejected(now);
        assert_eq!(health.admit(false, now + SECOND), None);
        assert_eq!(health.admit(false, now + 2 * SECOND), Some(Turn::Trial));
    }

    #[test]
    fn what_began_before_the_ejection_says_nothing() {
        let now = Instant::now();
        let mut health = ejected(now);
        fail(&mut health, Turn::InOrder, now);
        succeed(&mut health, Turn::InOrder, now);
        assert_eq!(health.snapshot().standing, OriginStanding::Ejected);
        assert_eq!(health.snapshot().ejections, 1);
    }
}
