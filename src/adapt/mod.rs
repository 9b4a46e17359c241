//! Other crates' clients over a connector. Each file is one crate, behind the feature of its name.

#[cfg(feature = "reqwest")]
#[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "reqwest")))]
pub mod reqwest;
#[cfg(feature = "tonic")]
#[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "tonic")))]
pub mod tonic;
