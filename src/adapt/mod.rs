//! Connections for other libraries. Modules named after a crate need the feature of that name.
//!
//! [`socket`] needs none: it is for everything that takes a socket of the operating system, such as
//! Pingora.

#[cfg(feature = "reqwest")]
#[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "reqwest")))]
pub mod reqwest;
pub mod socket;
#[cfg(feature = "tonic")]
#[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "tonic")))]
pub mod tonic;
