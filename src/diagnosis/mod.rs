//! From a symptom to ranked causes and the builder calls that fix them.
//!
//! [`Error::diagnosis`](crate::Error::diagnosis) ranks the causes of a failure,
//! [`Error::report`](crate::Error::report) prints everything that is known on one screen. A
//! response that looks like a mistake in the four names gets a [`Diagnosis`] from
//! [`OriginProxy`](crate::OriginProxy), in its extensions.
//!
//! ```no_run
//! use cdn_origin::CdnOriginConnector;
//! use tower::ServiceExt;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net").build()?;
//! if let Err(error) = connector.oneshot(http::Uri::default()).await {
//!     println!("{}", error.report());
//! }
//! # Ok(())
//! # }
//! ```

mod cause;
mod cause_id;
mod certainty;
mod clue;
mod confirmation;
mod error_rules;
mod fix;
mod name_list;
mod ranking;
mod report;
mod response_rules;

pub use cause::Cause;
pub use cause_id::CauseId;
pub use certainty::Certainty;
pub(crate) use clue::Clue;
pub(crate) use confirmation::Confirmation;
pub use fix::Fix;
pub(crate) use fix::FixKind;
pub use ranking::Diagnosis;
pub(crate) use report::Observed;
pub use report::Report;
pub use response_rules::ResponseEvidence;
