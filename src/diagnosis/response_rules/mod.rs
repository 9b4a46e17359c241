//! The rules for responses: which causes a refusal or a redirect has.
//!
//! | file | question |
//! |---|---|
//! | `response_evidence` | What is known of the response? |
//! | `edge_pages` | Is it a known error page of an edge? |
//! | `cloudfront_pages` | Why is it CloudFront's "Bad request."? |
//! | `forbidden` | May a 403 be about the names? |
//! | `statuses` | Does the status alone point at a cause? |
//! | `redirects` | Does the redirect lead in a circle, or past the proxy? |
//! | `another_host` | Which Host is to be sent in its place? |
//! | `sni_and_host` | Which of SNI and Host has to change? |
//! | `request_limits` | Is it the size of the request, or its framing? |
//! | `diagnose_response` | Which of these tables apply to a response? |
//! | `grpc` | Does a gRPC call reach another site? |
//! | `upgrades` | Why is there no WebSocket? |
//! | `cross_origin` | Does the origin compare `Origin` with a rewritten Host? |

mod another_host;
mod cloudfront_pages;
mod cross_origin;
mod diagnose_response;
mod edge_pages;
mod forbidden;
mod grpc;
mod redirects;
mod request_limits;
mod response_evidence;
mod sni_and_host;
mod statuses;
mod upgrades;

pub(crate) use forbidden::may_refuse_host;
pub(crate) use grpc::has_grpc_content;
pub(crate) use response_evidence::{HostHistory, HostSource, ResponseEvidence};
