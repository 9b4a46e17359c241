//! Finds by trial which names and protocols an origin accepts.
//!
//! The diagnosis of one failure is often only likely: TLS alert 40 has several causes. A probe
//! changes one thing at a time. A change that gets further makes its cause certain, and the result
//! is builder code that works.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let connector = cdn_origin::CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!     .host("www.example.com")
//!     .build()?;
//! let findings = cdn_origin::probe(&connector).await?;
//! println!("{findings}"); // every attempt, the causes, and the builder code that works
//! # Ok(())
//! # }
//! ```
//!
//! The same at the command line:
//!
//! ```text
//! cargo run --example probe -- https://d1234567890.cloudfront.net --host www.example.com
//! ```
//!
//! A probe is a tool for engineers, not for the path of requests. It opens a few connections, one
//! after the other, with a pause in between. On each it sends one `GET /`.
//!
//! # What it tries
//!
//! ```text
//!  connect as configured, send GET /
//!        |
//!        v
//!  the best attempt so far <------------------------+
//!        |                                          |
//!        | try one change to it at a time           | a change got further:
//!        v                                          | it is the best attempt now
//!  resolved < connected < certificate received < handshake done
//!           < refused by the edge < error of the site < success
//!        |
//!        | success, or no change got further, or a limit was reached
//!        v
//!  Findings
//! ```
//!
//! The best attempt decides which changes are tried, in this order:
//!
//! | it ended | changes |
//! |---|---|
//! | at the TCP connect | the other scheme at its default port |
//! | in the handshake: not TLS | plain http |
//! | in the handshake: no common version | TLS 1.2 to 1.3, TLS 1.2, TLS 1.3 |
//! | in the handshake: no common ALPN | h2 and http/1.1, http/1.1 |
//! | in the handshake: certificate for another name | expected name, other SNI, no SNI |
//! | in the handshake: anything else | SNI, versions, ALPN, NIST curves first, plain http |
//! | after plain http was sent | https |
//! | after the TLS handshake | ALPN |
//! | with a response that refuses | the fixes of its diagnosis, then Host, then SNI |
//!
//! Names to try come from [`Probe::try_name`], then from Host, the expected name, the URL, SNI and
//! the dialled host.
//!
//! # What it does not do
//!
//! A probe weakens no verification: each attempt uses the policy of the connector. If every
//! attempt fails because the certificate has no trusted issuer, the findings say so.
//!
//! A name that only the certificate contains is not tried: the peer that presents a certificate
//! chooses its names. The findings list it as `not tried`.

mod attempt;
mod candidates;
mod change;
mod combination;
mod exchange;
mod findings;
mod proof;
mod run;
mod search;
mod settings;

use crate::{connector::CdnOriginConnector, error::Error};

pub use attempt::ProbeAttempt;
pub use findings::Findings;
pub use run::Probe;

/// Probes the origin of a connector with the default limits of [`Probe`].
///
/// # Errors
///
/// [`ErrorKind::UnsupportedUri`](crate::ErrorKind::UnsupportedUri) if the connector has no fixed
/// origin. Failed attempts are no error: they are part of the findings.
///
/// # Examples
///
/// ```no_run
/// # async fn run(connector: cdn_origin::CdnOriginConnector) -> Result<(), cdn_origin::Error> {
/// let findings = cdn_origin::probe(&connector).await?;
/// match findings.builder_code() {
///     Some(code) => println!("{code}"),
///     None => println!("{findings}"),
/// }
/// # Ok(())
/// # }
/// ```
pub async fn probe(connector: &CdnOriginConnector) -> Result<Findings, Error> {
    Probe::new(connector).run().await
}
