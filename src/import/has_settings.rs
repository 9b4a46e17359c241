//! `HasSettings`: what the rows of an importer set keys of the configuration on.

use std::time::Duration;

use super::{
    note::Outcome,
    settings::{SettingValue, Settings},
};

/// A section, a server or a route, with keys of the configuration.
pub(super) trait HasSettings {
    fn settings(&mut self) -> &mut Settings;

    /// Sets a key, and says so; or says why the value cannot be used.
    ///
    /// The outcome is `Mapped` with `text`, or `Refused` with the reason that the configuration
    /// gives.
    fn set(
        &mut self,
        key: &'static str,
        value: impl Into<SettingValue>,
        text: &'static str,
    ) -> Outcome {
        match self.settings().insert(key, value) {
            Ok(()) => Outcome::mapped(text),
            Err(problem) => Outcome::unusable(&problem),
        }
    }

    /// Sets a key to a time, if it is one.
    fn set_time(
        &mut self,
        key: &'static str,
        time: Result<Duration, Outcome>,
        text: &'static str,
    ) -> Outcome {
        match time {
            Ok(time) => self.set(key, time, text),
            Err(outcome) => outcome,
        }
    }

    fn set_number(&mut self, key: &'static str, word: &str, text: &'static str) -> Outcome {
        match word.parse::<u64>() {
            Ok(number) => self.set(key, number, text),
            Err(_) => Outcome::refused("the value is no number"),
        }
    }
}

impl HasSettings for Settings {
    fn settings(&mut self) -> &mut Settings {
        self
    }
}
