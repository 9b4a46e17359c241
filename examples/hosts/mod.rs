//! The same origin with each host of the guide. `tests/it/hosts.rs` runs them.

#![allow(unreachable_pub, reason = "readers copy the files as they are")]

#[cfg(feature = "axum")]
pub mod axum;
#[cfg(feature = "tonic")]
pub mod greeter;
pub mod hyper_util;
pub mod origin;
#[cfg(feature = "reqwest")]
pub mod reqwest;
#[cfg(feature = "tonic")]
pub mod tonic;
#[cfg(feature = "tungstenite")]
pub mod tungstenite;
