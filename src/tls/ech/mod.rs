//! Encrypted ClientHello (RFC 9849), with the feature `ech`.
//!
//! Without the feature, the types of `absent.rs` stand in: they have no values, so that no hello is
//! encrypted.

#[cfg(not(feature = "ech"))]
mod absent;
mod clear_config;
#[cfg(feature = "ech")]
mod config_list;
#[cfg(feature = "ech")]
mod encryption;
mod hello;
#[cfg(feature = "ech")]
mod plan;
#[cfg(feature = "ech")]
mod rejection;
#[cfg(feature = "ech")]
mod settings;
#[cfg(feature = "ech")]
mod suites;

#[cfg(feature = "ech")]
pub use settings::Ech;

pub(crate) use hello::HelloPlan;

#[cfg(not(feature = "ech"))]
pub(super) use absent::{Ech, EchPlan, EchRejection, HelloEncryption};
pub(super) use clear_config::ClearConfig;
#[cfg(feature = "ech")]
pub(super) use {encryption::HelloEncryption, plan::EchPlan, rejection::EchRejection};
