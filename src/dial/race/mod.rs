//! Which address is tried when: Happy Eyeballs ([RFC
//! 8305](https://www.rfc-editor.org/rfc/rfc8305)).
//!
//! `order` sorts addresses, `schedule` decides when each is tried, `run` lets attempts race; none
//! of them knows what an attempt is.

mod history;
mod order;
mod policy_table;
mod run;
mod schedule;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use history::History;
pub(crate) use order::Candidate;
pub(crate) use run::{AttemptEnd, LookupOutcome, Race, RaceAttempt};
pub use settings::{HappyEyeballs, IpFamilies};
