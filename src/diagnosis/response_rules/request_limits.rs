//! Causes in the size, the framing and the timing of the request.
//!
//! Statuses such as 411, 414, 425 and 431 are sent by edges, and by applications for reasons of
//! their own. What is known of the request tells them apart: a short target cannot be too long, and
//! a request with `Content-Length` does not miss it.

use http::StatusCode;

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind},
    edge::{EdgeProfile, profile_of},
    origin::Scheme,
};

use super::ResponseEvidence;

/// A target of at least this many bytes may exceed a limit. The shortest documented one has 8 KiB,
/// and the origin's share of it is not known.
///
/// In bytes of path and query, as the client sent it.
const LONG_TARGET: usize = 2000;

/// The edge refuses early data. Plain HTTP has none, so that an application has sent the status.
///
/// 425 (RFC 8470 section 5.2).
pub(super) fn early_data(
    evidence: &ResponseEvidence<'_>,
    certainty: Certainty,
    edge: &str,
) -> Cause {
    let certainty = match evidence.origin.scheme() {
        Scheme::Https => certainty,
        Scheme::Http => Certainty::Possible,
    };
    let text = format!("{edge} does not accept early data for this request");
    let fix = "send the request again after the handshake";
    cause(CauseId::EarlyDataRefused, certainty, text, fix)
}

/// The head of the request exceeds the edge's limit.
///
/// 414 and 431, and 413 from edges that use it for heads.
pub(super) fn head_too_large(
    evidence: &ResponseEvidence<'_>,
    certainty: Certainty,
    edge: &str,
) -> Cause {
    let target = evidence.target.map(|target| target.as_str());
    let is_short = target.is_some_and(|target| target.len() < LONG_TARGET);
    let certainty = match evidence.status {
        // The target is not long. An application has sent the status for a reason of its own.
        StatusCode::URI_TOO_LONG if is_short => Certainty::Possible,
        // The content may be what is too large.
        StatusCode::PAYLOAD_TOO_LARGE if evidence.may_have_content() => {
            certainty.min(Certainty::Likely)
        }
        _ => certainty,
    };
    let profile = evidence.dialled_edge().and_then(profile_of);
    let head_limit = profile.and_then(EdgeProfile::head_limit);
    let target_limit = profile.and_then(EdgeProfile::target_limit);
    let mut text = format!("the head of the request is larger than {edge} accepts");
    let sizes = [
        ("head", evidence.head_size, head_limit),
        ("target", target.map(str::len), target_limit),
    ];
    for (part, size, limit) in sizes {
        match (size, limit) {
            (Some(size), Some(limit)) => {
                text +=
                    &format!("; its {part} has {size} bytes, and the documented limit is {limit}");
            }
            (Some(size), None) => text += &format!("; its {part} has {size} bytes"),
            (None, Some(limit)) => {
                text += &format!("; the documented limit of the {part} is {limit} bytes")
            }
            (None, None) => {}
        }
    }
    let fix = "send fewer or shorter fields, first of all cookies, or a shorter target";
    cause(CauseId::HeadTooLarge, certainty, text, fix)
}

/// The edge requires the length of the content before the content.
///
/// 411. A body without a known length is sent in chunks, or in HTTP/2 without `Content-Length`.
pub(super) fn length_required(
    evidence: &ResponseEvidence<'_>,
    certainty: Certainty,
    edge: &str,
) -> Cause {
    let is_sent_whole = evidence.has_length || !evidence.may_have_content();
    let (certainty, text, fix) = match is_sent_whole {
        // An application has sent the status for a reason of its own.
        true => (
            Certainty::Possible,
            format!(
                "{edge} requires Content-Length, although the request had it or did not need it"
            ),
            "check which part of the application answers so",
        ),
        false if evidence.is_request_unseen() => (
            certainty.min(Certainty::Likely),
            format!("{edge} requires Content-Length, which the request seems to lack"),
            "send Content-Length with the content",
        ),
        false => (
            certainty,
            format!("{edge} requires Content-Length, and the client's body has no known length"),
            "let clients send Content-Length, or collect the body in a layer before the proxy, as \
             nginx does by `proxy_request_buffering on`",
        ),
    };
    cause(CauseId::LengthRequired, certainty, text, fix)
}

/// The request was small here, so a loop has added fields on each pass.
///
/// 494 and similar pages of edges that see the same request again and again. Content could be what
/// is large, so it lowers the certainty.
pub(super) fn request_grown(evidence: &ResponseEvidence<'_>, edge: &str) -> Vec<Cause> {
    let certainty = match evidence.may_have_content() {
        true => Certainty::Possible,
        false => Certainty::Likely,
    };
    let text = format!("the request returns to {edge}, and grows with every pass");
    let fix = "dial a name that does not lead back here";
    let looped = cause(CauseId::RequestLoop, certainty, text, fix);
    vec![looped, head_too_large(evidence, Certainty::Possible, edge)]
}

fn cause(id: CauseId, certainty: Certainty, text: String, fix: &'static str) -> Cause {
    Cause::new(id, certainty, text)
        .shown_by(&[Clue::Status, Clue::Fields, Clue::Request])
        .confirmed_by(Confirmation::EdgeLog)
        .fixed_by([FixKind::Advice(fix)])
}
