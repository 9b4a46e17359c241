//! Errors: what failed, at which stage, whose fault it is, and everything that was observed.
//!
//! | type | reports |
//! |---|---|
//! | [`BuildError`] | all invalid values that were passed to a builder |
//! | [`InvalidValue`] | one text or value that is not valid |
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

// | file | what it holds |
// |---|---|
// | `opaque_error` | [`Error`]: the error of a connection or request |
// | `error_kind` | what failed, for code that branches on it |
// | `certificate_problem`, `request_problem` | the kinds of these two failures |
// | `stage`, `current_stage` | how far an attempt got, and whose fault it is |
// | `deadline`, `exchange_timeout` | by when something has to be complete, and why |
// | `facts`, `elapsed` | everything that was observed of a connection |
// | `host_knowledge` | whether its Host is the one that was sent |
// | `dial_attempt`, `resolution` | the attempts to connect, and the answer of the resolver |
// | `tls_offer`, `tls_session`, `ech_outcome` | what a handshake offered, and its result |
// | `trusted_roots` | what the issuer of a certificate was checked against |
// | `peer_certificate`, `chain_findings` | its certificates, and what verification showed |
// | `tls_alert`, `speaks_tls`, `handshake_flood` | what a peer sent in place of an answer |
// | `http_fault` | which rule of HTTP a response breaks |
// | `logged_names` | the four names as fields of a log event |
// | `not_retried` | why a request was not sent again |
// | `peer_text` | text of a peer, made safe to print |
// | `reached_limit`, `exceeded_limit` | which limit refused a request, and what was its size |
// | `local_obstacle` | what on this machine keeps a connection from being opened |
// | `source_chain` | the walk along `source()` |
// | `build_error` | the values that a builder cannot use |
// | `snake_case` | labels for tests, and keys of setters |

mod build_error;
mod certificate_problem;
mod chain_findings;
mod current_stage;
mod deadline;
mod dial_attempt;
mod ech_outcome;
mod elapsed;
mod error_kind;
mod exceeded_limit;
mod exchange_timeout;
mod facts;
mod handshake_flood;
mod host_knowledge;
mod http_fault;
mod local_obstacle;
mod logged_names;
mod not_retried;
mod opaque_error;
mod peer_certificate;
mod peer_text;
mod reached_limit;
mod request_problem;
mod resolution;
pub(crate) mod snake_case;
pub(crate) mod source_chain;
mod speaks_tls;
mod stage;
mod tls_alert;
mod tls_offer;
mod tls_session;
mod trusted_roots;

pub use crate::invalid_value::InvalidValue;
pub(crate) use build_error::key_of_setter;
pub use build_error::{BuildError, BuildProblem, BuildProblemKind};
pub use certificate_problem::CertificateProblem;
pub(crate) use chain_findings::ChainFindings;
pub(crate) use current_stage::CurrentStage;
pub(crate) use deadline::{Deadline, far_away};
pub use dial_attempt::{DialAttempt, DialOutcome};
pub use ech_outcome::EchStatus;
pub(crate) use ech_outcome::{EchAnswer, EchOffer};
pub use elapsed::Elapsed;
pub use error_kind::ErrorKind;
pub(crate) use exceeded_limit::{ExceededLimit, ExceededSize, LimitSource};
pub(crate) use exchange_timeout::ExchangeTimeout;
pub use facts::Facts;
pub(crate) use handshake_flood::HandshakeFlood;
pub(crate) use host_knowledge::HostKnowledge;
pub(crate) use http_fault::HttpFault;
pub(crate) use local_obstacle::LocalObstacle;
pub(crate) use logged_names::LoggedNames;
pub(crate) use not_retried::NotRetried;
pub use opaque_error::Error;
pub use peer_certificate::PeerCertificate;
pub(crate) use peer_certificate::{CertificateChain, pin_text};
pub(crate) use peer_text::PeerText;
pub(crate) use reached_limit::ReachedLimit;
pub use request_problem::RequestProblem;
pub use resolution::{Resolution, ServiceBinding};
pub(crate) use speaks_tls::{SpeaksTls, are_of_web_server};
pub use stage::{Fault, Stage};
pub use tls_alert::Alert;
pub use tls_offer::TlsVersion;
pub(crate) use tls_offer::{KeyShare, OfferedParameters, TlsOffer};
pub use tls_session::{ClientCertificate, EarlyData, TlsSession};
pub(crate) use trusted_roots::{RootsKind, TrustedRoots};
