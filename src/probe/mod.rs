//! Finds by trying which combination of names and protocols an origin accepts.
//!
//! A diagnosis of one failure is often only likely: alert 40 has several causes. A probe changes
//! one thing at a time and looks which change gets further, which makes the cause certain and the
//! builder code known. It is for the engineer's desk, not for the path of requests: it makes some
//! connections, one after the other with a pause between them, and sends nothing but `GET /`.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let connector = cdn_origin::CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
//!     .host("www.example.com")
//!     .build()?;
//! let findings = cdn_origin::probe(&connector).await?;
//! println!("{findings}"); // every attempt, what is certain now, and the builder code that works
//! # Ok(())
//! # }
//! ```
//!
//! `cargo run --example probe -- https://d1234567890.cloudfront.net --host www.example.com` does
//! this at the command line.
//!
//! A probe weakens nothing: each attempt verifies by the policy of the connector. Where no attempt
//! can pass because nobody vouches for the certificate, it says so and leaves the decision to you.
//! A name that the certificate alone tells is not tried, for whoever presents it chooses it; what
//! was not tried is called so.

mod attempt;
mod change;
mod combination;
mod findings;
mod run;
mod search;

use crate::{connector::CdnOriginConnector, error::Error};

pub use attempt::{ProbeAttempt, ProbeOutcome};
pub use change::Change;
pub use combination::Combination;
pub use findings::Findings;
pub use run::Probe;

/// Probes the origin of this connector with the default limits. See [`Probe`] for others.
///
/// # Errors
///
/// If the connector has no fixed origin
/// ([`ErrorKind::UnsupportedUri`](crate::ErrorKind::UnsupportedUri)). That attempts fail is not an
/// error but what is found.
pub async fn probe(connector: &CdnOriginConnector) -> Result<Findings, Error> {
    Probe::of(connector).run().await
}
