//! Encrypted ClientHello (RFC 9849), with the feature `ech`.
//!
//! Without the feature, the types of `without_feature.rs` stand in: they have no values, so that no
//! hello is encrypted.

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
#[cfg(not(feature = "ech"))]
mod without_feature;

#[cfg(feature = "ech")]
pub use settings::Ech;

pub(crate) use hello::HelloPlan;

pub(super) use clear_config::ClearConfig;
#[cfg(not(feature = "ech"))]
pub(super) use without_feature::{Ech, EchPlan, EchRejection, HelloEncryption};
#[cfg(feature = "ech")]
pub(super) use {encryption::HelloEncryption, plan::EchPlan, rejection::EchRejection};
