//! PROXY protocol headers that the peer did not expect, or missed.
//!
//! The header is the first thing on the connection, before TLS. A listener either requires it or
//! does not know it, and neither kind says so:
//!
//! | peer | gets an unexpected header | misses one |
//! |---|---|---|
//! | nginx, TLS | 400 in plain HTTP | closes |
//! | nginx, plain HTTP | 400 | closes |
//! | HAProxy | closes | closes |
//! | a TLS library | an alert: it parses the header as a record | |
//!
//! So an ending without a word is possible evidence for both, and [`MISSING`] is asked only where a
//! load balancer may be the peer.

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{self, Likely, Possible},
        Clue, Confirmation, FixKind,
    },
    error::{HttpFault, Stage},
};

use super::{
    error_evidence::Evidence,
    rule::{Rule, use_tls_port},
    tls_versions::{no_common_version, other_versions},
};

/// A header whose bytes are read as a record has a version that does not exist.
const PROTOCOL_VERSION: u8 = 70;

/// The rules for a connection that began with a header.
pub(super) const SENT: &[Rule] = &[
    // nginx parses what does not begin like TLS as plain HTTP, and answers 400.
    proxy_header_not_expected(Likely, &[Clue::ProxyHeader, Clue::FirstBytes], |e| {
        e.facts.has_proxy_header() && e.is_answered_in_http()
    }),
    // A server of plain HTTP takes the header for a request, and answers it at once.
    proxy_header_not_expected(Likely, &[Clue::ProxyHeader, Clue::Response], |e| {
        let is_early = e.facts.http_fault() == Some(HttpFault::Unsolicited);
        e.facts.has_proxy_header() && is_early
    }),
    Rule {
        id: CauseId::PlainHttpPeer,
        certainty: Possible,
        when: |e| e.facts.has_proxy_header() && e.is_answered_in_http(),
        text: |_| String::from("the peer speaks plain HTTP on this port"),
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: use_tls_port,
    },
    proxy_header_not_expected(Likely, &[Clue::ProxyHeader, Clue::Alert], |e| {
        e.may_misread_proxy_header()
    }),
    Rule {
        id: CauseId::NoCommonTlsVersion,
        certainty: Possible,
        when: |e| e.may_misread_proxy_header() && e.early_alert() == Some(PROTOCOL_VERSION),
        text: no_common_version,
        clues: &[Clue::Offer, Clue::Alert],
        confirmation: Confirmation::ProbeProtocols,
        fixes: other_versions,
    },
    // HAProxy closes the connection without an answer.
    proxy_header_not_expected(Possible, &[Clue::ProxyHeader, Clue::Ending], |e| {
        e.facts.has_proxy_header() && is_closed_at_once(e)
    }),
];

/// The rules for a connection without a header.
pub(super) const MISSING: &[Rule] = &[Rule {
    id: CauseId::ProxyHeaderExpected,
    certainty: Possible,
    // nginx and HAProxy close a connection that does not begin with a header.
    when: |e| e.may_expect_proxy_header() && is_closed_at_once(e),
    text: |_| String::from("the peer expects a PROXY protocol header first"),
    clues: &[Clue::Ending],
    confirmation: Confirmation::Listener,
    fixes: |_| vec![FixKind::ProxyProtocol],
}];

/// Whether the peer closed the connection in answer to the first bytes that it received.
///
/// Only the first bytes count: TLS, or a first request in the clear. A peer that has answered them
/// was not waiting for a header.
fn is_closed_at_once(evidence: &Evidence<'_>) -> bool {
    let is_first = evidence.stage == Stage::Handshake || evidence.is_plain_http();
    let facts = evidence.facts;
    let is_ended = evidence.was_cut_off() && facts.alert().is_none();
    let is_unanswered = facts.first_bytes().is_empty() && facts.certificate().is_none();
    is_first && is_ended && is_unanswered && !facts.has_answered_before()
}

const fn proxy_header_not_expected(
    certainty: Certainty,
    clues: &'static [Clue],
    when: fn(&Evidence<'_>) -> bool,
) -> Rule {
    Rule {
        id: CauseId::ProxyHeaderNotExpected,
        certainty,
        when,
        text: |_| {
            String::from("the peer does not expect the PROXY protocol header that it received")
        },
        clues,
        confirmation: Confirmation::Listener,
        // With the directive of each server that would make it expect the header.
        fixes: |_| vec![FixKind::NoProxyProtocol],
    }
}
