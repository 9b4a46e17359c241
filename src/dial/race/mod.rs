//! Happy Eyeballs: the order and timing of connects
//! ([RFC 8305](https://www.rfc-editor.org/rfc/rfc8305)).
//!
//! `rank` sorts the addresses, `schedule` decides when each is tried, and `run` runs the attempts.
//! They are generic over the kind of attempt.

mod history;
mod policy_table;
mod rank;
mod run;
mod schedule;
mod settings;
#[cfg(test)]
mod tests;

pub(crate) use history::History;
pub(crate) use rank::Candidate;
pub(crate) use run::{AttemptEnd, LookupOutcome, Race, RaceAttempt};
pub use settings::{HappyEyeballs, IpFamilies};
