//! Matches a response with the known error pages of edges, and names the causes.
//!
//! The pages are in `edge/edge_error_pages.rs`.
//!
//! ```text
//! head and body ──> the first known page that fits ──> strength ──> certainty
//!                                                        weak          possible
//!                                                        strong        likely
//!                                                        conclusive    certain
//! ```
//!
//! The page may have come from an edge behind the one that was dialled. It is then about names that
//! another proxy sent, and changing ours would not help: such causes are lowered to possible, and
//! the proxy between is named as the likely place.

use std::borrow::Cow;

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind},
    edge::{
        Edge, EdgeErrorKind, ErrorPage, EvidenceStrength, edge_of_host, is_bucket_in_path,
        is_relayed, known_error_pages, regional_bucket_host,
    },
    name::DnsName,
    origin::{OriginUrl, Scheme},
};

use super::{
    ResponseEvidence,
    cloudfront_pages::refused_request,
    request_limits::{early_data, head_too_large, length_required, request_grown},
    sni_and_host::{
        host_is_address, host_not_allowed, host_not_served, no_backend, no_route,
        sni_and_host_disagree,
    },
};

/// The causes behind the first known page that matches.
///
/// Invalid UTF-8 in the body is replaced, as the pages are looked for by ASCII texts.
pub(super) fn causes(evidence: &ResponseEvidence<'_>) -> Vec<Cause> {
    let body = String::from_utf8_lossy(evidence.body);
    let fits = |page: &&ErrorPage| evidence.fits_head(page) && page.fits_body(&body);
    match known_error_pages().find(fits) {
        Some(page) => causes_of(page, evidence, &body),
        None => Vec::new(),
    }
}

/// The kind of the page decides the cause; the evidence decides certainty and fix. Each cause names
/// the document that describes the page.
fn causes_of(page: &ErrorPage, evidence: &ResponseEvidence<'_>, body: &str) -> Vec<Cause> {
    let edge = page
        .edge()
        .map_or(Cow::Borrowed("the edge"), |edge| edge.to_string().into());
    let (certainty, is_elsewhere) = certainty_of(page, evidence, body);
    let causes = match page.kind() {
        EdgeErrorKind::HostIsAddress => vec![host_is_address(evidence, certainty, &edge)],
        EdgeErrorKind::HostNotAllowed => vec![host_not_allowed(evidence, certainty)],
        EdgeErrorKind::HostNotServed
            if page.edge() == Some(Edge::S3) && is_bucket_in_path(evidence.host.host()) =>
        {
            vec![no_such_bucket()]
        }
        EdgeErrorKind::HostNotServed => vec![host_not_served(evidence, certainty, &edge)],
        EdgeErrorKind::NoBackend => no_backend(evidence, &edge),
        EdgeErrorKind::NoRoute => no_route(evidence, certainty, &edge).into_iter().collect(),
        EdgeErrorKind::RequestGrown => request_grown(evidence, &edge),
        EdgeErrorKind::EarlyData => vec![early_data(evidence, certainty, &edge)],
        EdgeErrorKind::LengthRequired => vec![length_required(evidence, certainty, &edge)],
        EdgeErrorKind::SniAndHostDisagree => {
            vec![sni_and_host_disagree(evidence, certainty, &edge)]
        }
        EdgeErrorKind::RefusedRequest => refused_request(evidence, &edge),
        EdgeErrorKind::ForwardingFields => forwarding_fields(evidence, certainty, &edge),
        EdgeErrorKind::HttpToTlsPort => http_to_tls_port(evidence, &edge),
        EdgeErrorKind::WrongRegion => vec![wrong_region(evidence, certainty, body)],
        EdgeErrorKind::HeadTooLarge => vec![head_too_large(evidence, certainty, &edge)],
        // The edge in between is the client of the server that wants a certificate.
        EdgeErrorKind::ClientCertificate if evidence.is_through_edge() => vec![
            no_certificate_behind(&edge),
            other_kind(page.kind(), Certainty::Possible, &edge),
        ],
        other => vec![other_kind(other, certainty, &edge)],
    };
    let elsewhere = is_elsewhere.then(|| sent_through_another_edge(&edge));
    let documented = |cause: Cause| cause.documented_in(page.documentation());
    elsewhere
        .into_iter()
        .chain(causes)
        .map(documented)
        .collect()
}

