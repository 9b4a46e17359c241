//! Responses to gRPC calls from a site that is not the gRPC service.

use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};

use crate::diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind};

use super::{ResponseEvidence, another_host::another_host};

/// The prefix of the content types of gRPC and gRPC-Web.
const GRPC: &[u8] = b"application/grpc";

/// Statuses by which a site answers a POST that it does not know. gRPC services answer 200.
const OF_SITES: [StatusCode; 4] = [
    StatusCode::OK,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
];

/// Whether the content is of gRPC, by its type.
pub(crate) fn has_grpc_content(headers: &HeaderMap) -> bool {
    let start = || headers.get(CONTENT_TYPE)?.as_bytes().get(..GRPC.len());
    start().is_some_and(|start| start.eq_ignore_ascii_case(GRPC))
}

/// Whether a response to a gRPC call is none of gRPC, although its status may be a success.
pub(super) fn is_of_another_site(evidence: &ResponseEvidence<'_>) -> bool {
    evidence.is_grpc && OF_SITES.contains(&evidence.status) && !has_grpc_content(evidence.headers)
}

pub(super) fn causes(evidence: &ResponseEvidence<'_>) -> Option<Cause> {
    const ROUTE: &str = "route the path of the service to the gRPC server, in the edge's \
                         configuration";
    const LONGEST: usize = 40;
    if !is_of_another_site(evidence) {
        return None;
    }
    let kind = evidence
        .headers
        .get(CONTENT_TYPE)
        .map(|kind| kind.as_bytes());
    // The media type without its parameters.
    let kind = kind.map(|kind| {
        kind.split(|byte| b"; ".contains(byte))
            .next()
            .unwrap_or(kind)
    });
    let kind = match kind {
        Some(kind) if kind.len() <= LONGEST => kind.escape_ascii().to_string(),
        Some(_) => String::from("of another type"),
        None => String::from("of no type"),
    };
    let text = format!(
        "the response to a gRPC call is {kind} with status {}, and no gRPC: Host {} or the path \
         reaches a site that is not the gRPC service",
        evidence.status.as_u16(),
        evidence.shown_host()
    );
    Some(
        Cause::new(CauseId::GrpcNotServed, Certainty::Likely, text)
            .shown_by(&[Clue::Request, Clue::Status, Clue::Fields])
            .confirmed_by(Confirmation::EdgeConfiguration)
            .fixed_by([another_host(evidence), FixKind::Advice(ROUTE)]),
    )
}
