//! Failures after the handshake: requests that got no response.

use crate::error::{ErrorKind, ExchangeTimeout, Stage, TlsVersion};

use super::{
    CauseId,
    Certainty::{Certain, Likely, Possible},
    Clue, Confirmation, Evidence, FixKind,
    rule::{Rule, client_certificate_asked, nothing, present_a_certificate},
};

const FRAME_SIZE_ERROR: u32 = 6;
const HTTP_1_1_REQUIRED: u32 = 13;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: CauseId::InvalidRequest,
        certainty: Certain,
        when: |e| e.is_at(ErrorKind::TimedOut, Stage::Send),
        why: |_| String::from("the client stopped sending the request's body"),
        clues: &[Clue::Silence],
        confirmation: Confirmation::Request,
        fixes: nothing,
    },
    Rule {
        id: CauseId::TooSlow,
        certainty: Certain,
        when: |e| e.is_at(ErrorKind::TimedOut, Stage::Receive),
        why: |e| too_slow(e.facts.timeout).0.into(),
        clues: &[Clue::Silence],
        confirmation: Confirmation::Origin,
        fixes: |e| vec![FixKind::Advice(too_slow(e.facts.timeout).1)],
    },
    Rule {
        id: CauseId::Http1Required,
        certainty: Certain,
        when: |e| {
            let reset = e.http2.filter(|error| error.is_remote);
            reset.is_some_and(|error| error.code == HTTP_1_1_REQUIRED)
        },
        why: |_| String::from("the origin asks for HTTP/1.1 with this request"),
        clues: &[Clue::Reason],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |_| vec![FixKind::Alpn("Http1")],
    },
    Rule {
        id: CauseId::Http1Peer,
        // RFC 9113 section 4.2. The letters `HTT` make a frame of four million bytes; a broken peer
        // may send one as well.
        certainty: Likely,
        when: |e| {
            let ours = e.http2.filter(|error| !error.is_remote);
            ours.is_some_and(|error| error.code == FRAME_SIZE_ERROR)
        },
        why: |_| String::from("HTTP/2 was agreed on, and the origin speaks something else: HTTP/1"),
        clues: &[Clue::Reason],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |_| vec![FixKind::Alpn("Http1")],
    },
    Rule {
        id: CauseId::HttpToTlsPort,
        certainty: Likely,
        when: |e| e.is_plain_http() && e.speaks_tls,
        why: http_to_tls_port,
        clues: &[Clue::Scheme, Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: over_tls,
    },
    Rule {
        id: CauseId::HttpToTlsPort,
        certainty: Likely,
        // HAProxy and OpenSSL hang up on plain http without a word.
        when: |e| e.is_plain_http() && !e.facts.has_answered_before() && e.was_cut_off(),
        why: http_to_tls_port,
        clues: &[Clue::Scheme, Clue::Ending],
        confirmation: Confirmation::ProbeProtocols,
        fixes: over_tls,
    },
    Rule {
        id: CauseId::ClientCertificateRequired,
        certainty: Likely,
        // In TLS 1.3 the handshake is over before the origin looks at what it got.
        when: |e| {
            let is_first = !e.facts.has_answered_before();
            e.was_cut_off() && is_first && e.withheld_certificate() && is_tls_1_3(e)
        },
        why: client_certificate_asked,
        clues: &[Clue::ClientCertificate, Clue::Ending],
        confirmation: Confirmation::Listener,
        fixes: present_a_certificate,
    },
    Rule {
        id: CauseId::IdleClosed,
        certainty: Likely,
        when: |e| e.was_cut_off() && e.facts.is_reused(),
        why: |_| {
            String::from(
                "the origin closed the connection while the request was on its way: it had been idle for too long",
            )
        },
        clues: &[Clue::Reuse, Clue::Ending],
        confirmation: Confirmation::Origin,
        fixes: |_| {
            vec![FixKind::Advice(
                "PoolSettings::idle_timeout(..) below the origin's own limit",
            )]
        },
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Possible,
        when: |e| e.was_cut_off(),
        why: |_| {
            String::from(
                "the origin failed, or something on the way cut the connection, before all of the response was there",
            )
        },
        clues: &[Clue::Ending],
        confirmation: Confirmation::Origin,
        fixes: nothing,
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Likely,
        when: |e| e.is(ErrorKind::StreamReset),
        why: |_| String::from("the origin failed while it dealt with the request"),
        clues: &[Clue::Reason],
        confirmation: Confirmation::Origin,
        fixes: nothing,
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Possible,
        when: |e| e.is(ErrorKind::HttpProtocol),
        why: |_| String::from("the origin does not speak the HTTP that was expected"),
        clues: &[Clue::Ending],
        confirmation: Confirmation::Origin,
        fixes: nothing,
    },
];

/// What took too long, and what mends it.
fn too_slow(timeout: ExchangeTimeout) -> (&'static str, &'static str) {
    match timeout {
        ExchangeTimeout::Response => (
            "the origin did not answer in time",
            "look at the origin, or allow more with OriginProxy::response_timeout(..)",
        ),
        ExchangeTimeout::BodyIdle => (
            "the origin fell silent in the middle of its answer",
            "look at the origin, or allow more with OriginProxy::body_idle_timeout(..)",
        ),
        ExchangeTimeout::Unread => (
            "the client did not read the response",
            "if such clients are to be waited for, allow more with OriginProxy::unread_timeout(..)",
        ),
        ExchangeTimeout::Request => (
            "the whole exchange did not end in time",
            "look at the origin, or allow more with OriginProxy::request_timeout(..)",
        ),
    }
}

fn is_tls_1_3(evidence: &Evidence<'_>) -> bool {
    let session = evidence.facts.tls_session();
    session.is_some_and(|session| session.version == TlsVersion::V1_3)
}

fn http_to_tls_port(_: &Evidence<'_>) -> String {
    String::from("plain http was spoken to a port that speaks TLS")
}

fn over_tls(evidence: &Evidence<'_>) -> Vec<FixKind> {
    let origin = evidence.origin;
    vec![FixKind::Builder(origin.url_over_tls(origin.odd_port()))]
}
