//! Settings of a connector and its proxy, read from a file. Needs feature `serde`.
//!
//! [`OriginConfig`] has one key for each call of [`CdnOriginBuilder`] and [`OriginProxy`], with the
//! name of the call. It is read with any format of serde:
//!
//! ```
//! use cdn_origin::{OriginProxy, config::OriginConfig};
//!
//! let config: OriginConfig = toml::from_str(
//!     r#"
//!     url = "https://d1234567890.cloudfront.net"
//!     sni = "www.example.com"
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
//!   format reports them with their line.
//! * Durations have units: `"250ms"`, `"1m 30s"`. Sizes are numbers of bytes or have units:
//!   `"10 MiB"`.
//! * Secrets are not in the file: `client_identity.key` and the values of fields have a path or the
//!   name of an environment variable.
//! * What weakens verification stands in the table `verify.danger`, and each key spells it out.
//!
//! [`OriginConfig::reload`] applies a changed file to a running connector, as far as that is
//! possible.
//!
//! Resolvers, transports, functions, Encrypted ClientHello and other Rust values have no key. Set
//! them on the [`CdnOriginBuilder`] or [`OriginProxy`] that the configuration makes.
//!
//! # Keys
//!
//! Each key has the name of the call whose documentation says what it does and what its default is.
//! This file has all of them. It is `examples/config/origin.toml`, with a YAML version beside it.
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
