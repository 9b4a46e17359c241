//! Upgrades to other protocols (RFC 9110 section 7.8, RFC 8441), and their tunnels.

mod allowed_protocols;
mod extended_connect;
mod traffic;
mod tunnel;
mod tunnel_side;
mod upgrade_request;
mod upgrade_response;
mod websocket;

pub use allowed_protocols::Upgrades;

pub(super) use upgrade_request::UpgradeRequest;
pub(super) use upgrade_response::{UpgradeOutcome, read_response};
