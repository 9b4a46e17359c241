//! Redirects that loop, or that bypass the proxy.

use http::{
    HeaderMap, Method, Uri,
    header::{LOCATION, SERVER, SET_COOKIE},
    uri::PathAndQuery,
};

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind},
    edge::{Edge, edges_passed, is_own_redirect, is_relayed, is_server_page},
    name::HostAuthority,
    origin::{OriginUrl, Scheme},
};

use super::{ResponseEvidence, another_host::another_host, response_evidence::RedirectHandling};

pub(super) fn causes(evidence: &ResponseEvidence<'_>) -> Vec<Cause> {
    let Some(location) = location(evidence) else {
        return Vec::new();
    };
    if is_to_https(evidence, &location) {
        return https_required(evidence, &location);
    }
    let cause = back_to_request(evidence, &location)
        .or_else(|| back_to_client_host(evidence, &location))
        .or_else(|| to_inner_port(evidence, &location))
        .or_else(|| to_origin(evidence, &location))
        .or_else(|| to_other_name(evidence, &location));
    cause.into_iter().collect()
}

/// Whether the text of a redirect distinguishes a server from an application.
pub(super) fn wants_body(evidence: &ResponseEvidence<'_>) -> bool {
    location(evidence).is_some_and(|location| {
        let to_https =
            is_to_https(evidence, &location) && is_target(evidence, &location, Slash::Any);
        to_https || back_to_client_host(evidence, &location).is_some()
    })
}

fn location(evidence: &ResponseEvidence<'_>) -> Option<Uri> {
    let location = evidence.status.is_redirection().then_some(evidence.headers);
    let value = location.and_then(|headers: &HeaderMap| headers.get(LOCATION))?;
    let value = value.to_str().ok()?.trim();
    let reference = value.split_once('#').map_or(value, |(before, _)| before);
    match reference {
        // The same document (RFC 3986 section 4.4).
        "" => evidence.target.cloned().map(Uri::from),
        _ if reference.starts_with("//") => {
            let scheme = evidence.origin.scheme().as_str();
            format!("{scheme}:{reference}").parse().ok()
        }
        _ => reference.parse().ok(),
    }
}

/// Whether the redirect has a scheme of its own. Without one, it keeps that of the request.
fn names_scheme(evidence: &ResponseEvidence<'_>) -> bool {
    let location = evidence.headers.get(LOCATION);
    location.is_some_and(|value| value.as_bytes().windows(3).any(|part| part == b"://"))
}

/// Whether a request over plain HTTP is redirected to https at the same host.
fn is_to_https(evidence: &ResponseEvidence<'_>, location: &Uri) -> bool {
    evidence.origin.scheme() == Scheme::Http
        && location.scheme_str() == Some("https")
        && has_host(location, evidence.host.host())
}

/// The edge requires TLS, or an application behind plain HTTP requires https.
fn https_required(evidence: &ResponseEvidence<'_>, location: &Uri) -> Vec<Cause> {
    let is_here = evidence.target.is_none() || is_target(evidence, location, Slash::Any);
    let is_own = is_own_redirect(Edge::CloudFront, evidence.headers)
        && !is_relayed(Edge::CloudFront, evidence.headers);
    let (at_edge, by_field) = match is_here {
        // Another page of the same host may require TLS although this one does not.
        false => (Certainty::Possible, Certainty::Possible),
        true if is_own => return vec![edge_requires_https(evidence, location, Certainty::Certain)],
        true if is_of_edge(evidence, location) => (Certainty::Likely, Certainty::Possible),
        // The client may really use http. Then the redirect is meant for it.
        true if evidence.client_scheme == Some(Scheme::Http) => {
            (Certainty::Possible, Certainty::Possible)
        }
        true if is_public_port_80(evidence) => (Certainty::Likely, Certainty::Possible),
        true => (Certainty::Possible, Certainty::Likely),
    };
    let mut causes = vec![edge_requires_https(evidence, location, at_edge)];
    if evidence.sent_scheme() != Some(Scheme::Https) {
        causes.push(client_scheme_unknown(by_field));
    }
    // A redirect to another page is more often one of a server than of an application.
    if by_field > at_edge || (by_field == at_edge && is_here && !is_public_port_80(evidence)) {
        causes.reverse();
    }
    causes
}

