//! Requests that were refused before they were sent.
//!
//! No connection is involved, so there is no [`Evidence`](super::error_evidence::Evidence): kind
//! and limit are enough, and all causes but one are certain. Adaptive concurrency is the exception.
//! It infers from latencies that the origin is overloaded.

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind},
    error::{ErrorKind, ReachedLimit, RequestProblem},
};

/// The cause of a refusal; `None` if the error itself says all, such as that the proxy is draining.
///
/// A fix is given where a setting of the proxy refused the request, and none where the client has
/// to change it.
pub(super) fn refused(kind: ErrorKind, limit: Option<ReachedLimit>) -> Option<Cause> {
    let (id, text, fix) = match kind {
        ErrorKind::Overloaded if limit == Some(ReachedLimit::Adaptive) => return Some(slower()),
        ErrorKind::LoopDetected => (
            CauseId::RequestLoop,
            "the request has passed through this proxy before",
            Some("dial a name that does not lead back here"),
        ),
        ErrorKind::Overloaded => (
            CauseId::ConcurrencyLimit,
            "the requests in flight have reached Limits::max_concurrency(..)",
            Some("check the origin, or allow more with Limits::max_concurrency(..)"),
        ),
        ErrorKind::UnsupportedUri => (
            CauseId::InvalidRequest,
            "the connector was built without an origin of its own: OriginProxy takes none from a \
             client, and a bare connector takes it from an absolute http or https URI",
            Some(
                "CdnOriginConnector::builder(\"https://..\") with the origin's URL, in place of \
                 any_origin()",
            ),
        ),
        ErrorKind::Request(RequestProblem::BodyNotAllowed) => (
            CauseId::InvalidRequest,
            "the dialled edge refuses a GET with content",
            Some(
                "send the GET without content, or use .without_edge_profile() if the edge \
                 accepts it now",
            ),
        ),
        ErrorKind::Request(RequestProblem::BodyTooLarge) => (
            CauseId::InvalidRequest,
            "the body of the client's request is too large",
            Some("allow more with Limits::max_request_body(..)"),
        ),
        ErrorKind::Request(RequestProblem::HeadTooLarge) => (
            CauseId::InvalidRequest,
            "the head of the client's request is larger than the proxy or the dialled edge allows",
            Some(
                "allow more with Limits::max_request_head(..) or max_request_fields(..), \
                 unless the edge sets the limit",
            ),
        ),
        ErrorKind::Request(_) | ErrorKind::UpgradeRefused => (
            CauseId::InvalidRequest,
            "the client's request is invalid",
            None,
        ),
        _ => return None,
    };
    Some(Cause::new(id, Certainty::Certain, text).fixed_by(fix.map(FixKind::Advice)))
}

/// The adaptive limit applies.
///
/// The latency may also have risen because the origin's work has changed.
fn slower() -> Cause {
    let text = "the origin answers more slowly than before: it is overloaded";
    let fix = "check the origin; if its latency often rises for all requests at once, use \
               Limits::adaptive_concurrency(AdaptiveConcurrency::off())";
    Cause::new(CauseId::OriginOverloaded, Certainty::Likely, text)
        .shown_by(&[Clue::Latency])
        .confirmed_by(Confirmation::Origin)
        .fixed_by([FixKind::Advice(fix)])
}
