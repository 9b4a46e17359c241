//! Statuses that point at a cause, whichever server sent them.
//!
//! A status alone is weak evidence: any application may send it. So these rules also look at the
//! scheme, the port and the names, and mostly stay possible.
//!
//! | status | and | cause |
//! |---|---|---|
//! | 400 | plain http to port 443 | the port expects TLS: likely |
//! | 400 | closes, after a PROXY header | the header was not expected |
//! | 421 | SNI and Host disagree | they should agree: likely |
//! | 421 | no SNI was sent | send the name in Host: likely |
//! | 421 | neither | the edge does not serve the Host here |
//!
//! `forbidden.rs` has the rules for 403.

use http::{StatusCode, header::CONNECTION};

use crate::{
    diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind},
    name::DnsName,
    origin::Scheme,
};

use super::{
    ResponseEvidence,
    another_host::{another_host, unknown_host},
    sni_and_host::sni_and_host_disagree,
};

/// Known error pages are diagnosed in `edge_pages.rs`, and may add to these.
pub(super) fn causes(evidence: &ResponseEvidence<'_>) -> Vec<Cause> {
    match evidence.status {
        StatusCode::BAD_REQUEST => {
            let causes = [http_to_tls_port(evidence), unexpected_header(evidence)];
            causes.into_iter().flatten().collect()
        }
        StatusCode::MISDIRECTED_REQUEST => misdirected(evidence),
        _ => Vec::new(),
    }
}

/// A 400 to plain HTTP from the port that usually expects TLS.
fn http_to_tls_port(evidence: &ResponseEvidence<'_>) -> Option<Cause> {
    let is_usual = evidence.origin.dial().port() == Some(443);
    (is_usual && evidence.origin.scheme() == Scheme::Http).then(|| {
        let text = "plain HTTP was sent to a port that expects TLS";
        Cause::new(CauseId::HttpToTlsPort, Certainty::Likely, text)
            .shown_by(&[Clue::Scheme, Clue::Port, Clue::Status])
            .confirmed_by(Confirmation::ProbeProtocols)
            .fixed_by([evidence.over_tls()])
    })
}

/// A server that does not expect a PROXY protocol header parses it as the request, answers 400 and
/// closes.
fn unexpected_header(evidence: &ResponseEvidence<'_>) -> Option<Cause> {
    let mut connection = evidence.headers.get(CONNECTION).into_iter();
    let closes = connection.any(|value| value == "close");
    let is_first = evidence.origin.scheme() == Scheme::Http && closes;
    (is_first && evidence.has_proxy_header).then(|| {
        let text = "the origin does not expect the PROXY protocol header that it received";
        Cause::new(CauseId::ProxyHeaderNotExpected, Certainty::Possible, text)
            .shown_by(&[Clue::ProxyHeader, Clue::Status])
            .confirmed_by(Confirmation::EdgeConfiguration)
            .fixed_by([FixKind::NoProxyProtocol])
    })
}

/// RFC 9110 section 15.5.20: the connection is not authoritative for the request's host.
///
/// The status alone does not tell whether another Host would be accepted beside the same SNI.
fn misdirected(evidence: &ResponseEvidence<'_>) -> Vec<Cause> {
    let not_served = |certainty, text: String| {
        Cause::new(CauseId::HostNotServed, certainty, text)
            .shown_by(&[Clue::Status, Clue::Host])
            .confirmed_by(Confirmation::ProbeNames)
    };
    if evidence.disagreeing_sni().is_some() {
        let text = format!("the edge does not serve {}", evidence.named_host());
        let served_host = not_served(Certainty::Possible, text).fixed_by([unknown_host(evidence)]);
        let agreement = sni_and_host_disagree(evidence, Certainty::Likely, "the edge");
        return vec![agreement, served_host];
    }
    if let Some(missing) = sni_missing(evidence) {
        return vec![missing];
    }
    let text = format!(
        "the edge does not serve {} on this connection",
        evidence.named_host()
    );
    vec![not_served(Certainty::Likely, text).fixed_by([another_host(evidence)])]
}

/// No SNI was sent, so the connection is authoritative for no name.
fn sni_missing(evidence: &ResponseEvidence<'_>) -> Option<Cause> {
    let reason = evidence.origin.sni().omission()?;
    let is_tls = evidence.origin.scheme() == Scheme::Https;
    let host = evidence.host.host().parse().ok();
    let name: DnsName = host.filter(|_| is_tls)?;
    let text = format!("the edge requires {name} in SNI, as in Host, and none was sent: {reason}");
    Some(
        Cause::new(CauseId::SniMissing, Certainty::Likely, text)
            .shown_by(&[Clue::Status, Clue::NoSni, Clue::Host])
            .confirmed_by(Confirmation::ProbeNames)
            .fixed_by([FixKind::SniOneOf(vec![name])]),
    )
}
