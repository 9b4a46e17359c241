//! An HTTP client of reqwest 0.13 for a connector's origin.
//!
//! ```text
//! cargo add cdn-origin --features reqwest
//! cargo add reqwest@0.13 --no-default-features # its own TLS is not needed; `stream` for uploads
//! ```
//!
//! [`client_builder`] returns a `reqwest::ClientBuilder` whose connections go to the connector's
//! origin, with its SNI, expected name, policy, identity, versions and Host. [`base_url`] returns
//! the URL that each request starts from:
//!
//! ```no_run
//! use cdn_origin::{CdnOriginConnector, adapt};
//!
//! async fn get() -> Result<String, Box<dyn std::error::Error>> {
//!     let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!         .sni("www.example.com")
//!         .build()?;
//!     let client = adapt::reqwest::client_builder(&connector)?.build()?;
//!     let url = adapt::reqwest::base_url(&connector)?.join("/items?page=2")?;
//!     let response = adapt::check(&connector, client.get(url).send().await);
//!     let response = response.inspect_err(|error| eprintln!("{}", error.report()))?;
//!     Ok(response.text().await?)
//! }
//! ```
//!
//! # What reqwest does
//!
//! reqwest opens and pools the connections itself. The connector supplies the TLS configuration and
//! the addresses.
//!
//! * **URLs.** Build each URL from [`base_url`], whose host is the SNI name, and add no port. A URL
//!   with another host or an IP address fails before a request is sent, and so does plain http for
//!   an https origin. Another port replaces the dialled one, and so does another address if the
//!   host of [`base_url`] is one: reqwest sends the request there, and [`check`](super::check)
//!   returns an error even if the response is a success.
//! * **A user name** in the URL is sent to the origin, in `Authorization`.
//! * **Host** is a default header where it differs from the URL's host. A `Host` field of a request
//!   replaces it. With the default header, reqwest offers only HTTP/1.1: in HTTP/2, `:authority`
//!   would still be the URL's host. Such a client cannot use an origin that speaks only HTTP/2.
//! * **[`Alpn::Http2`](crate::Alpn::Http2)** is offered alone, but reqwest speaks HTTP/1.1 with an
//!   origin that ignores ALPN.
//! * **Redirects** are followed at most 10 times, and only within the base URL's scheme, host and
//!   port. Other redirects are returned as responses. The builder's `redirect` replaces this
//!   policy.
//! * **Proxies** of the environment are not used.
//! * **Errors.** When reqwest cannot connect, the connector connects once more, because its error
//!   has all facts. That error becomes the source of reqwest's error, and [`check`](super::check)
//!   returns it. So an origin that is down gets two connection attempts instead of one.
//! * **Refusals by the edge**, such as a 421 for a wrong Host, are ordinary responses.
//!   [`check`](super::check) turns them into errors. But some edges answer a wrong Host with a bare
//!   404, as an application does, and that passes. If all URLs get 404, compare
//!   [`host`](crate::connector::CdnOriginBuilder::host) with the name of your site, or run the
//!   [probe](mod@crate::probe).
//! * **Timeouts.** [`Timeouts::connect`] limits reqwest's attempt, and then the connector's. All
//!   other timeouts of [`Timeouts`](crate::connector::Timeouts) limit only the connector's.
//! * **Idle connections** are kept for as long as the edge's
//!   [profile](crate::connector::CdnOriginBuilder::without_edge_profile) sets, else for reqwest's
//!   default of 90 s. The builder's `pool_idle_timeout` replaces that.
//! * **Reload.** A client keeps the TLS settings with which it was created.
//! * **Observers** get no events of reqwest's connections.
//!
//! [`Timeouts::connect`]: crate::connector::Timeouts::connect

mod client;
mod connect;
mod errors;

pub use client::{base_url, client_builder};

pub(super) use errors::{classify, has_foreign_url, is_foreign, without_url};
