//! `Unwritten`: what a builder has and a file cannot hold.

use std::{fmt, str::FromStr, time::Duration};

use crate::error::{BuildError, BuildProblem, BuildProblemKind};

use super::text_value::Text;

/// Collects the calls of a builder that a file cannot hold.
#[derive(Default)]
pub(super) struct Unwritten(Vec<BuildProblem>);

impl Unwritten {
    pub(super) fn refuse(&mut self, setter: &'static str, why: &'static str) {
        let kind = BuildProblemKind::Unsupported;
        self.0.push(BuildProblem::new(setter, kind, why));
    }

    /// Refuses a function or another Rust value.
    pub(super) fn refuse_value(&mut self, setter: &'static str) {
        self.refuse(setter, "a file cannot hold a Rust value");
    }

    /// Refuses values that the builder refuses.
    pub(super) fn refuse_all(&mut self, problems: &[BuildProblem]) {
        self.0.extend(problems.iter().cloned());
    }

    /// The value of a key that is written as text.
    pub(super) fn text<T>(&mut self, setter: &'static str, value: &T) -> Option<Text<T>>
    where
        T: fmt::Display + FromStr + PartialEq,
    {
        let text = Text::of(value);
        if text.is_none() {
            self.refuse(setter, "the text of this value cannot be read back");
        }
        text
    }

    pub(super) fn texts<T>(&mut self, setter: &'static str, values: &[T]) -> Vec<Text<T>>
    where
        T: fmt::Display + FromStr + PartialEq,
    {
        let values = values.iter();
        values
            .filter_map(|value| self.text(setter, value))
            .collect()
    }

    /// A duration, unless it is the default.
    pub(super) fn time(
        &mut self,
        setter: &'static str,
        time: Duration,
        default: Duration,
    ) -> Option<Text<humantime::Duration>> {
        match time == default {
            true => None,
            false => self.text(setter, &time.into()),
        }
    }

    /// `Err` if a call was refused.
    pub(super) fn check(self) -> Result<(), BuildError> {
        BuildError::from_problems(self.0)
    }
}