/// Whether an edge or a server in front of the application likely sent this.
fn is_of_edge(evidence: &ResponseEvidence<'_>, location: &Uri) -> bool {
    let headers = evidence.headers;
    let is_port_given = tls_port(evidence, location).is_some_and(|port| port != 443);
    evidence.sent_scheme() != Some(Scheme::Http)
        || evidence.dialled_edge().is_some_and(|edge| edge != Edge::S3)
        || edges_passed(headers).next().is_some()
        || is_port_given
        || is_server_page(headers, evidence.body)
}

/// Whether the site itself was dialled, at the port of plain HTTP. Servers redirect there, whatever
/// the fields of a request are. An application behind a proxy has a port or a name of its own, or
/// names its server.
fn is_public_port_80(evidence: &ResponseEvidence<'_>) -> bool {
    const SERVERS: [&str; 5] = ["apache", "caddy", "litespeed", "nginx", "openresty"];
    let dial = evidence.origin.dial();
    let is_site = dial
        .host()
        .is_some_and(|host| same(&host.to_string(), evidence.host.host()));
    let server = evidence.headers.get(SERVER);
    let is_of_server = server.is_none_or(|name| {
        let name = name.to_str().unwrap_or_default().to_ascii_lowercase();
        SERVERS.iter().any(|server| name.starts_with(server))
    });
    dial.port() == Some(80) && is_site && is_of_server
}

/// The port in the redirect, unless it is the dialled one, which speaks plain HTTP.
fn tls_port(evidence: &ResponseEvidence<'_>, location: &Uri) -> Option<u16> {
    let port = location.port_u16();
    port.filter(|port| evidence.origin.dial().port() != Some(*port))
}

fn edge_requires_https(
    evidence: &ResponseEvidence<'_>,
    location: &Uri,
    certainty: Certainty,
) -> Cause {
    let url = evidence.origin.url_over_tls(tls_port(evidence, location));
    Cause::new(
        CauseId::HttpsRequired,
        certainty,
        "the edge redirects plain HTTP to https",
    )
    .shown_by(&[Clue::Scheme, Clue::Status, Clue::Location])
    .confirmed_by(Confirmation::ProbeProtocols)
    .fixed_by([FixKind::Builder(url)])
}

/// The application requires https of clients. It reads their scheme from the field.
fn client_scheme_unknown(certainty: Certainty) -> Cause {
    let text = "the origin requires https of clients, and X-Forwarded-Proto does not say https";
    Cause::new(CauseId::ForwardedProto, certainty, text)
        .shown_by(&[Clue::Scheme, Clue::Status, Clue::Location])
        .confirmed_by(Confirmation::Origin)
        .fixed_by([FixKind::ClientScheme])
}

/// The redirect leads to the very request that it answers.
fn back_to_request(evidence: &ResponseEvidence<'_>, location: &Uri) -> Option<Cause> {
    let scheme = evidence.origin.scheme().as_str();
    let is_same = location.scheme_str().is_none_or(|found| found == scheme)
        && (location.host().is_none() || is_at(location, evidence.host))
        && is_target(evidence, location, Slash::Same);
    if !is_same || !is_safe(evidence) {
        return None;
    }
    let (text, fixes) = match evidence.sent_scheme() {
        Some(Scheme::Https) => (
            "the origin redirects to the same address: the edge uses plain HTTP to its own origin, \
             or another Host is required",
            vec![EDGE_TO_HTTPS, another_host(evidence)],
        ),
        _ if location.scheme_str() == Some("https") && names_scheme(evidence) => (
            "the origin redirects to the same address: it assumes plain HTTP, or requires another \
             Host",
            vec![FixKind::ClientScheme, EDGE_TO_HTTPS],
        ),
        // It does not choose https.
        _ => (
            "the origin redirects to the same address: it requires another Host, or assumes plain \
             HTTP",
            vec![another_host(evidence), FixKind::ClientScheme],
        ),
    };
    Some(loops(evidence, location, text).fixed_by(fixes))
}

const EDGE_TO_HTTPS: FixKind = FixKind::Advice("configure the edge to use https to its own origin");

