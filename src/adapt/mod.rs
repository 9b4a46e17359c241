//! Clients of other crates over a connector. Each module needs the feature of its name.

#[cfg(feature = "reqwest")]
#[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "reqwest")))]
pub mod reqwest;
#[cfg(feature = "tonic")]
#[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "tonic")))]
pub mod tonic;