/// How certain the page makes its cause, and whether it is about the names of another proxy.
fn certainty_of(
    page: &ErrorPage,
    evidence: &ResponseEvidence<'_>,
    body: &str,
) -> (Certainty, bool) {
    let strength = match page.strength_with(evidence.headers) {
        EvidenceStrength::Weak => Certainty::Possible,
        EvidenceStrength::Strong => Certainty::Likely,
        EvidenceStrength::Conclusive => Certainty::Certain,
    };
    let is_of_others = strength >= Certainty::Likely && is_about_other_names(page, evidence, body);
    let (certainty, is_elsewhere) = match page.kind() {
        _ if !is_of_others => (strength, false),
        // The names sent from here disagree too, so the page may be about them.
        EdgeErrorKind::SniAndHostDisagree => (Certainty::Likely, false),
        _ => (Certainty::Possible, true),
    };
    // Google sends its page for every path that it does not know, or reserves.
    match page.edge() == Some(Edge::Google) && evidence.is_dialled_host() {
        true => (certainty.min(Certainty::Possible), is_elsewhere),
        false => (certainty, is_elsewhere),
    }
}

/// Whether the page may be about names that another proxy sent to its edge.
///
/// Kinds that are about the fault behind the edge, or about the request's size, hold for any proxy
/// on the way.
fn is_about_other_names(page: &ErrorPage, evidence: &ResponseEvidence<'_>, body: &str) -> bool {
    let is_about_names = matches!(
        page.kind(),
        EdgeErrorKind::ForwardingFields
            | EdgeErrorKind::HostIsAddress
            | EdgeErrorKind::HostNotServed
            | EdgeErrorKind::RequestLoop
            | EdgeErrorKind::SniAndHostDisagree
            | EdgeErrorKind::WebsiteOff
            | EdgeErrorKind::WrongRegion
    );
    let is_of_another_edge = |edge: Edge| {
        let dialled = evidence.dialled_edge();
        dialled.is_some_and(|dialled| dialled != edge) || is_relayed(edge, evidence.headers)
    };
    is_about_names
        && page.edge().is_some_and(|edge| {
            is_of_another_edge(edge) || edge == Edge::S3 && names_another_bucket(evidence, body)
        })
}

/// Whether the page of S3 names a bucket that is not in Host: a proxy that leaves no mark has sent
/// another Host.
fn names_another_bucket(evidence: &ResponseEvidence<'_>, body: &str) -> bool {
    let in_xml = || Some(body.split_once("<BucketName>")?.1.split_once('<')?.0);
    let in_html = || Some(body.split_once("BucketName: ")?.1.split_once('<')?.0);
    let host = evidence.host.host();
    let is_in_host = |bucket: &str| {
        let start = host.get(..bucket.len());
        let rest = host.get(bucket.len()..).unwrap_or_default();
        let is_start = start.is_some_and(|start| start.eq_ignore_ascii_case(bucket));
        is_start && (rest.is_empty() || rest.starts_with('.'))
    };
    let bucket = in_xml().or_else(in_html);
    !is_bucket_in_path(host) && bucket.is_some_and(|bucket| !is_in_host(bucket))
}

/// The fault lies behind the edge. None of the four names matters there.
fn behind_the_edge(certainty: Certainty, edge: &str) -> Cause {
    let text = format!(
        "{edge} cannot use the server behind it; no change of the names sent from here helps"
    );
    let fix = "check the origin that the edge is configured with: address, certificate, state";
    Cause::new(CauseId::BehindTheEdge, certainty, text)
        .shown_by(&[Clue::Status, Clue::Fields])
        .confirmed_by(Confirmation::EdgeLog)
        .fixed_by([FixKind::Advice(fix)])
}

/// The page comes from an edge that was not dialled, so it is about names sent by another proxy.
fn sent_through_another_edge(edge: &str) -> Cause {
    let text = format!(
        "the page of {edge} arrived through another edge or proxy, \
         which sent {edge} names of its own"
    );
    let fix = "check the origin that the dialled edge or proxy is configured with";
    Cause::new(CauseId::BehindTheEdge, Certainty::Likely, text)
        .shown_by(&[Clue::Fields, Clue::Body])
        .confirmed_by(Confirmation::EdgeLog)
        .fixed_by([FixKind::Advice(fix)])
}

