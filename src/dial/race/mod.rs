//! Happy Eyeballs: the order and timing of connects
//! ([RFC 8305](https://www.rfc-editor.org/rfc/rfc8305)).
//!
//! `rank_addresses` ranks the addresses. `attempt_schedule` alternates the families and decides
//! when the next one is tried. `run_race` runs the attempts. They are generic over the kind of
//! attempt.

mod address_history;
mod attempt_schedule;
mod policy_table;
mod race_settings;
mod rank_addresses;
mod run_race;
#[cfg(test)]
mod tests;

pub(crate) use address_history::History;
pub use race_settings::{HappyEyeballs, IpFamilies};
pub(crate) use rank_addresses::{AddressOrder, Candidate};
pub(crate) use run_race::{AttemptEnd, LookupOutcome, Race, RaceAttempt};
