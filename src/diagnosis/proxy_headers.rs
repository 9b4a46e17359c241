//! PROXY protocol headers that nobody expected, or that were missing.

use crate::error::Stage;

use super::{
    CauseId,
    Certainty::{Likely, Possible},
    Clue, Confirmation, Evidence, FixKind,
    handshakes::{is_answered_in_http, no_common_version, other_versions},
    rule::Rule,
};

/// Alerts of a peer that takes the header for TLS: unexpected_message, record_overflow,
/// decode_error, protocol_version (RFC 8446 section 6).
const MISREADING: [u8; 4] = [10, 22, 50, 70];

const PROTOCOL_VERSION: u8 = 70;

/// Where one was sent.
pub(super) const SENT: &[Rule] = &[
    Rule {
        id: CauseId::ProxyHeaderNotExpected,
        certainty: Likely,
        // nginx takes what does not begin like TLS for plain http, and answers 400.
        when: |e| is_sent(e) && is_answered_in_http(e),
        why: not_expected,
        clues: &[Clue::ProxyHeader, Clue::FirstBytes],
        confirmation: Confirmation::Listener,
        fixes: without,
    },
    Rule {
        id: CauseId::PlainHttpPeer,
        certainty: Possible,
        when: |e| is_sent(e) && is_answered_in_http(e),
        why: |_| String::from("the peer speaks plain http on this port"),
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |e| vec![FixKind::Builder(e.origin.url_over_tcp())],
    },
    Rule {
        id: CauseId::ProxyHeaderNotExpected,
        certainty: Likely,
        when: is_misread,
        why: not_expected,
        clues: &[Clue::ProxyHeader, Clue::Alert],
        confirmation: Confirmation::Listener,
        fixes: without,
    },
    Rule {
        id: CauseId::NoCommonTlsVersion,
        certainty: Possible,
        when: |e| is_misread(e) && e.early_alert() == Some(PROTOCOL_VERSION),
        why: no_common_version,
        clues: &[Clue::Offer, Clue::Alert],
        confirmation: Confirmation::ProbeProtocols,
        fixes: other_versions,
    },
    Rule {
        id: CauseId::ProxyHeaderNotExpected,
        certainty: Possible,
        // HAProxy hangs up without a word.
        when: |e| is_sent(e) && is_hung_up_on(e),
        why: not_expected,
        clues: &[Clue::ProxyHeader, Clue::Ending],
        confirmation: Confirmation::Listener,
        fixes: without,
    },
];

/// Where none was sent.
pub(super) const MISSING: &[Rule] = &[Rule {
    id: CauseId::ProxyHeaderExpected,
    certainty: Possible,
    // nginx and HAProxy hang up on what does not begin with a header.
    when: |e| is_conceivable(e) && is_hung_up_on(e),
    why: |_| String::from("the peer expects a PROXY protocol header before anything else"),
    clues: &[Clue::Ending],
    confirmation: Confirmation::Listener,
    fixes: with,
}];

/// Whether a header that was sent may be what the peer stumbled over, so that its alert says
/// nothing of TLS.
pub(super) fn is_misread(evidence: &Evidence<'_>) -> bool {
    let alert = evidence.early_alert();
    is_sent(evidence) && alert.is_some_and(|alert| MISREADING.contains(&alert))
}

/// Whether the peer may be one that expects a header: no CDN's edge does.
pub(super) fn is_conceivable(evidence: &Evidence<'_>) -> bool {
    !is_sent(evidence) && evidence.edge().is_none()
}

pub(super) fn with(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![FixKind::ProxyProtocol]
}

pub(super) fn is_sent(evidence: &Evidence<'_>) -> bool {
    evidence.facts.has_proxy_header()
}

/// Whether the peer ended the connection before it said anything, in answer to the first thing that
/// it was told.
fn is_hung_up_on(evidence: &Evidence<'_>) -> bool {
    let is_first = evidence.stage == Stage::Handshake || evidence.is_plain_http();
    let is_ended = evidence.was_cut_off() && evidence.facts.alert().is_none();
    is_first && is_ended && !evidence.facts.has_answered_before()
}

fn not_expected(_: &Evidence<'_>) -> String {
    String::from("the peer does not expect the PROXY protocol header that it was sent")
}

fn without(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![FixKind::NoProxyProtocol]
}
