//! One request: its attempts, what may be retried, and what an error means.
//!
//! | file | what it does |
//! |---|---|
//! | `deadlines` | how long a request may wait for its connection and its response |
//! | `send_request` | sends a request until there is a response |
//! | `encode_target` | encodes the request for the protocol of a connection |
//! | `send_early_data` | begins the first attempt in TLS early data, where that is allowed |
//! | `retry` | decides whether there is another attempt, and on which connection |
//! | `attempt` | one attempt, by the connection that it is made on |
//! | `no_response` | says what is certain about a request without a response |
//! | `failure` | makes an [`Error`](crate::Error) of an error of an HTTP client |
//! | `retry_budget`, `budgeted_retry` | bounds the retries of all requests |
//! | `saved_fields` | keeps the fields that a retry over HTTP/2 needs |
//! | `send_upgrade` | sends an upgrade, which is never retried |
//! | `in_flight` | counts requests, for a drain |

mod attempt;
mod budgeted_retry;
mod deadlines;
mod encode_target;
mod failure;
mod in_flight;
mod no_response;
mod retry;
mod retry_budget;
mod saved_fields;
mod send_early_data;
mod send_request;
mod send_upgrade;

pub(crate) use budgeted_retry::BudgetedRetry;
pub(crate) use deadlines::Deadlines;
pub(crate) use encode_target::Target;
pub(super) use failure::{Failure, explain_failure};
pub(crate) use failure::{
    classify_hyper, explain_body, has_begun_response, is_refused_by_hyper_util,
};
pub(crate) use in_flight::{InFlight, RequestCount};
pub(super) use no_response::NoResponse;
pub use retry_budget::RetryBudget;
pub(super) use retry_budget::RetryWindow;
pub(super) use saved_fields::SavedFields;
pub(crate) use send_early_data::EARLY_DATA;
pub use send_early_data::NoEarlyData;
pub(super) use send_request::send;
pub(super) use send_upgrade::send_upgrade;
