//! Encrypted ClientHello (RFC 9849), with the feature `ech`.
//!
//! Without the feature, the types of `without_feature.rs` stand in: they have no values, so that no
//! hello is encrypted.

// | file | what it holds |
// |---|---|
// | `ech_settings` | the setting of the builder |
// | `plan` | chooses the ClientHello, and the one after a rejection |
// | `client_hello`, `clear_config`, `hello_encryption` | a ClientHello, in the clear or encrypted |
// | `config_list`, `hpke_suites` | the configuration of the origin, and the suites for it |
// | `rejection` | what a rejection means |
// | `without_feature` | stand-ins without the feature `ech` |

mod clear_config;
mod client_hello;
#[cfg(feature = "ech")]
mod config_list;
#[cfg(feature = "ech")]
mod ech_settings;
#[cfg(feature = "ech")]
mod hello_encryption;
#[cfg(feature = "ech")]
mod hpke_suites;
#[cfg(feature = "ech")]
mod plan;
#[cfg(feature = "ech")]
mod rejection;
#[cfg(not(feature = "ech"))]
mod without_feature;

#[cfg(feature = "ech")]
pub use ech_settings::Ech;

pub(crate) use client_hello::HelloPlan;

pub(super) use clear_config::ClearConfig;
#[cfg(not(feature = "ech"))]
pub(super) use without_feature::{Ech, EchPlan, EchRejection, HelloEncryption};
#[cfg(feature = "ech")]
pub(super) use {hello_encryption::HelloEncryption, plan::EchPlan, rejection::EchRejection};
