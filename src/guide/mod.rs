//! The guide, by task.
//!
//! Getting started:
//!
//! * [`four_names`]: the names of a request through a CDN, and how one URL sets them all
//! * [`choosing_an_adapter`]: axum, hyper-util, tonic, reqwest, WebSocket clients and Pingora
//! * [`cookbook`]: recipes, from a custom domain to metrics, each run by a test
//! * [`comparison`]: which crate or server to choose, and what this crate does not do
//!
//! When a request fails:
//!
//! * [`reading_errors`]: the report of an error, its causes, and the same facts in code
//! * [`field_cases`]: failures that users of proxies reported, each with its diagnosis
//! * [`faults`]: slow, cut, corrupted and silent connections, and what clients then receive
//!
//! In production:
//!
//! * [`settings`]: every setting and its default, on one page
//! * [`production`]: what to decide before real traffic arrives, and the reasons for the defaults
//! * [`timeouts`]: every timeout, its default, and what happens beyond it
//! * [`load`]: what the proxy does when an origin is overloaded, and the settings for it
//! * [`security`]: the threat model: attacks, defences, and what is out of scope
//! * [`observability`]: timings, metrics, spans, logs, and their names in nginx and HAProxy
//! * [`tls_knobs`]: every TLS setting, and its name in other proxies
//!
//! Coming from another proxy:
//!
//! * [`from_nginx`], [`from_haproxy`], [`from_envoy`], [`from_caddy`]: each directive, and the call
//!   that replaces it
//!
//! For contributors:
//!
//! * [`architecture`]: modules, layers, and the life of a connection and of a request

#[doc = include_str!("architecture.md")]
pub mod architecture {}

#[doc = include_str!("choosing-an-adapter.md")]
pub mod choosing_an_adapter {}

#[doc = include_str!("comparison.md")]
pub mod comparison {}

pub mod cookbook;

#[doc = include_str!("faults.md")]
pub mod faults {}

#[doc = include_str!("field-cases.md")]
pub mod field_cases {}

/// The four names of a request through a CDN, and how one URL sets all of them.
///
#[doc = include_str!("four-names.svg")]
///
#[doc = include_str!("four-names.md")]
pub mod four_names {}

#[doc = include_str!("from-caddy.md")]
pub mod from_caddy {}

#[doc = include_str!("from-envoy.md")]
pub mod from_envoy {}

#[doc = include_str!("from-haproxy.md")]
pub mod from_haproxy {}

#[doc = include_str!("from-nginx.md")]
pub mod from_nginx {}

#[doc = include_str!("observability.md")]
pub mod observability {}

#[doc = include_str!("load.md")]
pub mod load {}

#[doc = include_str!("production.md")]
pub mod production {}

#[doc = include_str!("reading-errors.md")]
pub mod reading_errors {}

#[doc = include_str!("security.md")]
pub mod security {}

#[doc = include_str!("settings.md")]
pub mod settings {}

#[doc = include_str!("timeouts.md")]
pub mod timeouts {}

#[doc = include_str!("tls-knobs.md")]
pub mod tls_knobs {}

/// Tests the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
