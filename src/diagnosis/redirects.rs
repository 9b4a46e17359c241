//! Redirects that lead in a circle, or to where clients cannot follow.

use http::{
    HeaderMap, Method, Uri,
    header::{LOCATION, SET_COOKIE},
    uri::PathAndQuery,
};

use crate::origin::Scheme;

use super::{
    Cause, CauseId, Certainty, Clue, Confirmation, FixKind, ResponseEvidence, responses::Redirects,
};

pub(super) fn causes(evidence: &ResponseEvidence<'_>) -> Vec<Cause> {
    let location = match evidence.status.is_redirection() {
        true => location(evidence.headers),
        false => None,
    };
    let Some(location) = location else {
        return Vec::new();
    };
    let cause = https_required(evidence, &location)
        .or_else(|| same_again(evidence, &location))
        .or_else(|| back_to_downstream(evidence, &location))
        .or_else(|| to_origin(evidence, &location));
    cause.into_iter().collect()
}

/// The edge wants the same resource over TLS.
fn https_required(evidence: &ResponseEvidence<'_>, location: &Uri) -> Option<Cause> {
    let is_plain = evidence.origin.scheme() == Scheme::Http;
    let is_secure = location.scheme_str() == Some("https");
    if !is_plain || !is_secure || !has_host(location, evidence.host.host()) {
        return None;
    }
    let is_dialled = has_host(location, &evidence.origin.url().target().host().to_string());
    let certainty = match evidence.target {
        // Another page of the same host may want TLS where this one does not.
        Some(target) if !is_target(location, target) => Certainty::Possible,
        _ if is_dialled => Certainty::Certain,
        // An application that is told a public name sends clients who came by http to https, and
        // may speak no TLS itself.
        _ => Certainty::Likely,
    };
    let why = "the edge answers plain http with a redirect to https";
    let fixes = [
        FixKind::Builder(evidence.origin.url_over_tls(location.port_u16())),
        TELL_HTTPS,
    ];
    Some(
        Cause::new(CauseId::HttpsRequired, certainty, why)
            .shown_by(&[Clue::Scheme, Clue::Status, Clue::Location])
            .confirmed_by(Confirmation::ProbeProtocols)
            .fixed_by(fixes),
    )
}

/// The redirect leads to the very request that it answers.
fn same_again(evidence: &ResponseEvidence<'_>, location: &Uri) -> Option<Cause> {
    let scheme = evidence.origin.scheme().as_str();
    let is_same = location.scheme_str().is_none_or(|found| found == scheme)
        && location
            .host()
            .is_none_or(|host| same(host, evidence.host.host()))
        && is_target(location, evidence.target?);
    if !is_same || !is_read(evidence) {
        return None;
    }
    let why = "the origin redirects to the same address: it takes the visit for plain http, or wants another Host";
    let fixes = [
        TELL_HTTPS,
        FixKind::Advice("let the edge speak https to its own origin"),
    ];
    Some(loops(evidence, location, why).fixed_by(fixes))
}

/// The redirect leads to the name by which the client asked: Host was rewritten, and the origin
/// does not like the new one.
fn back_to_downstream(evidence: &ResponseEvidence<'_>, location: &Uri) -> Option<Cause> {
    let downstream = evidence.client_host?;
    let is_back = has_host(location, downstream.host())
        && !same(downstream.host(), evidence.host.host())
        && is_target(location, evidence.target?);
    if !is_back || !is_read(evidence) {
        return None;
    }
    let host = evidence.host;
    let may_want_https =
        location.scheme_str() == Some("https") && evidence.client_scheme != Some(Scheme::Https);
    let (why, fixes) = match may_want_https {
        true => (
            format!(
                "the origin redirects to {downstream}, by which the client came: it takes the visit for plain http, or Host says {host}"
            ),
            vec![TELL_HTTPS, FixKind::PreserveHost],
        ),
        false => (
            format!(
                "the origin redirects to {downstream}, by which the client came, because Host says {host}"
            ),
            vec![FixKind::PreserveHost],
        ),
    };
    Some(loops(evidence, location, why).fixed_by(fixes))
}

const TELL_HTTPS: FixKind = FixKind::Advice(
    "OriginProxy::client_scheme(Scheme::Https) tells it by X-Forwarded-Proto that clients come by https",
);

/// Whether a client that is said to have come by http is sent to https: no loop, unless it came by
/// https in truth.
fn is_change_over(evidence: &ResponseEvidence<'_>, location: &Uri) -> bool {
    evidence.client_scheme == Some(Scheme::Http) && location.scheme_str() == Some("https")
}

fn loops(evidence: &ResponseEvidence<'_>, location: &Uri, why: impl Into<String>) -> Cause {
    // A page that sets a cookie and wants to see it come back redirects to itself once.
    let is_once = evidence.headers.contains_key(SET_COOKIE);
    let certainty = match is_once || is_change_over(evidence, location) {
        true => Certainty::Possible,
        false => Certainty::Likely,
    };
    Cause::new(CauseId::RedirectLoop, certainty, why)
        .shown_by(&[Clue::Status, Clue::Location, Clue::Request])
        .confirmed_by(Confirmation::Origin)
}

/// The redirect names the origin by the rewritten Host: clients would leave the proxy.
fn to_origin(evidence: &ResponseEvidence<'_>, location: &Uri) -> Option<Cause> {
    let downstream = evidence.client_host?;
    if evidence.redirects == Redirects::Rewritten {
        return None;
    }
    let is_origins =
        has_host(location, evidence.host.host()) && !same(downstream.host(), evidence.host.host());
    is_origins.then(|| {
        let why = format!(
            "the redirect leads clients to {}, as Host says, and past this proxy",
            evidence.host
        );
        Cause::new(CauseId::LocationNamesOrigin, Certainty::Certain, why)
            .shown_by(&[Clue::Host, Clue::Location])
            .fixed_by([
                FixKind::Advice("rewrite the response's Location"),
                FixKind::PreserveHost,
            ])
    })
}

fn location(headers: &HeaderMap) -> Option<Uri> {
    headers.get(LOCATION)?.to_str().ok()?.parse().ok()
}

/// A redirect after a form was sent leads back to the form's page: only GET and HEAD go round in a
/// circle.
fn is_read(evidence: &ResponseEvidence<'_>) -> bool {
    evidence
        .method
        .is_some_and(|method| [Method::GET, Method::HEAD].contains(method))
}

fn has_host(location: &Uri, host: &str) -> bool {
    location.host().is_some_and(|found| same(found, host))
}

fn is_target(location: &Uri, target: &PathAndQuery) -> bool {
    let found = location.path_and_query().map_or("/", PathAndQuery::as_str);
    found == target.as_str()
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
