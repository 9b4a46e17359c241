//! One request: its attempts, what may be retried, and what an error means.
//!
//! `attempt` sends a request until there is a response. Before each attempt, `encode_target`
//! encodes the request for the protocol of the connection. After each, `retry` decides by the
//! response, or by the error that `failure` has classified, whether there is another.
//! `retry_budget` bounds the retries of all requests. `early_data` sends the first attempt in TLS
//! early data where that is allowed. `upgrade` sends the requests that are never retried.
//! `in_flight` counts requests, for a drain. `saved_fields` keeps what a retry over HTTP/2 needs.

mod attempt;
mod early_data;
mod encode_target;
mod failure;
mod in_flight;
mod retry;
mod retry_budget;
mod saved_fields;
mod upgrade;

pub(super) use attempt::send;
pub(crate) use early_data::EARLY_DATA;
pub use early_data::NoEarlyData;
pub(crate) use encode_target::Target;
pub(super) use failure::{Failure, NoResponse, explain_failure};
pub(crate) use failure::{explain_body, has_begun_response};
pub(crate) use in_flight::InFlight;
pub(super) use in_flight::RequestCount;
pub(crate) use retry::Retrying;
pub use retry_budget::RetryBudget;
pub(super) use retry_budget::RetryWindow;
pub(super) use upgrade::send_upgrade;
