//! Diagnoses: the likely causes of a failure, ranked, and the calls that fix them.
//!
//! ```text
//!  an error, or a response        what was observed
//!             |
//!             v
//!         evidence                questions: was SNI sent? did the alert come early?
//!             |
//!             v
//!           rules                 tables: if the evidence is this, the cause is that
//!             |
//!             v
//!     Diagnosis of Causes         certain before likely before possible
//!             |
//!             v
//!           Fixes                 builder calls, with names from the configuration
//! ```
//!
//! * [`Error::diagnosis`](crate::Error::diagnosis) diagnoses a failed connection or request.
//! * [`Error::report`](crate::Error::report) prints the facts and the causes for people.
//! * [`OriginProxy`](crate::OriginProxy) diagnoses the responses of the edge, such as a 403 or 421.
//!   It puts the [`Diagnosis`] into the extensions of the response. For other clients, there are
//!   [`adapt::check`](crate::adapt::check) and
//!   [`ResponseDiagnosisLayer`](crate::response_diagnosis::ResponseDiagnosisLayer).
//!
//! A diagnosis uses only what was observed, and makes no connection. To try fixes, use
//! [`probe`](crate::probe()).
//!
//! ```no_run
//! use cdn_origin::{CdnOriginConnector, diagnosis::Certainty};
//! use tower::ServiceExt;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net").build()?;
//! if let Err(error) = connector.oneshot(http::Uri::default()).await {
//!     let diagnosis = error.diagnosis();
//!     if let Some(cause) = diagnosis.likeliest() {
//!         let is_certain = cause.certainty() == Certainty::Certain;
//!         println!("{} (certain: {is_certain}): {}", cause.id(), cause.text());
//!         if let Some(fix) = cause.fixes().first() {
//!             println!("write {fix}");
//!         }
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `ranked_causes` | [`Diagnosis`]: the causes in order |
//! | `cause`, `cause_id`, `certainty` | [`Cause`] and its parts |
//! | `fix_keys` | a fix as a key of a configuration file |
//! | `clue`, `confirmation`, `fix` | the evidence for a cause, its confirmation, and its fix |
//! | `error_rules/` | the rules for errors |
//! | `response_rules/` | the rules for responses |
//! | `refusal` | a diagnosed response as the source of an error |
//! | `proofs/` | tests of what has to be observed before a cause is certain |
//! | `report`, `print_code` | the report of an error, and the code of fixes in it |

mod cause;
mod cause_id;
mod certainty;
mod clue;
mod confirmation;
mod error_rules;
mod fix;
mod fix_keys;
mod print_code;
#[cfg(test)]
mod proofs;
mod ranked_causes;
mod refusal;
mod report;
mod response_rules;

pub use cause::Cause;
pub use cause_id::CauseId;
pub use certainty::Certainty;
pub(crate) use clue::Clue;
pub(crate) use confirmation::Confirmation;
pub(crate) use fix::FixKind;
pub(crate) use fix_keys::{Fix, in_keys};
pub use ranked_causes::Diagnosis;
pub(crate) use refusal::Refusal;
pub(crate) use report::{ExchangeReport, FactsReport, OriginRefusal, code_paragraph, paragraph};
pub(crate) use response_rules::{
    HostHistory, HostSource, ResponseEvidence, has_grpc_content, may_refuse_host,
};
