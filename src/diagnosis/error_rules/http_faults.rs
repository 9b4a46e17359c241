//! Responses that break a rule of HTTP/1 or a limit.
//!
//! | evidence | cause |
//! |---|---|
//! | first bytes of another service | that service: certain |
//! | bytes before a request, not HTTP | another service |
//! | the same on a reused connection | more than the response before: likely |
//! | bytes before a request, HTTP | the origin gave up waiting, or is over capacity |
//! | a rule of RFC 9112 that the response breaks | the origin's HTTP: certain, with the section |
//! | a head beyond the limit | `PoolSettings::max_response_head` |

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{Certain, Likely},
        Clue, Confirmation, FixKind,
    },
    error::{ErrorKind, HttpFault},
};

use super::{
    error_evidence::Evidence,
    rule::{Rule, restore_origin},
    service_greetings::{is_http2_settings, is_no_web_server, service},
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: CauseId::ResponseHeadTooLarge,
        certainty: Certain,
        when: |e| e.is(ErrorKind::ResponseHeadTooLarge),
        text: |_| {
            String::from(
                "the head of the response is larger than PoolSettings::max_response_head(..), or \
                 has over 12288 fields",
            )
        },
        clues: &[Clue::Response],
        confirmation: Confirmation::Origin,
        fixes: |_| {
            vec![
                FixKind::Advice("allow more with PoolSettings::max_response_head(..)"),
                FixKind::Advice("look for cookies or fields that the origin sets in a loop"),
            ]
        },
    },
    Rule {
        id: CauseId::OtherService,
        certainty: Certain,
        when: |e| is_no_service_of_http(e) && service(e.facts.first_bytes()).is_some(),
        text: |e| is_no_web_server(e.facts.first_bytes()),
        clues: &[Clue::Port, Clue::FirstBytes],
        confirmation: Confirmation::Listener,
        fixes: dial_http,
    },
    Rule {
        id: CauseId::OtherService,
        certainty: Certain,
        when: |e| {
            let is_settings = is_http2_settings(e.facts.first_bytes());
            is_no_response(e) && is_settings && e.is_plain_http()
        },
        text: |_| String::from("the peer speaks only HTTP/2 on this port, and HTTP/1.1 was sent"),
        clues: &[Clue::Port, Clue::FirstBytes],
        confirmation: Confirmation::Listener,
        fixes: dial_http,
    },
    Rule {
        id: CauseId::OtherService,
        certainty: Likely,
        when: |e| is_no_service_of_http(e) && !is_unsolicited(e),
        text: |_| {
            String::from(
                "the response does not begin with HTTP/1.0 or HTTP/1.1: another service listens at \
                 this port",
            )
        },
        clues: &[Clue::Port, Clue::Response],
        confirmation: Confirmation::Listener,
        fixes: dial_http,
    },
    Rule {
        id: CauseId::OtherService,
        certainty: Likely,
        when: |e| is_no_service_of_http(e) && is_unsolicited(e) && !begins_with_http(e),
        text: |_| {
            String::from(
                "the peer sent data before it received a request: another service listens at this \
                 port",
            )
        },
        clues: &[Clue::Port, Clue::FirstBytes],
        confirmation: Confirmation::Listener,
        fixes: dial_http,
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Likely,
        // HAProxy and nginx answer 408 before they close. Over capacity, some answer 503 at once.
        when: |e| is_unsolicited(e) && begins_with_http(e) && !e.facts.has_proxy_header(),
        text: |_| {
            String::from(
                "the origin answered before it received a request: it gave up waiting, or accepts \
                 no more connections",
            )
        },
        clues: &[Clue::FirstBytes],
        confirmation: Confirmation::Origin,
        fixes: restore_origin,
    },
    Rule {
        id: CauseId::BrokenHttp,
        certainty: Likely,
        // The connection has served HTTP before.
        when: |e| is_no_response(e) && e.facts.is_reused() && !begins_with_http(e),
        text: |_| {
            String::from(
                "the origin sent more than the response before: content after a HEAD, a 204 or a \
                 304, or more than its Content-Length (RFC 9112 section 6.3)",
            )
        },
        clues: &[Clue::Reuse, Clue::FirstBytes],
        confirmation: Confirmation::Origin,
        fixes: |_| {
            vec![
                FixKind::Advice("correct the origin's responses"),
                FixKind::Advice(
                    "until then, PoolSettings::max_uses(1) gives each request a new connection",
                ),
            ]
        },
    },
    Rule {
        id: CauseId::BrokenHttp,
        certainty: Certain,
        when: |e| broken_rule(e).is_some(),
        text: |e| String::from(broken_rule(e).map_or("", |(text, _)| text)),
        clues: &[Clue::Response],
        confirmation: Confirmation::Origin,
        fixes: |e| broken_rule(e).map_or_else(Vec::new, |(_, fix)| vec![FixKind::Advice(fix)]),
    },
];

/// Whether the peer sent something else than a response of HTTP/1.
fn is_no_response(evidence: &Evidence<'_>) -> bool {
    let fault = evidence.facts.http_fault();
    fault == Some(HttpFault::NotHttp) || is_unsolicited(evidence)
}

/// Whether that is all that is known of the peer: it has not answered in HTTP before.
fn is_no_service_of_http(evidence: &Evidence<'_>) -> bool {
    is_no_response(evidence) && !evidence.facts.is_reused()
}

fn begins_with_http(evidence: &Evidence<'_>) -> bool {
    evidence.facts.first_bytes().starts_with(b"HTTP/")
}

fn is_unsolicited(evidence: &Evidence<'_>) -> bool {
    evidence.facts.http_fault() == Some(HttpFault::Unsolicited)
}

/// Advice: which port that is, only the operator knows.
fn dial_http(_: &Evidence<'_>) -> Vec<FixKind> {
    vec![FixKind::Advice(
        "dial the port at which the origin serves HTTP/1.1",
    )]
}

/// The rule that the response breaks in a well-known place, and what the origin has to change.
///
/// The first text names the rule and its section; the second says what to change at the origin.
/// `None` for faults that other rules explain.
fn broken_rule(evidence: &Evidence<'_>) -> Option<(&'static str, &'static str)> {
    Some(match evidence.facts.http_fault()? {
        HttpFault::Chunk => (
            "a chunk of the response has no valid size or end (RFC 9112 section 7.1)",
            "correct the program that writes the origin's chunks, or let its server write them",
        ),
        HttpFault::Framing => (
            "Content-Length and Transfer-Encoding are both in the response, or one is malformed \
             (RFC 9112 section 6.3)",
            "remove one of the two: often the application sets a field that its server adds",
        ),
        HttpFault::Head => (
            "the status line or a field of the response is malformed (RFC 9112 sections 4 and 5)",
            "correct the origin's fields: a name has no spaces, and a value no control characters",
        ),
        HttpFault::LineEnd => (
            "a line of the response ends in LF without CR (RFC 9112 section 2.2)",
            "let the origin end its lines in CRLF",
        ),
        HttpFault::Trailers => (
            "the trailers of the response are malformed or too large (RFC 9112 section 7.1.2)",
            "correct the trailers that the origin sends",
        ),
        HttpFault::Upgrade => (
            "the origin switches protocols, and the request did not ask for that (RFC 9110 \
             section 15.2.2)",
            "configure the origin to switch protocols only where a client asks for it",
        ),
        HttpFault::NotHttp | HttpFault::Unsolicited => return None,
    })
}