/// The edge or proxy in between presents no client certificate to the server behind it.
fn no_certificate_behind(server: &str) -> Cause {
    let text = format!(
        "{server} requires a client certificate of the edge or proxy before it, or another one"
    );
    let fix = "configure the client certificate at the edge: Authenticated Origin Pulls, and such";
    Cause::new(CauseId::BehindTheEdge, Certainty::Likely, text)
        .shown_by(&[Clue::Status, Clue::Fields, Clue::Body])
        .confirmed_by(Confirmation::EdgeConfiguration)
        .fixed_by([FixKind::Advice(fix)])
}

/// At this endpoint of S3 the path names the bucket, so that Host is not the fault.
fn no_such_bucket() -> Cause {
    let text = "the path of requests to this endpoint of S3 begins with a bucket, and the one that \
                was sent does not exist";
    let fix = "dial the endpoint of the bucket: bucket.s3.region.amazonaws.com";
    Cause::new(CauseId::InvalidRequest, Certainty::Likely, text)
        .shown_by(&[Clue::Host, Clue::Body])
        .confirmed_by(Confirmation::Request)
        .fixed_by([FixKind::Advice(fix)])
}

/// The bucket belongs to another region. The fix is its own endpoint, if the page names one of S3.
///
/// S3 names the right endpoint in `<Endpoint>`. It is offered only if it is a host of S3, since the
/// body is the peer's text. Any peer can send the page, so that another bucket than that of the
/// Host is only likely.
fn wrong_region(evidence: &ResponseEvidence<'_>, certainty: Certainty, body: &str) -> Cause {
    let endpoint = body
        .split_once("<Endpoint>")
        .and_then(|(_, rest)| rest.split_once("</Endpoint>"))
        .and_then(|(endpoint, _)| regional_bucket_host(endpoint));
    let certainty = match &endpoint {
        Some(host) if evidence.dialled_edge() != Some(Edge::S3) && !is_of_host(host, evidence) => {
            certainty.min(Certainty::Likely)
        }
        _ => certainty,
    };
    let fixes = match endpoint {
        // The website endpoints speak no TLS.
        Some(host) if edge_of_host(&host) != Some(Edge::S3Website) => {
            let url = OriginUrl::try_from(format!("https://{host}")).ok();
            let host = evidence.is_host_of_layer().then(|| (&host).into());
            let url = url.map(FixKind::Builder);
            url.into_iter()
                .chain(host.map(FixKind::HostRewrite))
                .collect()
        }
        _ => vec![FixKind::Advice(
            "use the endpoint of the bucket's own region",
        )],
    };
    let text = "the bucket belongs to another region than this endpoint of S3";
    Cause::new(CauseId::WrongRegion, certainty, text)
        .shown_by(&[Clue::Status, Clue::Body])
        .fixed_by(fixes)
}

/// Whether the endpoint is that of the bucket that the Host names.
fn is_of_host(endpoint: &DnsName, evidence: &ResponseEvidence<'_>) -> bool {
    let host = evidence.host.host().to_ascii_lowercase();
    let bucket = host.split_once(".s3").map_or(&*host, |(bucket, _)| bucket);
    let rest = endpoint.as_str().strip_prefix(bucket);
    rest.is_some_and(|rest| rest.starts_with('.'))
}

