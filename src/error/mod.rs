//! Errors: what failed, at which stage, whose fault it is, and everything that was observed.
//!
//! | type | reports |
//! |---|---|
//! | [`BuildError`] | all invalid values that were passed to a builder |
//! | [`Error`] | a failed connection or request |
//!
//! An [`Error`] answers five questions:
//!
//! | question | call |
//! |---|---|
//! | What failed? | [`kind`](Error::kind) |
//! | How far did it get? | [`stage`](Error::stage) |
//! | Which side do I look at first? | [`fault`](Error::fault) |
//! | What was observed? | [`facts`](Error::facts) |
//! | What is the cause, and the fix? | [`diagnosis`](Error::diagnosis), [`report`](Error::report) |
//!
//! Errors of hyper-util, reqwest and tonic contain the [`Error`] in their `source()` chain:
//!
//! ```
//! use cdn_origin::{Error, ErrorKind, error::CertificateProblem};
//!
//! fn handle(error: &(dyn std::error::Error + 'static)) {
//!     let Some(error) = Error::find_in(error) else {
//!         return;
//!     };
//!     match error.kind() {
//!         ErrorKind::Certificate(CertificateProblem::Expired) => println!("renew it!"),
//!         kind => println!("{} at {}", kind.as_str(), error.stage()),
//!     }
//!     println!("{}", error.report());
//! }
//! ```
//!
//! The [guide](crate::guide::reading_errors) explains a report line by line.

mod alert;
mod build_error;
mod chain_findings;
mod dial_attempt;
mod ech;
mod error_type;
mod facts;
mod handshake_flood;
mod http_fault;
mod kind;
mod kind_details;
mod not_retried;
mod peer_certificate;
mod peer_text;
mod resolution;
#[cfg(test)]
pub(crate) mod snake_case;
pub(crate) mod source_chain;
mod speaks_tls;
mod stage;
mod tls_offer;
mod tls_session;

pub use alert::Alert;
pub use build_error::{BuildError, BuildProblem, BuildProblemKind};
pub(crate) use chain_findings::ChainFindings;
pub use dial_attempt::{DialAttempt, DialOutcome};
pub use ech::EchStatus;
pub(crate) use ech::{EchAnswer, EchOffer};
pub use error_type::Error;
pub(crate) use facts::ExchangeTimeout;
pub use facts::{Elapsed, Facts};
pub(crate) use handshake_flood::HandshakeFlood;
pub(crate) use http_fault::HttpFault;
pub use kind::ErrorKind;
pub use kind_details::{
    CertificateProblem, EchProblem, HostProblem, RequestBodyProblem, RequestProblem, UpgradeProblem,
};
pub(crate) use not_retried::NotRetried;
pub use peer_certificate::PeerCertificate;
pub(crate) use peer_certificate::{CertificateChain, pin_text};
pub(crate) use peer_text::PeerText;
pub use resolution::{Resolution, ServiceBinding};
pub(crate) use speaks_tls::SpeaksTls;
pub use stage::{Fault, Stage};
pub use tls_offer::TlsVersion;
pub(crate) use tls_offer::{KeyShare, OfferedParameters, TlsOffer};
pub use tls_session::{ClientCertificate, EarlyData, TlsSession};
