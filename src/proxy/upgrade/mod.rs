//! A client asks to speak another protocol (RFC 9110 section 7.8, RFC 8441), and the origin agrees
//! or not.

mod policy;
mod request;
mod response;
mod tunnel;
mod websocket;

pub use policy::{UpgradeRefused, Upgrades};

pub(super) use request::UpgradeRequest;
pub(super) use response::UpgradeOutcome;
