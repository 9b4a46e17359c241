//! Requests that were not sent.
//!
//! No connection is involved, so there is no [`Evidence`](super::error_evidence::Evidence): kind
//! and limit are enough, and all causes but one are certain. Adaptive concurrency is the exception.
//! It infers from latencies that the origin is overloaded.

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind},
    error::{ErrorKind, ExceededLimit, Facts, LimitSource, ReachedLimit, RequestProblem},
};

/// Which cause it is, its text, and the fix.
type Unsent = (CauseId, &'static str, Option<&'static str>);

/// Why the request was not sent. `None` if the error itself says all, such as that the proxy is
/// draining.
///
/// A fix is given where a setting of the proxy refused the request, and none where the client has
/// to change it.
pub(super) fn cause_of_unsent(kind: ErrorKind, facts: &Facts) -> Option<Cause> {
    let (id, text, fix): Unsent = match kind {
        ErrorKind::ProtocolNotNegotiated => return Some(only_http2()),
        ErrorKind::Overloaded if facts.limit == Some(ReachedLimit::Adaptive) => {
            return Some(slower());
        }
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
            CauseId::OriginMissing,
            "the connector was built by any_origin(), and the request names no origin for it: \
             OriginProxy takes none from clients, and a call of the connector itself needs an \
             absolute http or https URI",
            Some(
                "CdnOriginConnector::builder(\"https://..\") with the origin's URL, in place of \
                 any_origin()",
            ),
        ),
        ErrorKind::NoOrigin => (
            CauseId::GroupEmpty,
            "the group has no member, or none with a weight above zero",
            Some("add one with OriginGroup::put(..), or call OriginGroup::set_weight(..)"),
        ),
        ErrorKind::Request(problem) => {
            if let Some(exceeded) = &facts.exceeded {
                return Some(too_large(problem, exceeded));
            }
            client_request(problem)
        }
        _ => return None,
    };
    Some(Cause::new(id, Certainty::Certain, text).fixed_by(fix.map(FixKind::Advice)))
}

/// A part of the request is larger than a limit.
fn too_large(problem: RequestProblem, exceeded: &ExceededLimit) -> Cause {
    let (id, part) = match problem {
        RequestProblem::BodyTooLarge => (CauseId::BodyTooLarge, "body"),
        RequestProblem::TargetTooLong => (CauseId::HeadTooLarge, "target"),
        _ => (CauseId::HeadTooLarge, "head"),
    };
    let text = format!("the {part} of the client's request has {exceeded}");
    let fix = match exceeded.source {
        LimitSource::RequestBody => "allow more with Limits::max_request_body(..)",
        LimitSource::RequestHead => "allow more with Limits::max_request_head(..)",
        LimitSource::RequestFields => "allow more with Limits::max_request_fields(..)",
        LimitSource::Edge(_) => {
            "send fewer or shorter fields, first of all cookies, or a shorter target; use \
             .without_edge_profile() if the edge accepts it now"
        }
    };
    Cause::new(id, Certainty::Certain, text).fixed_by([FixKind::Advice(fix)])
}

/// A request that the client has to change.
const fn invalid(text: &'static str, fix: &'static str) -> Unsent {
    (CauseId::InvalidRequest, text, Some(fix))
}

/// What is wrong with the client's request.
fn client_request(problem: RequestProblem) -> Unsent {
    match problem {
        RequestProblem::BodyFailed => (
            CauseId::RequestIncomplete,
            "the body of the client's request ended in an error",
            None,
        ),
        RequestProblem::BodyNotAllowed => invalid(
            "the dialled edge refuses a GET with content",
            "send the GET without content, or use .without_edge_profile() if the edge accepts it \
             now",
        ),
        RequestProblem::BodyTooLarge => (
            CauseId::BodyTooLarge,
            "the body of the client's request is too large",
            Some("allow more with Limits::max_request_body(..)"),
        ),
        RequestProblem::BuildFailed => invalid(
            "the client library cannot build the request; its own error says why",
            "give the request an absolute URI, or correct what the error names",
        ),
        RequestProblem::ExpectationUnknown => invalid(
            "the request's Expect has an unknown value",
            "send Expect: 100-continue, or no such field",
        ),
        RequestProblem::HeadTooLarge => (
            CauseId::HeadTooLarge,
            "the head of the client's request is larger, or has more fields, than the proxy or the \
             dialled edge allows",
            Some(
                "allow more with Limits::max_request_head(..) or max_request_fields(..), unless \
                 the edge sets the limit",
            ),
        ),
        RequestProblem::HostConflict => invalid(
            "Host and the authority of the request's URI name different hosts",
            "send the same host in both, or no Host field",
        ),
        RequestProblem::HostInvalid => invalid(
            "the request's Host is not a host with an optional port",
            "send a DNS name or an IP address, with an optional port",
        ),
        RequestProblem::HostMissing => invalid(
            "the request has no Host field, and no host in its URI",
            "give the request an absolute URI, such as https://www.example.com/page; for \
             OriginProxy, a Host field is enough",
        ),
        RequestProblem::HostRepeated => invalid(
            "the request has more than one Host field",
            "send one Host field",
        ),
        RequestProblem::HostUnknown => (
            CauseId::UnknownHost,
            "no tenant has the host of the request",
            Some(
                "VirtualHosts::insert(..) with this host, or with \"*\" for all hosts without a \
                 tenant",
            ),
        ),
        RequestProblem::MethodRefused => invalid(
            "the request's method is TRACE, or CONNECT for a tunnel or for a protocol that is not \
             allowed",
            "use another method; for a WebSocket by CONNECT, allow its protocol with \
             OriginProxy::upgrades(..)",
        ),
        RequestProblem::PathAmbiguous => invalid(
            "the path may lead out of the prefix that OriginProxy::map_path(..) replaces",
            "send the path without dot segments and without empty ones",
        ),
        RequestProblem::TargetInvalid => invalid(
            "the request's target is neither a path nor an http or https URI",
            "send a target such as /page",
        ),
        RequestProblem::TargetTooLong => (
            CauseId::HeadTooLarge,
            "the request's target is longer than the dialled edge allows",
            Some("send a shorter one, or use .without_edge_profile() if the edge accepts it now"),
        ),
        RequestProblem::TransferCoding => invalid(
            "the request has a transfer coding other than chunked",
            "send the content with Transfer-Encoding: chunked alone",
        ),
        RequestProblem::UpgradeInvalid => invalid(
            "the opening handshake of the client's WebSocket is malformed",
            "send a GET with the fields of RFC 6455 section 4.1 and without content",
        ),
        RequestProblem::UrlForeign => invalid(
            "the request's URL has another scheme, host or port than the base URL, the only one \
             that the connector serves",
            "join the path to adapt::reqwest::base_url(..), and add no port",
        ),
    }
}

/// Nothing was sent.
fn only_http2() -> Cause {
    let text = "the request needs HTTP/1.1, as a WebSocket does, and the connector offers only h2";
    Cause::new(CauseId::AlpnNotAccepted, Certainty::Certain, text)
        .fixed_by([FixKind::Alpn("Http2OrHttp1")])
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
