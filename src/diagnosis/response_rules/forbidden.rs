//! Causes in the names of a 403 that no known page explains.
//!
//! Edges answer a Host that they do not serve with a bare 403. Applications send 403 for many
//! reasons of their own. So these causes are only possible, except at Cloudflare. There are none if
//! the response has a sign of an application, or if the origin has answered another request with
//! the same names.
//!
//! | SNI and Host | cause |
//! |---|---|
//! | disagree | some edges require that they agree; at Cloudflare likely |
//! | agree | the edge may not serve the name |

use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
        LAST_MODIFIED, SERVER, SET_COOKIE, WWW_AUTHENTICATE,
    },
};

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind},
    edge::edges_passed,
};

use super::{
    HostHistory, ResponseEvidence, another_host::another_host, cross_origin::is_of_framework,
    sni_and_host::agreeing_names,
};

/// Fields that applications send, and that edges do not add to a refusal of their own.
const OF_APPLICATIONS: [HeaderName; 7] = [
    ACCESS_CONTROL_ALLOW_ORIGIN,
    CONTENT_SECURITY_POLICY,
    ETAG,
    LAST_MODIFIED,
    WWW_AUTHENTICATE,
    HeaderName::from_static("x-powered-by"),
    HeaderName::from_static("x-runtime"),
];

/// The largest page of an edge that gives no reason, in bytes. Those of nginx, Apache, IIS, Varnish
/// and LiteSpeed have 150 to 1300.
const LARGEST_BARE_PAGE: usize = 2048;

/// Whether the response may be the refusal of an edge that does not serve the Host.
///
/// Without the body, it goes by the fields.
pub(crate) fn may_refuse_host(evidence: &ResponseEvidence<'_>) -> bool {
    evidence.host_history != HostHistory::Answered && !has_sign_of_application(evidence)
}

/// At most one.
pub(super) fn disagreeing_names(evidence: &ResponseEvidence<'_>) -> Option<Cause> {
    let sni = evidence.disagreeing_sni()?;
    let is_forbidden = evidence.status == StatusCode::FORBIDDEN;
    let is_answered = evidence.host_history == HostHistory::Answered;
    let certainty = match is_of_cloudflare(evidence.headers) {
        // The cache looked the response up, so the server behind sent it.
        true if evidence.headers.contains_key("cf-cache-status") => return None,
        // A challenge or a block, which `edge_pages.rs` knows.
        true if evidence.headers.contains_key("cf-mitigated") => return None,
        true if is_own_page_of_cloudflare(evidence.headers) && !is_answered => Certainty::Likely,
        _ => Certainty::Possible,
    };
    let is_doubted = certainty == Certainty::Possible && !may_refuse_host(evidence);
    if !is_forbidden || is_doubted {
        return None;
    }
    let text = format!(
        "SNI is {sni} and Host is {}, which some edges refuse",
        evidence.shown_host()
    );
    Some(
        Cause::new(CauseId::SniAndHostDisagree, certainty, text)
            .shown_by(&[Clue::Status, Clue::Sni, Clue::Host])
            .confirmed_by(Confirmation::ProbeNames)
            .fixed_by(agreeing_names(evidence)),
    )
}

/// The edge may not serve the Host. That is a guess, unless the request asked for a WebSocket: an
/// application has fewer reasons to refuse one.
///
/// The known edges have pages of their own for it.
pub(super) fn refused_host(evidence: &ResponseEvidence<'_>) -> Option<Cause> {
    let is_wanted = evidence.has_guesses || evidence.upgrade.is_some();
    let is_of_known_edge =
        evidence.dialled_edge().is_some() || edges_passed(evidence.headers).next().is_some();
    let is_bare = evidence.status == StatusCode::FORBIDDEN
        && evidence.disagreeing_sni().is_none()
        && may_refuse_host(evidence)
        && !is_of_known_edge;
    (is_wanted && is_bare).then(|| {
        let text = format!(
            "the edge does not serve {}, or the application refuses the request",
            evidence.named_host()
        );
        Cause::new(CauseId::HostNotServed, Certainty::Possible, text)
            .shown_by(&[Clue::Status, Clue::Host])
            .confirmed_by(Confirmation::ProbeSites)
            .fixed_by(other_hosts(evidence))
    })
}

/// The name of the site, and the clients' Host, which may be the same.
fn other_hosts(evidence: &ResponseEvidence<'_>) -> Vec<FixKind> {
    let preserve = evidence
        .is_host_rewritten()
        .then_some(FixKind::PreserveHost);
    [another_host(evidence)]
        .into_iter()
        .chain(preserve)
        .collect()
}

/// Whether an application rather than an edge has sent the response.
///
/// An edge refuses with a short text or HTML, or without content.
fn has_sign_of_application(evidence: &ResponseEvidence<'_>) -> bool {
    let headers = evidence.headers;
    let length = headers.get(CONTENT_LENGTH).and_then(|it| it.to_str().ok());
    let length = length.and_then(|it| it.parse().ok()).unwrap_or(0);
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_page = |kind: &[u8]| kind.starts_with(b"text/html") || kind.starts_with(b"text/plain");
    // Protection against bots sets cookies, too: they are no sign while the origin has answered
    // nothing else.
    let has_own_cookie =
        evidence.host_history != HostHistory::Unanswered && headers.contains_key(SET_COOKIE);
    OF_APPLICATIONS
        .iter()
        .any(|name| headers.contains_key(name))
        || has_own_cookie
        || kind.is_some_and(|kind| !is_page(kind))
        || evidence.body.len().max(length) > LARGEST_BARE_PAGE
        || is_of_framework(evidence.body)
}

fn is_of_cloudflare(headers: &HeaderMap) -> bool {
    headers.get(SERVER).is_some_and(|it| it == "cloudflare")
}

/// The refusal of Cloudflare is a page in HTML, without a field of its numbered errors.
fn is_own_page_of_cloudflare(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_html = kind.is_none_or(|kind| kind.starts_with(b"text/html"));
    is_html && !headers.contains_key("cf-error-type")
}
