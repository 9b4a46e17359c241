//! Connects other HTTP libraries through a connector, and explains their failures.
//!
//! | with | use | the error of this crate comes from |
//! |---|---|---|
//! | reqwest | [`reqwest::client_builder`], [`reqwest::base_url`] | [`check`] |
//! | hyper-util's client, and other tower services | the connector itself | [`check`] |
//! | tonic | [`tonic::channel`] | [`Error::find_in`](crate::Error::find_in), in a `Status` |
//! | tokio-tungstenite | [`tungstenite::connect`] | the call itself |
//! | Pingora | [`pingora_peer!`](crate::pingora_peer) | Pingora's log, and [`check`] |
//!
//! In an error of reqwest or hyper-util, `Error::find_in` finds only what the connector reported,
//! such as a failed connect. [`check`] reports refusals by the edge, too.
//!
//! ```
//! use bytes::Bytes;
//! use cdn_origin::{CdnOriginConnector, Error, adapt};
//! use http_body_util::Empty;
//! use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//!
//! # async fn fetch(connector: CdnOriginConnector) -> Result<(), Error> {
//! let client = Client::builder(TokioExecutor::new()).build::<_, Empty<Bytes>>(connector.clone());
//! let outcome = client.get(http::Uri::from_static("https://www.example.com/")).await;
//! // An edge that refuses the request is an error here, with a report.
//! let response = adapt::check(&connector, outcome)?;
//! println!("{}", response.status());
//! # Ok(())
//! # }
//! ```
//!
//! [The guide](crate::guide::choosing_an_adapter) shows each of them. Modules named after a crate
//! need the feature of that name. [`socket`] needs none.

mod check;
mod library_error;
mod pingora;
#[cfg(feature = "reqwest")]
#[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "reqwest")))]
pub mod reqwest;
pub mod socket;
mod supposed_facts;
#[cfg(feature = "tonic")]
#[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "tonic")))]
pub mod tonic;
#[cfg(feature = "tungstenite")]
#[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "tungstenite")))]
pub mod tungstenite;

pub use check::{AnyResponse, check};
#[doc(hidden)]
pub use pingora::next_group;
