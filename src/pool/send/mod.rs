//! One request: its attempts, what may be retried, and what an error means.

mod attempt;
mod early_data;
mod failure;
mod in_flight;
mod retry;
mod retry_budget;
mod target;
mod upgrade;

pub(super) use attempt::send;
pub(crate) use early_data::EARLY_DATA;
pub use early_data::NoEarlyData;
pub(crate) use failure::explain_body;
pub(super) use failure::{Failure, NoResponse, explain_failure};
pub(crate) use in_flight::InFlight;
pub(super) use in_flight::RequestCount;
pub(crate) use retry::Retrying;
pub use retry_budget::RetryBudget;
pub(super) use retry_budget::RetryWindow;
pub(crate) use target::Target;
pub(super) use upgrade::send_upgrade;
