//! What can go wrong, and what is known about it.
//!
//! [`BuildError`] is the caller's code: it lists every invalid value with the setter that was given
//! it. [`Error`] is the world: what failed ([`ErrorKind`]), at which [`Stage`], where to look first
//! ([`Fault`]), and everything that was observed ([`Facts`]). Its `Display` is one line;
//! [`Error::report`] is a screen with the cause and the call that mends it.
//!
//! A hyper-util, reqwest or tonic error that was caused by ours has it in its chain:
//!
//! ```
//! # fn from_somewhere() -> Box<dyn std::error::Error + 'static> { "x".into() }
//! let error = from_somewhere();
//! if let Some(error) = cdn_origin::Error::find_in(&*error) {
//!     println!("{}", error.report());
//! }
//! ```

mod alert;
mod build;
mod certificate;
pub(crate) mod chain;
mod dial_attempt;
mod ech;
mod facts;
mod kind;
mod opaque;
mod problem;
mod resolution;
#[cfg(test)]
pub(crate) mod snake_case;
mod speaks_tls;
mod stage;
mod tls_offer;
mod tls_session;

pub use alert::Alert;
pub use build::{BuildError, BuildProblem, BuildProblemKind};
pub use certificate::PeerCertificate;
pub(crate) use certificate::{CertificateChain, pin_text};
pub use dial_attempt::{DialAttempt, DialOutcome};
pub use ech::{EchAnswer, EchOffer, EchStatus};
pub(crate) use facts::ExchangeTimeout;
pub use facts::{Elapsed, Facts};
pub use kind::ErrorKind;
pub use opaque::Error;
pub use problem::{
    CertificateProblem, EchProblem, HostProblem, RequestBodyProblem, RequestProblem, UpgradeProblem,
};
pub use resolution::{Resolution, ServiceBinding};
pub(crate) use speaks_tls::SpeaksTls;
pub use stage::{Fault, Stage};
pub(crate) use tls_offer::OfferedParameters;
pub use tls_offer::{TlsOffer, TlsVersion};
pub use tls_session::{ClientCertificate, EarlyData, TlsSession};
