//! Origins, groups and tenants from a configuration file. Needs the feature `serde`.
//!
//! | type | a file for |
//! |---|---|
//! | [`OriginConfig`] | one origin: a connector and its proxy |
//! | [`GroupConfig`] | several origins as one, see [below](#groups) |
//! | [`VirtualHostsConfig`] | an origin or a group for each host, see [below](#tenants) |
//!
//! [`OriginConfig`] has a key for each call of [`CdnOriginBuilder`] and [`OriginProxy`] whose value
//! a file can hold, with the name of the call. Read it with any format of serde:
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
//! * Only `url` of an origin, `tier` of a group and `hosts` of tenants are required. A key that is
//!   absent keeps the default of its call.
//! * Unknown keys are errors, and so are keys without a value and keys that are there twice.
//! * Names, networks, pins and durations that cannot be parsed are errors: the parser of the format
//!   reports their line. Read the file through the crate `serde_path_to_error` to get the host and
//!   the key, too: `examples/serve` does.
//! * Durations have units: `"250ms"`, `"1m 30s"`. Sizes are numbers of bytes or have units:
//!   `"10 MiB"`.
//! * The keys of a `template` and of `each` are for all origins and members below them. A key of an
//!   origin replaces them, also with `false`, and a table is replaced as a whole. But
//!   `request_fields`, `response_fields`, `error_pages` and `map_path` of both apply.
//! * A field in the `request_fields` of a `template` goes to all origins. If some of them belong to
//!   your users, write a field with a secret at each origin that may read it.
//! * Hosts with the same `label` are one origin in metrics and logs.
//! * Secrets are not in the file: `client_identity.key` is a path or the name of an environment
//!   variable, and so may be the value of a field. An empty one is an error, and so is a file that
//!   changes while it is read. An error of a parser may show the whole line that it cannot read;
//!   `toml::de::Error::message` does not.
//! * Never read a configuration from a user of your service: it can name files and environment
//!   variables, turn verification off, and replace the `egress_guard` of a template. Take the names
//!   [one by one](crate::guide::cookbook#origins-that-users-enter).
//! * Paths of certificates and keys are relative to the working directory of the process, as
//!   HAProxy's are, and not to the file. Write absolute ones for a service.
//! * Keys that weaken the checks of chain, name and dates are in the table `verify.danger`. Three
//!   keys of `verify.crls` weaken the check of revocation: `leaf_only`, `unknown_status` and
//!   `expired_lists`. `verify.pinned` checks a pin in place of chain, name and dates.
//!
//! Errors and advice of an origin from a file name its keys: the fix is `sni = ".."`, and not
//! `.sni("..")`.
//!
//! Observers are added to a configuration by [`GroupConfig::with_observer`] and
//! [`VirtualHostsConfig::with_observer`].
//!
//! Resolvers, transports, functions, Encrypted ClientHello and other Rust values have no key. Set
//! them on the [`CdnOriginBuilder`] or [`OriginProxy`] that the configuration is converted into.
//!
//! # From a builder
//!
//! `OriginConfig::try_from(&builder)` is the way back: it makes a configuration of the calls of a
//! [`CdnOriginBuilder`], to write it into a file or to show it. Keys of the proxy are not part of
//! it. The error lists all calls that a file cannot hold.
//!
//! # Reload
//!
//! `reload` applies a changed file to the running origins, groups or tenants, and loses no request.
//! An invalid file changes nothing. [`Reloaded`] lists what was changed, and which keys need a
//! restart.
//!
//! | call | applies |
//! |---|---|
//! | [`OriginConfig::reload`] | `verify` and `client_identity`, with their files |
//! | [`GroupConfig::reload`] | members, with all of their keys; `each` |
//! | [`VirtualHostsConfig::reload`] | hosts, with all of their keys; `template` |
//!
//! Changed certificate files are read again, too, and so are the files of fields and error pages:
//! a key with a file whose content has changed is a changed key. Parse the file of the
//! configuration anew for each reload, also if only such a file has changed.
//!
//! After a reload, new requests and health checks use only connections that were opened with the
//! new settings, as after a reload of nginx.
//!
//! The application reads the file again, after a signal for example. It keeps the configuration of
//! what runs, which `reload` compares with the new one, and then brings up to date. A key that
//! needs a restart is reported by each reload until the process has restarted.
//!
//! A member that is out, by an ejection or by its health checks, does not get its full share of
//! requests because its keys have changed. If its address is the same, it begins with trials, and
//! gets no request before its first check.
//!
//! # Keys
//!
//! Each key has the name of a call, whose documentation describes its effect and its default. The
//! file below, `examples/config/origin.toml`, has all keys of an origin. `origin.yaml` beside it is
//! a short example in YAML. `src/config/schema.json` is the JSON schema of all files, for editors.
//!
#![doc = concat!("```toml\n", include_str!("../../examples/config/origin.toml"), "```")]
//!
//! # Groups
//!
//! This file, `examples/config/group.toml`, has all keys of a group:
//!
#![doc = concat!("```toml\n", include_str!("../../examples/config/group.toml"), "```")]
//!
//! # Tenants
//!
//! This file, `examples/config/virtual_hosts.toml`, has all keys of a service for many hosts:
//!
#![doc = concat!("```toml\n", include_str!("../../examples/config/virtual_hosts.toml"), "```")]
//!
//! A template has no names. Hosts that share the URL of one CDN, but no other name, take a line
//! each. Hosts that share all names are one [wildcard](crate::tenants::VirtualHosts::insert).
//!
//! ```toml
//! [hosts]
//! "a.example".origin = { url = "https://d1234567890.cloudfront.net", sni = "a.example" }
//! "b.example".origin = { url = "https://d1234567890.cloudfront.net", sni = "b.example" }
//! "*.shops.example".origin = { url = "https://shops.example.net" }
//! ```
//!
//! [`CdnOriginBuilder`]: crate::connector::CdnOriginBuilder
//! [`OriginProxy`]: crate::OriginProxy

mod advice;
mod balance;
mod calls;
mod crls;
mod dialling;
mod dns;
mod egress_guard;
mod error;
mod error_pages;
mod failover;
mod forwarded;
mod given;
mod group_config;
mod group_reload;
mod header_fields;
mod health;
mod identity;
mod is_default;
mod key_path;
mod key_tables;
mod keyed_enum;
mod members;
mod observed_by;
mod origin_calls;
mod origin_config;
mod origin_keys;
mod pool;
mod reload_report;
mod rewrites;
mod roots;
mod secret_source;
mod shared_keys;
mod size;
mod socket_options;
mod source_file;
mod tenant_config;
mod text_value;
mod tls;
mod unique_keys;
mod unwritten;
mod upgrades;
mod verify;
mod virtual_hosts_config;

#[cfg(test)]
mod tests;

pub use error::ConfigError;
pub use group_config::GroupConfig;
pub use origin_config::OriginConfig;
pub use reload_report::Reloaded;
pub use virtual_hosts_config::VirtualHostsConfig;