/// The redirect leads to the client's own Host: Host was rewritten, and the origin refuses the new
/// one.
fn back_to_client_host(evidence: &ResponseEvidence<'_>, location: &Uri) -> Option<Cause> {
    let client_host = evidence.client_host?;
    let is_back = is_at(location, client_host)
        && !same(client_host.host(), evidence.host.host())
        && is_target(evidence, location, Slash::Same);
    if !is_back || !is_safe(evidence) {
        return None;
    }
    let host = evidence.host;
    let may_want_https =
        location.scheme_str() == Some("https") && evidence.sent_scheme() != Some(Scheme::Https);
    let (text, fixes) = match may_want_https {
        true if is_for_host(evidence) => (
            format!(
                "the origin redirects to {client_host}, the client's Host: it refuses Host {host}, \
                 or assumes plain HTTP"
            ),
            vec![FixKind::PreserveHost, FixKind::ClientScheme],
        ),
        true => (
            format!(
                "the origin redirects to {client_host}, the client's Host: it assumes plain \
                 HTTP, or refuses Host {host}"
            ),
            vec![FixKind::ClientScheme, FixKind::PreserveHost],
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

/// Whether the redirect is more likely about the Host than about the scheme: a rule of a server or
/// of WordPress decides by the Host, and an origin behind TLS has seen https.
fn is_for_host(evidence: &ResponseEvidence<'_>) -> bool {
    let headers = evidence.headers;
    evidence.origin.scheme() == Scheme::Https
        || headers.contains_key("x-redirect-by")
        || is_server_page(headers, evidence.body)
}

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

/// The redirect has the client's name, and the port at which the origin listens.
fn to_inner_port(evidence: &ResponseEvidence<'_>, location: &Uri) -> Option<Cause> {
    let client_host = evidence.client_host?;
    let port = location.port_u16()?;
    let is_inner = evidence.origin.dial().port() == Some(port)
        && has_host(location, client_host.host())
        && !is_at(location, client_host);
    is_inner.then(|| {
        let text = format!(
            "the redirect leads clients to port {port}, at which the origin listens, past this \
             proxy"
        );
        let fix = "build redirects from Host alone: `port_in_redirect off` in nginx";
        Cause::new(CauseId::LocationNamesOrigin, Certainty::Likely, text)
            .shown_by(&[Clue::Port, Clue::Location])
            .confirmed_by(Confirmation::Origin)
            .fixed_by([FixKind::Advice(fix)])
    })
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

/// A redirect to another name of the same site, such as that with `www.`. Clients that follow it
/// bypass the proxy.
fn to_other_name(evidence: &ResponseEvidence<'_>, location: &Uri) -> Option<Cause> {
    let client_host = evidence.client_host?;
    let (host, other) = (evidence.host.host(), location.host()?);
    let is_rewritten = !same(client_host.host(), host);
    let is_sibling = is_with_www(host, other) || is_with_www(other, host);
    if !is_rewritten || !is_sibling || !is_target(evidence, location, Slash::Any) {
        return None;
    }
    // The origin chooses the name. Plain http in place of TLS is no fix, whatever it says.
    let url = match (evidence.origin.scheme(), location.scheme_str()?) {
        (Scheme::Https, "http") => format!("https://{other}"),
        (_, scheme) => format!("{scheme}://{}", location.authority()?),
    };
    let url = OriginUrl::try_from(url).ok()?;
    let text = format!("the origin redirects Host {host} to {other}, past this proxy");
    Some(
        Cause::new(CauseId::LocationNamesOrigin, Certainty::Likely, text)
            .shown_by(&[Clue::Host, Clue::Location])
            .confirmed_by(Confirmation::Origin)
            .fixed_by([FixKind::Builder(url)]),
    )
}

fn is_with_www(long: &str, short: &str) -> bool {
    let rest = long.get(..4).filter(|start| same(start, "www."));
    rest.is_some_and(|start| same(&long[start.len()..], short))
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

/// Whether the redirect leads to this host, and to its port. Names without a port have the default
/// ports of both schemes.
fn is_at(location: &Uri, host: &HostAuthority) -> bool {
    const DEFAULT: [u16; 2] = [80, 443];
    let odd = |port: Option<u16>| port.filter(|port| !DEFAULT.contains(port));
    has_host(location, host.host()) && odd(location.port_u16()) == odd(host.port())
}

/// Whether a slash at the end of the path makes a difference.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Slash {
    Any,
    Same,
}

/// Whether the redirect leads to the requested path and query.
fn is_target(evidence: &ResponseEvidence<'_>, location: &Uri, slash: Slash) -> bool {
    let Some(target) = evidence.target else {
        return false;
    };
    let found = location.path_and_query();
    let path = |target: Option<&PathAndQuery>| {
        let path = target.map_or("/", PathAndQuery::path);
        match slash {
            Slash::Any => path.trim_end_matches('/').to_owned(),
            Slash::Same => path.to_owned(),
        }
    };
    path(found) == path(Some(target)) && found.and_then(PathAndQuery::query) == target.query()
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
