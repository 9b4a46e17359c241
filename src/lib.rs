//! x
#![cfg_attr(cdn_origin_docsrs, feature(doc_cfg))]

pub mod connector;
pub mod diagnosis;
pub mod dial;
pub mod error;
pub mod host_rewrite;
pub mod name;
pub mod origin;
#[cfg(feature = "proxy")]
mod pool;
#[cfg(feature = "proxy")]
pub mod proxy;
pub mod tls;

pub use connector::CdnOriginConnector;
pub use error::{BuildError, Error, TlsVersion};
pub use host_rewrite::HostRewriteLayer;
#[cfg(feature = "proxy")]
pub use proxy::OriginProxy;
pub use tls::VerifyPolicy;
