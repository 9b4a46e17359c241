//! The health of a member: by its requests (`ejection`), and by its health checks
//! (`check_history`). Reads no clock.

mod check_history;
mod ejection;
#[cfg(test)]
mod tests;

pub(super) use check_history::CheckHistory;
pub(super) use ejection::{Admission, Availability, EjectionState, HealthChange, HealthSignal};
