//! Settings of a connector and its proxy, read from a file. Needs the feature `serde`.
//!
//! [`OriginConfig`] has a key for each call of [`CdnOriginBuilder`] and [`OriginProxy`], with the
//! name of the call. Read it with any format of serde:
//!
//! ```
//! use cdn_origin::{OriginProxy, config::OriginConfig};
//!
//! let config: OriginConfig = toml::from_str(
//!     r#"
//!     url = "https://d1234567890.cloudfront.net"
//!     sni = "www.example.com"
//!
//!     [forwarded]
//!     client_scheme = "https"
//!
//!     [timeouts]
//!     connect = "5s"
//!
//!     [limits]
//!     max_request_body = "10 MiB"
//!
//!     [verify]
//!     pinned = ["sha256/YLh1dUR9y6Kja30RrAn7JKnbQG/uEtLMkBgFF2Fuihg="]
//!     "#,
//! )?;
//! let proxy = OriginProxy::try_from(&config)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Rules
//!
//! * Only `url` is required. A key that is absent keeps the default of its call.
//! * Unknown keys are errors. So are names, networks, pins and durations that cannot be parsed: the
//!   parser of the format reports their line.
//! * Durations have units: `"250ms"`, `"1m 30s"`. Sizes are numbers of bytes or have units:
//!   `"10 MiB"`.
//! * Secrets are not in the file: `client_identity.key` is a path or the name of an environment
//!   variable, and so may be the value of a field.
//! * All keys that weaken verification are in the table `verify.danger`, and each name says what it
//!   accepts.
//!
//! [`OriginConfig::reload`] applies a changed file to a running connector. It applies verification
//! and client identity, and returns the keys that need a new connector or proxy.
//!
//! Resolvers, transports, functions, Encrypted ClientHello and other Rust values have no key. Set
//! them on the [`CdnOriginBuilder`] or [`OriginProxy`] that the configuration is converted into.
//!
//! # Keys
//!
//! Each key has the name of a call, whose documentation describes its effect and its default. The
//! file below, `examples/config/origin.toml`, has all keys. A YAML version is beside it.
//! `src/config/schema.json` is the JSON schema, for editors.
//!
#![doc = concat!("```toml\n", include_str!("../../examples/config/origin.toml"), "```")]
//!
//! [`CdnOriginBuilder`]: crate::connector::CdnOriginBuilder
//! [`OriginProxy`]: crate::OriginProxy

mod advice;
mod dialling;
mod error;
mod fields;
mod forwarding;
mod identity;
mod origin_config;
mod pool;
mod text_value;
mod tls;
mod verify;

#[cfg(test)]
mod tests;

pub use error::ConfigError;
pub use origin_config::OriginConfig;
