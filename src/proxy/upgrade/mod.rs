//! Upgrades to other protocols (RFC 9110 section 7.8, RFC 8441), and their tunnels.

mod policy;
mod request;
mod response;
mod tunnel;
mod websocket;

pub use policy::{UpgradeRefused, Upgrades};

pub(super) use request::UpgradeRequest;
pub(super) use response::{UpgradeOutcome, read_response};
