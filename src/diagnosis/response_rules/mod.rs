//! The rules for responses: which causes a refusal or a redirect has.
//!
//! | file | question |
//! |---|---|
//! | `evidence` | What is known of the response? |
//! | `edge_pages` | Is it a known error page of an edge? |
//! | `statuses` | Does the status alone point at a cause? |
//! | `redirects` | Does the redirect lead in a circle, or past the proxy? |
//! | `names` | Which of SNI and Host has to change? |
//! | `limits` | Is it the size of the request, or its framing? |
//! | `cross_origin` | Does the origin compare `Origin` with a rewritten Host? |

mod cross_origin;
mod diagnose;
mod edge_pages;
mod evidence;
mod limits;
mod names;
mod redirects;
mod statuses;

pub(crate) use evidence::HostSource;
pub use evidence::ResponseEvidence;
