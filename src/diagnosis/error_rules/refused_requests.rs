//! Requests that were refused before they were sent.

use crate::{
    diagnosis::{Cause, CauseId, Certainty, FixKind},
    error::{ErrorKind, RequestBodyProblem, RequestProblem},
};

/// The cause of a refusal; `None` if the error itself says all, such as that the proxy is draining.
pub(super) fn refused(kind: ErrorKind) -> Option<Cause> {
    let (id, text, fix) = match kind {
        ErrorKind::LoopDetected => (
            CauseId::RequestLoop,
            "the request has passed through this proxy before",
            Some("dial a name that does not lead back here"),
        ),
        ErrorKind::Overloaded => (
            CauseId::PoolTooSmall,
            "the origin is overloaded, or the requests in flight have reached \
             Limits::max_concurrency(..)",
            Some(
                "check the origin, or allow more with Limits::adaptive_concurrency(..) or \
                 Limits::max_concurrency(..)",
            ),
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
        ErrorKind::RequestBody(RequestBodyProblem::NotAllowed) => (
            CauseId::InvalidRequest,
            "the dialled edge refuses a GET with content",
            Some(
                "send the GET without content, or use .without_edge_profile() if the edge \
                 accepts it now",
            ),
        ),
        ErrorKind::RequestBody(RequestBodyProblem::TooLarge) => (
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
        ErrorKind::Host(_)
        | ErrorKind::Request(_)
        | ErrorKind::RequestBody(_)
        | ErrorKind::Upgrade(_) => (
            CauseId::InvalidRequest,
            "the client's request is invalid",
            None,
        ),
        _ => return None,
    };
    Some(Cause::new(id, Certainty::Certain, text).fixed_by(fix.map(FixKind::Advice)))
}
