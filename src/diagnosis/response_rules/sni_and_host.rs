//! Causes in the names of the request: SNI and Host.
//!
//! Both names reach the edge, and each may be the wrong one. The fix is for the setting that
//! decided Host: the builder's `.host(..)`, or a `HostRewriteLayer` in front of it.
//!
//! | page says | Host foreign to the origin | fix |
//! |---|---|---|
//! | host not served | any | a name that the edge routes |
//! | no backend, or no route | yes | the same, likely |
//! | no backend, or no route | no | possible: the path, or the servers |
//! | the same, though the origin has answered this Host | any | none: the path, or the servers |
//! | application refuses the Host | rewritten | preserve it |
//! | SNI and Host disagree | set by `.host(..)` | the name in Host, as SNI; at a 403 the reverse |
//! | SNI and Host disagree | set otherwise | the name in SNI, as Host |

use http::StatusCode;

use crate::diagnosis::{Cause, CauseId, Certainty, Clue, Confirmation, FixKind};

use super::{
    HostHistory, ResponseEvidence,
    another_host::{another_host, is_host_foreign, routed_host},
};

/// The edge does not serve the name in Host.
///
/// The certainty is that of the page.
pub(super) fn host_not_served(
    evidence: &ResponseEvidence<'_>,
    certainty: Certainty,
    edge: &str,
) -> Cause {
    let text = format!("{edge} does not serve {}", evidence.named_host());
    Cause::new(CauseId::HostNotServed, certainty, text)
        .shown_by(&[Clue::Status, Clue::Fields, Clue::Body, Clue::Host])
        .confirmed_by(Confirmation::ProbeNames)
        .fixed_by([routed_host(evidence)])
}

/// The edge takes no IP address in Host.
///
/// Happens if an origin is dialled by its address and nothing else names it.
pub(super) fn host_is_address(
    evidence: &ResponseEvidence<'_>,
    certainty: Certainty,
    edge: &str,
) -> Cause {
    let text = format!(
        "Host is {}, and {edge} requires a name",
        evidence.shown_host()
    );
    Cause::new(CauseId::HostNotServed, certainty, text)
        .shown_by(&[Clue::Status, Clue::Body, Clue::Host])
        .confirmed_by(Confirmation::ProbeNames)
        .fixed_by([routed_host(evidence)])
}

/// The application accepts other names: those of its clients, if Host was rewritten.
///
/// Django, Rails and Vite refuse hosts that are not in their list.
pub(super) fn host_not_allowed(evidence: &ResponseEvidence<'_>, certainty: Certainty) -> Cause {
    let text = format!("the application does not accept {}", evidence.named_host());
    let name = match evidence.is_host_rewritten() {
        true => FixKind::PreserveHost,
        false => another_host(evidence),
    };
    let allow = FixKind::Advice("allow the name in the application's configuration");
    Cause::new(CauseId::HostNotServed, certainty, text)
        .shown_by(&[Clue::Status, Clue::Body, Clue::Host])
        .confirmed_by(Confirmation::Origin)
        .fixed_by([name, allow])
}

/// One page for two failures: the edge has no servers for this Host, or they are down.
///
/// Two causes: which is likelier depends on whether the Host is one of the origin's own names. One
/// that the origin has answered has servers.
pub(super) fn no_backend(evidence: &ResponseEvidence<'_>, edge: &str) -> Vec<Cause> {
    let host = evidence.shown_host();
    // The edge in between has chosen the Host, or the edge has chosen a server and waited for it.
    let is_behind = evidence.is_through_edge() || evidence.status == StatusCode::GATEWAY_TIMEOUT;
    let is_answered = evidence.host_history == HostHistory::Answered;
    let (certainty, behind) = match is_host_foreign(evidence) {
        _ if is_behind || is_answered => (Certainty::Possible, Certainty::Likely),
        true => (Certainty::Likely, Certainty::Possible),
        false => (Certainty::Possible, Certainty::Possible),
    };
    let text = format!("{edge} has no servers for {}", evidence.named_host());
    let no_host = Cause::new(CauseId::HostNotServed, certainty, text)
        .shown_by(&[Clue::Status, Clue::Body, Clue::Host])
        .confirmed_by(Confirmation::ProbeNames)
        .fixed_by([routed_host(evidence)]);
    let text = format!("the servers for {host} behind {edge} are down or do not answer in time");
    let fix = "check the servers that the edge is configured with: address, state";
    let down = Cause::new(CauseId::BehindTheEdge, behind, text)
        .shown_by(&[Clue::Status, Clue::Body])
        .confirmed_by(Confirmation::EdgeLog)
        .fixed_by([FixKind::Advice(fix)]);
    match is_answered {
        true => vec![down],
        // The client's Host may be the one that the edge routes.
        false if evidence.is_host_rewritten() => vec![no_host, down],
        false => vec![down, no_host],
    }
}

/// The edge chooses a site by Host and path, and has none for these.
///
/// A wrong path gets the same page, and is the only reason if the origin has answered the Host.
pub(super) fn no_route(
    evidence: &ResponseEvidence<'_>,
    certainty: Certainty,
    edge: &str,
) -> Option<Cause> {
    if evidence.host_history == HostHistory::Answered {
        return None;
    }
    // The path alone may be unknown.
    let certainty = match is_host_foreign(evidence) && !evidence.is_through_edge() {
        true => certainty,
        false => Certainty::Possible,
    };
    let host = evidence.named_host();
    let text = format!("{edge} has no route for {host}, or none for this path");
    Some(
        Cause::new(CauseId::HostNotServed, certainty, text)
            .shown_by(&[Clue::Status, Clue::Fields, Clue::Body, Clue::Host])
            .confirmed_by(Confirmation::ProbeNames)
            .fixed_by([routed_host(evidence)]),
    )
}

/// The edge requires SNI and Host to agree. If they do, it does not serve the name in Host.
///
/// If the two agree, the page can only mean that the edge does not serve the name, which is then at
/// most likely.
pub(super) fn sni_and_host_disagree(
    evidence: &ResponseEvidence<'_>,
    certainty: Certainty,
    edge: &str,
) -> Cause {
    let Some(sni) = evidence.disagreeing_sni() else {
        return host_not_served(evidence, certainty.min(Certainty::Likely), edge);
    };
    let text = format!(
        "SNI is {sni} and Host is {}, and the edge requires them to agree",
        evidence.shown_host()
    );
    Cause::new(CauseId::SniAndHostDisagree, certainty, text)
        .shown_by(&[Clue::Status, Clue::Sni, Clue::Host])
        .confirmed_by(Confirmation::ProbeNames)
        .fixed_by(agreeing_names(evidence))
}

/// The fixes that make SNI and Host agree.
///
/// A Host that was set on the builder differs from SNI on purpose: it is the site. A 421 says that
/// the connection has to be one for it (RFC 9110 section 15.5.20). A 403 says nothing of the
/// connection, whose handshake has shown that the edge serves the SNI: so Host comes first.
pub(super) fn agreeing_names(evidence: &ResponseEvidence<'_>) -> Vec<FixKind> {
    let site = evidence.host_of_builder();
    let site = site.map(|name| FixKind::SniOneOf(vec![name]));
    let fixes = site.into_iter().chain([another_host(evidence)]);
    match evidence.status {
        StatusCode::FORBIDDEN => fixes.rev().collect(),
        _ => fixes.collect(),
    }
}
