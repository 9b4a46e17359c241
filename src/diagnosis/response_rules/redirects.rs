//! RedirectHandling that lead in a circle, or past the proxy.

use http::{
    HeaderMap, Method, Uri,
    header::{LOCATION, SET_COOKIE},
    uri::PathAndQuery,
};

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind},
    origin::Scheme,
};

use super::{ResponseEvidence, evidence::RedirectHandling};

pub(super) fn causes(evidence: &ResponseEvidence<'_>) -> Vec<Cause> {
    let location = match evidence.status.is_redirection() {
        true => location(evidence.headers),
        false => None,
    };
    let Some(location) = location else {
        return Vec::new();
    };
    let cause = https_required(evidence, &location)
        .or_else(|| back_to_request(evidence, &location))
        .or_else(|| back_to_client_host(evidence, &location))
        .or_else(|| to_origin(evidence, &location));
    cause.into_iter().collect()
}

/// The edge requires TLS for the same resource.
fn https_required(evidence: &ResponseEvidence<'_>, location: &Uri) -> Option<Cause> {
    let is_plain = evidence.origin.scheme() == Scheme::Http;
    let is_secure = location.scheme_str() == Some("https");
    if !is_plain || !is_secure || !has_host(location, evidence.host.host()) {
        return None;
    }
    let is_dialled = has_host(location, &evidence.origin.url().target().host().to_string());
    let certainty = match evidence.target {
        // Another page of the same host may require TLS although this one does not.
        Some(target) if !is_target(location, target) => Certainty::Possible,
        _ if is_dialled => Certainty::Certain,
        // An application that receives a public name redirects clients from http to https, and
        // may not support TLS itself.
        _ => Certainty::Likely,
    };
    let text = "the edge redirects plain HTTP to https";
    let fixes = [
        FixKind::Builder(evidence.origin.url_over_tls(location.port_u16())),
        SEND_HTTPS,
    ];
    Some(
        Cause::new(CauseId::HttpsRequired, certainty, text)
            .shown_by(&[Clue::Scheme, Clue::Status, Clue::Location])
            .confirmed_by(Confirmation::ProbeProtocols)
            .fixed_by(fixes),
    )
}

/// The redirect leads to the very request that it answers.
fn back_to_request(evidence: &ResponseEvidence<'_>, location: &Uri) -> Option<Cause> {
    let scheme = evidence.origin.scheme().as_str();
    let is_same = location.scheme_str().is_none_or(|found| found == scheme)
        && location
            .host()
            .is_none_or(|host| same(host, evidence.host.host()))
        && is_target(location, evidence.target?);
    if !is_same || !is_safe(evidence) {
        return None;
    }
    let text =
        "the origin redirects to the same address: it assumes plain HTTP, or requires another Host";
    let fixes = [
        SEND_HTTPS,
        FixKind::Advice("configure the edge to use https to its own origin"),
    ];
    Some(loops(evidence, location, text).fixed_by(fixes))
}

/// The redirect leads to the client's own Host: Host was rewritten, and the origin refuses the new
/// one.
fn back_to_client_host(evidence: &ResponseEvidence<'_>, location: &Uri) -> Option<Cause> {
    let client_host = evidence.client_host?;
    let is_back = has_host(location, client_host.host())
        && !same(client_host.host(), evidence.host.host())
        && is_target(location, evidence.target?);
    if !is_back || !is_safe(evidence) {
        return None;
    }
    let host = evidence.host;
    let may_want_https =
        location.scheme_str() == Some("https") && evidence.client_scheme != Some(Scheme::Https);
    let (text, fixes) = match may_want_https {
        true => (
            format!(
                "the origin redirects to {client_host}, the client's Host: it assumes plain \
                 HTTP, or refuses Host {host}"
            ),
            vec![SEND_HTTPS, FixKind::PreserveHost],
        ),
        false => (
            format!(
                "the origin redirects to {client_host}, the client's Host, because it refuses \
                 Host {host}"
            ),
            vec![FixKind::PreserveHost],
        ),
    };
    Some(loops(evidence, location, text).fixed_by(fixes))
}

const SEND_HTTPS: FixKind = FixKind::Advice(
    "OriginProxy::client_scheme(Scheme::Https) sends the clients' scheme in X-Forwarded-Proto",
);

/// Whether the redirect leads from http to https. That is no loop, unless the client's scheme was
/// really https.
fn is_upgrade_to_https(evidence: &ResponseEvidence<'_>, location: &Uri) -> bool {
    evidence.client_scheme == Some(Scheme::Http) && location.scheme_str() == Some("https")
}

fn loops(evidence: &ResponseEvidence<'_>, location: &Uri, text: impl Into<String>) -> Cause {
    // A page that tests for cookies redirects to itself once.
    let is_once = evidence.headers.contains_key(SET_COOKIE);
    let certainty = match is_once || is_upgrade_to_https(evidence, location) {
        true => Certainty::Possible,
        false => Certainty::Likely,
    };
    Cause::new(CauseId::RedirectLoop, certainty, text)
        .shown_by(&[Clue::Status, Clue::Location, Clue::Request])
        .confirmed_by(Confirmation::Origin)
}

/// The redirect contains the rewritten Host: clients would bypass the proxy.
fn to_origin(evidence: &ResponseEvidence<'_>, location: &Uri) -> Option<Cause> {
    let client_host = evidence.client_host?;
    if evidence.redirects == RedirectHandling::Rewritten {
        return None;
    }
    let names_origin =
        has_host(location, evidence.host.host()) && !same(client_host.host(), evidence.host.host());
    names_origin.then(|| {
        let text = format!(
            "the redirect leads clients to {}, the name in Host, past this proxy",
            evidence.host
        );
        Cause::new(CauseId::LocationNamesOrigin, Certainty::Certain, text)
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

/// Whether the method is GET or HEAD. A redirect after a form leads back to the form's page, and
/// is no loop.
fn is_safe(evidence: &ResponseEvidence<'_>) -> bool {
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
