//! An origin: its URL and its four names, and how one name defaults to another.
//!
//! | name | builder call | default |
//! |---|---|---|
//! | dial | [`dial`] | host and port of the URL |
//! | SNI | [`sni`] | the URL's host, unless it is an IP address |
//! | expected name | [`expected_name`] | the SNI, else the URL's host |
//! | Host | [`host`] | the SNI if [`sni`] was called, else the URL's host and port |
//!
//! ```
//! use cdn_origin::CdnOriginConnector;
//!
//! let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!     .sni("www.example.com")
//!     .build()?;
//! let origin = connector.origin().expect("the connector has a fixed origin");
//!
//! assert_eq!(origin.dial().to_string(), "d1234567890.cloudfront.net:443");
//! assert_eq!(origin.sni().to_string(), "www.example.com");
//! assert_eq!(origin.expected_name().to_string(), "www.example.com");
//! assert_eq!(origin.host().as_str(), "www.example.com");
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```
//!
//! [`dial`]: crate::connector::CdnOriginBuilder::dial
//! [`expected_name`]: crate::connector::CdnOriginBuilder::expected_name
//! [`host`]: crate::connector::CdnOriginBuilder::host
//! [`sni`]: crate::connector::CdnOriginBuilder::sni

mod origin_url;
mod settle_names;

pub use origin_url::{OriginUrl, Scheme};
pub use settle_names::Origin;

pub(crate) use settle_names::{ChosenNames, WrittenIn};
