//! Prose for people: the four names, the house, errors, and where to go from nginx and HAProxy.

#[doc = include_str!("architecture.md")]
pub mod architecture {}

#[doc = include_str!("choosing-an-adapter.md")]
pub mod choosing_an_adapter {}

#[doc = include_str!("field-cases.md")]
pub mod field_cases {}

#[doc = include_str!("four-names.md")]
pub mod four_names {}

#[doc = include_str!("from-haproxy.md")]
pub mod from_haproxy {}

#[doc = include_str!("from-nginx.md")]
pub mod from_nginx {}

#[doc = include_str!("reading-errors.md")]
pub mod reading_errors {}

#[doc = include_str!("timeouts.md")]
pub mod timeouts {}

#[doc = include_str!("tls-knobs.md")]
pub mod tls_knobs {}

/// The README's examples are tested like all others.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
mod readme {}
