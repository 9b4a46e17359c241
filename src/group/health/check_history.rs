//! The results of a member's health checks. Reads no clock.

use crate::group::{CheckOutcome, HealthCheck};

/// What the checks of a member have shown.
#[derive(Debug, Default)]
pub(crate) struct CheckHistory {
    is_down: bool,
    /// Consecutive results that contradict `is_down`.
    streak: u32,
    last: Option<CheckOutcome>,
}

impl CheckHistory {
    /// Records a result, and returns whether the member changed between up and down.
    ///
    /// The first result decides alone. From then on, `rise` or `fall` results in a row are needed.
    pub(crate) fn record(&mut self, outcome: CheckOutcome, settings: &HealthCheck) -> bool {
        let passed = outcome.has_passed();
        let is_first = self.last.replace(outcome).is_none();
        if passed != self.is_down {
            self.streak = 0;
            return false;
        }
        self.streak = self.streak.saturating_add(1);
        let needed = match (is_first, passed) {
            (true, _) => 1,
            (false, true) => settings.rise,
            (false, false) => settings.fall,
        };
        if self.streak < needed {
            return false;
        }
        self.streak = 0;
        self.is_down = !passed;
        true
    }

    /// The state of a member in place of this one, until its own first check.
    #[cfg(feature = "serde")]
    pub(crate) fn take_over(&mut self, former: &Self) {
        if self.last.is_none() {
            self.is_down = former.is_down;
        }
    }

    /// Notes that no check can be sent: what was taken over says nothing for long.
    pub(crate) fn cannot_check(&mut self) {
        if self.last.is_none() {
            self.is_down = false;
        }
    }

    pub(crate) fn is_down(&self) -> bool {
        self.is_down
    }

    /// The last result, if there was a check.
    pub(crate) fn last(&self) -> Option<&CheckOutcome> {
        self.last.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        error::{Error, ErrorKind},
        group::HealthCheck,
    };

    fn failed() -> CheckOutcome {
        CheckOutcome::Failed(Error::refused(ErrorKind::ConnectionRefused))
    }

    /// Whether the member is down after each of these results.
    fn down_after(outcomes: &[bool]) -> Vec<bool> {
        let settings = HealthCheck::get("/").rise(2).fall(3);
        let mut history = CheckHistory::default();
        let down = outcomes.iter().map(|passed| {
            let outcome = match passed {
                true => CheckOutcome::Passed,
                false => failed(),
            };
            let was_down = history.is_down();
            let changed = history.record(outcome, &settings);
            assert_eq!(changed, was_down != history.is_down());
            history.is_down()
        });
        down.collect()
    }

    #[test]
    fn the_first_result_decides_and_later_changes_need_several_in_a_row() {
        assert_eq!(down_after(&[false, true, true]), [true, true, false]);
        assert_eq!(
            down_after(&[true, false, false, true, false, false, false]),
            [false, false, false, false, false, false, true]
        );
        assert_eq!(
            down_after(&[false, true, false, true, true]),
            [true, true, true, true, false]
        );
    }
}