/// Cloudflare's error 1000 is about the request's fields, its names, or the records of the zone.
fn forwarding_fields(
    evidence: &ResponseEvidence<'_>,
    certainty: Certainty,
    edge: &str,
) -> Vec<Cause> {
    let fields = Cause::new(
        CauseId::ForwardingFields,
        certainty,
        format!("{edge} refuses the request's forwarding fields, or detects a loop"),
    )
    .shown_by(&[Clue::Status, Clue::Fields, Clue::Body])
    .confirmed_by(Confirmation::EdgeLog)
    .fixed_by([FixKind::Advice(
        "remove CF-Connecting-IP, send one X-Forwarded-For of at most 100 characters, \
         and dial no name that leads back here",
    )]);
    let names = evidence.disagreeing_sni().is_some();
    let names = names.then(|| sni_and_host_disagree(evidence, Certainty::Possible, edge));
    let text = format!("a DNS record of the site at {edge} has an address that {edge} prohibits");
    let records = Cause::new(CauseId::BehindTheEdge, Certainty::Possible, text)
        .shown_by(&[Clue::Status, Clue::Body])
        .confirmed_by(Confirmation::EdgeConfiguration)
        .fixed_by([FixKind::Advice(
            "correct the site's DNS records at the edge",
        )]);
    [Some(fields), names, Some(records)]
        .into_iter()
        .flatten()
        .collect()
}

/// Either this crate or a load balancer behind the edge sent plain HTTP. The port tells which.
///
/// | scheme and port dialled | sent from here | sent behind the edge |
/// |---|---|---|
/// | https | | likely |
/// | http, 443 | certain | |
/// | http, 80 | possible | likely |
/// | http, other | likely | possible, if an edge or proxy relayed the page |
fn http_to_tls_port(evidence: &ResponseEvidence<'_>, edge: &str) -> Vec<Cause> {
    const CLUES: &[Clue] = &[Clue::Scheme, Clue::Port, Clue::Body];
    let here = |certainty| {
        let text = "plain HTTP was sent to a port that expects TLS";
        Cause::new(CauseId::HttpToTlsPort, certainty, text)
            .shown_by(CLUES)
            .confirmed_by(Confirmation::ProbeProtocols)
            .fixed_by([evidence.over_tls()])
    };
    let behind = |certainty| behind_the_edge(certainty, edge).shown_by(CLUES);
    match (evidence.origin.scheme(), evidence.origin.dial().port()) {
        (Scheme::Https, _) => vec![behind(Certainty::Likely)],
        (Scheme::Http, Some(443)) => vec![here(Certainty::Certain)],
        (Scheme::Http, Some(80)) => vec![behind(Certainty::Likely), here(Certainty::Possible)],
        (Scheme::Http, _) if evidence.is_through_edge() => {
            vec![here(Certainty::Likely), behind(Certainty::Possible)]
        }
        (Scheme::Http, _) => vec![here(Certainty::Likely)],
    }
}

/// The kinds of errors whose cause needs no look at the names.
///
/// All of them are confirmed in the edge's log.
fn other_kind(kind: EdgeErrorKind, certainty: Certainty, edge: &str) -> Cause {
    let (id, text, fix) = match kind {
        EdgeErrorKind::BehindTheEdge => return behind_the_edge(certainty, edge),
        EdgeErrorKind::ClientCertificate => (
            CauseId::ClientCertificateRequired,
            format!("{edge} requires a client certificate, or another one"),
            "present a client certificate, or allow this client without one",
        ),
        EdgeErrorKind::MethodNotAllowed => (
            CauseId::MethodNotAllowed,
            format!("{edge} does not allow this method"),
            "allow the method in the edge's configuration",
        ),
        EdgeErrorKind::RequestLoop => (
            CauseId::RequestLoop,
            format!("the request returns to {edge}"),
            "dial a name that does not lead back here",
        ),
        EdgeErrorKind::SignedForAnotherHost => (
            CauseId::SignedForAnotherHost,
            String::from("the request was signed before its Host was rewritten"),
            "sign the request with the Host that it arrives with",
        ),
        EdgeErrorKind::WebsiteOff => (
            CauseId::WebsiteOff,
            format!("{edge} has no website in this bucket"),
            "enable the bucket's website, or use its REST endpoint",
        ),
        // `Blocked`, and the kinds that `causes_of` handles.
        _ => (
            CauseId::BlockedByTheEdge,
            format!("{edge} blocked the request by a firewall, rate limit or country rule"),
            "look for the request in the edge's log",
        ),
    };
    Cause::new(id, certainty, text)
        .shown_by(&[Clue::Status, Clue::Fields, Clue::Body])
        .confirmed_by(Confirmation::EdgeLog)
        .fixed_by([FixKind::Advice(fix)])
}
