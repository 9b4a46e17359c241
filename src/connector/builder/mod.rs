//! The builder of a connector.

mod cdn_origin_builder;

// In the order in which rustdoc shows the calls.
mod names;

mod tls;

mod dialling;

mod advice;

mod build;
mod to_builder;

pub use cdn_origin_builder::CdnOriginBuilder;
