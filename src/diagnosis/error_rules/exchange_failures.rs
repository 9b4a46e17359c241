//! Failures after the handshake: requests without a complete response.
//!
//! The connection was open, so names, certificate and port are right as far as TLS can tell. Two
//! facts decide most rules: how long the connection had been idle before, and whether the origin
//! has answered on this address before.
//!
//! | ending | connection | cause |
//! |---|---|---|
//! | a timeout | new, or in use | too slow; which timeout it was gives the fix |
//! | a timeout of a stream | any | too slow, or the client sends nothing that is waited for |
//! | a timeout, and no stream allowed | any | overloaded, or shuts down |
//! | a timeout without any answer | had been idle | too slow, or dropped by a device on the path |
//! | closed or reset | had been idle | the origin's idle timeout is shorter than the pool's |
//! | closed or reset, plain HTTP | first answer missing | the port may expect TLS |
//! | closed or reset, TLS 1.3 | client certificate withheld | it may be required |
//! | closed or reset | any | the origin failed |

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{Certain, Likely, Possible},
        Clue, Confirmation, FixKind,
    },
    error::{ErrorKind, ExchangeTimeout, Stage, TlsVersion},
};

use super::{
    connect_failures::OVERLOADED_PEER,
    error_evidence::Evidence,
    rule::{Rule, nothing, over_tls, restore_origin},
};

/// Ports that serve https and hardly ever plain HTTP.
///
/// 8443 is the usual alternative to 443.
const TLS_PORTS: [u16; 2] = [443, 8443];

/// What the rules about a timeout of the origin have in common. The timeout gives text and fix.
const TOO_SLOW: Rule = Rule {
    id: CauseId::TooSlow,
    certainty: Certain,
    when: |e| e.is_at(ErrorKind::TimedOut, Stage::Receive),
    text: |e| too_slow(e.facts.timeout).0.into(),
    clues: &[],
    confirmation: Confirmation::Origin,
    fixes: |e| vec![FixKind::Advice(too_slow(e.facts.timeout).1)],
};

const GIVE_LENGTH: FixKind = FixKind::Advice(
    "give the upload a Content-Length with Limits::buffer_requests(..), if the origin reads no \
     chunked content",
);

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: CauseId::RequestIncomplete,
        certainty: Certain,
        when: |e| e.is_at(ErrorKind::TimedOut, Stage::Send),
        text: |_| String::from("the client stopped sending the request body"),
        clues: &[Clue::Silence],
        confirmation: Confirmation::Request,
        fixes: nothing,
    },
    Rule {
        when: |e| {
            let is_response = e.facts.timeout == ExchangeTimeout::Response;
            e.is_at(ErrorKind::TimedOut, Stage::Receive) && is_response && !is_doubtful(e)
        },
        clues: &[Clue::Silence],
        ..TOO_SLOW
    },
    Rule {
        when: |e| {
            let is_pause = e.facts.timeout == ExchangeTimeout::BodyIdle;
            e.is_at(ErrorKind::TimedOut, Stage::Receive) && is_pause
        },
        clues: &[Clue::Pause],
        ..TOO_SLOW
    },
    Rule {
        when: |e| {
            use ExchangeTimeout::{BodyIdle, Response};
            let is_deadline = ![BodyIdle, Response].contains(&e.facts.timeout);
            e.is_at(ErrorKind::TimedOut, Stage::Receive) && is_deadline && !is_doubtful(e)
        },
        clues: &[Clue::Deadline],
        ..TOO_SLOW
    },
    Rule {
        certainty: Likely,
        when: |e| e.is_at(ErrorKind::TimedOut, Stage::Receive) && is_doubtful(e),
        clues: &[Clue::Silence],
        ..TOO_SLOW
    },
    Rule {
        id: CauseId::RequestIncomplete,
        certainty: Possible,
        when: |e| {
            let is_stream = e.facts.timeout == ExchangeTimeout::ResponseToStream;
            e.is_at(ErrorKind::TimedOut, Stage::Receive) && is_stream
        },
        text: |_| {
            String::from("the origin waits for more of the stream, of which the client sends none")
        },
        clues: &[Clue::Silence],
        confirmation: Confirmation::Request,
        fixes: nothing,
    },
    OVERLOADED_PEER,
    Rule {
        id: CauseId::IdleClosed,
        certainty: Possible,
        when: |e| e.is_at(ErrorKind::TimedOut, Stage::Receive) && may_be_dead(e),
        text: |_| {
            String::from(
                "the connection was dead: a device on the path has dropped it while it was idle, \
                 and nothing came back",
            )
        },
        clues: &[Clue::Reuse, Clue::Silence],
        confirmation: Confirmation::AnotherNetwork,
        fixes: |_| {
            vec![FixKind::Advice(
                "set PoolSettings::idle_timeout(..) below the limit of firewalls and load \
                 balancers on the path",
            )]
        },
    },
    Rule {
        id: CauseId::HttpToTlsPort,
        certainty: Likely,
        when: |e| e.is_plain_http() && e.speaks_tls,
        text: http_to_tls_port,
        clues: &[Clue::Scheme, Clue::FirstBytes],
        confirmation: Confirmation::ProbeProtocols,
        fixes: over_tls,
    },
    Rule {
        id: CauseId::HttpToTlsPort,
        certainty: Likely,
        when: |e| may_expect_tls(e) && dials_tls_port(e),
        text: http_to_tls_port,
        clues: &[Clue::Scheme, Clue::Port, Clue::Ending],
        confirmation: Confirmation::ProbeProtocols,
        fixes: over_tls,
    },
    Rule {
        id: CauseId::IdleClosed,
        certainty: Likely,
        when: |e| e.was_closed_while_idle(),
        text: |_| {
            String::from("the origin closed the idle connection just as the request was sent")
        },
        clues: &[Clue::Reuse, Clue::Ending],
        confirmation: Confirmation::Origin,
        fixes: |_| {
            vec![FixKind::Advice(
                "set PoolSettings::idle_timeout(..) below the origin's own limit",
            )]
        },
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Possible,
        when: |e| e.was_cut_off() && !e.is_ended_by_go_away(),
        text: |_| {
            String::from(
                "the origin failed, or a device on the path cut the connection, before the \
                 response was complete",
            )
        },
        clues: &[Clue::Ending],
        confirmation: Confirmation::Origin,
        // Some origins read chunked content as the next request, and close.
        fixes: |e| match e.facts.chunked && e.http2.is_none() {
            true => [vec![GIVE_LENGTH], restore_origin(e)].concat(),
            false => restore_origin(e),
        },
    },
    Rule {
        id: CauseId::HttpToTlsPort,
        certainty: Possible,
        // HAProxy and OpenSSL close the connection on plain HTTP without an answer. So does an
        // origin that fails: without a byte of TLS, only the port may tell them apart.
        when: |e| may_expect_tls(e) && !dials_tls_port(e),
        text: http_to_tls_port,
        clues: &[Clue::Scheme, Clue::Ending],
        confirmation: Confirmation::ProbeProtocols,
        fixes: over_tls,
    },
    // In TLS 1.3 the client's handshake is complete before the origin checks the certificate.
    // It then owes an alert, and may have requested a certificate without requiring one.
    Rule::client_certificate_required(Possible, &[Clue::ClientCertificate, Clue::Ending], |e| {
        let is_first = !e.facts.has_answered_before();
        let is_unexplained = e.was_cut_off() && !e.is_ended_by_go_away();
        is_unexplained && is_first && e.withheld_certificate() && is_tls_1_3(e)
    }),
    Rule {
        id: CauseId::OriginDown,
        certainty: Possible,
        when: |e| {
            let is_named = e.facts.http_fault().is_some() || e.http2.is_some() || e.speaks_tls;
            e.is(ErrorKind::HttpProtocol) && !is_named
        },
        text: |_| String::from("the origin does not speak the HTTP that was expected"),
        clues: &[Clue::Ending],
        confirmation: Confirmation::Origin,
        fixes: |_| {
            vec![FixKind::Advice(
                "dial a port at which the origin serves HTTP, and check its log",
            )]
        },
    },
];

/// Whether nothing of a response has come over a connection that had been idle.
///
/// A connection that drops packets silently looks exactly like an origin that is slow.
fn may_be_dead(evidence: &Evidence<'_>) -> bool {
    use ExchangeTimeout::{Response, ResponseToStream};
    let is_response = [Response, ResponseToStream].contains(&evidence.facts.timeout);
    is_response && evidence.facts.idle().is_some()
}

/// Whether a slow origin is not the only explanation of a timeout.
fn is_doubtful(evidence: &Evidence<'_>) -> bool {
    use ExchangeTimeout::{Library, ResponseToStream};
    let is_of_others = [Library, ResponseToStream].contains(&evidence.facts.timeout);
    is_of_others || may_be_dead(evidence) || evidence.allows_no_stream()
}

/// The text and the fix of a timeout.
///
/// The fix is a setting of [`Limits`](crate::proxy::Limits), named as it is written there.
fn too_slow(timeout: ExchangeTimeout) -> (&'static str, &'static str) {
    match timeout {
        ExchangeTimeout::Response => (
            "the origin did not answer in time",
            "check the origin, or allow more with Limits::response_timeout(..)",
        ),
        ExchangeTimeout::ResponseToStream => (
            "the origin did not begin its response in time",
            "check the origin, or allow more with Limits::response_timeout(..)",
        ),
        ExchangeTimeout::BodyIdle => (
            "the origin stopped sending within the response body",
            "check the origin, or allow more with Limits::body_idle_timeout(..)",
        ),
        ExchangeTimeout::Unread => (
            "the client stopped reading the response",
            "to wait longer for slow clients, allow more with Limits::unread_timeout(..)",
        ),
        ExchangeTimeout::UploadRate => (
            "the client sent the request body too slowly",
            "to wait longer for slow clients, allow less with Limits::min_upload_rate(..)",
        ),
        ExchangeTimeout::DownloadRate => (
            "the client read the response too slowly",
            "to wait longer for slow clients, allow less with Limits::min_download_rate(..)",
        ),
        ExchangeTimeout::Library => (
            "the connect and the response were not complete within the HTTP client's own timeout",
            "allow more with the client's timeout; for the stage that takes long, call the \
             connector alone",
        ),
        ExchangeTimeout::HealthCheck => (
            "the origin did not answer the health check in time",
            "check the origin, or allow more with HealthCheck::timeout(..)",
        ),
        ExchangeTimeout::Client => (
            "the origin did not answer within the deadline that the client has set",
            "check the origin, or let the client wait longer",
        ),
        ExchangeTimeout::Request => (
            "the exchange was not complete in time",
            "check the origin, or allow more with Limits::request_timeout(..)",
        ),
        ExchangeTimeout::RequestOfClient => (
            "the exchange was not complete in time, and waited for the client",
            "to wait longer for slow clients, allow more with Limits::request_timeout(..)",
        ),
    }
}

/// Whether an origin that has sent nothing yet cut off plain HTTP.
///
/// OpenSSL-based servers close the connection on plain HTTP; nginx answers 400 and is recognised by
/// its page.
fn may_expect_tls(evidence: &Evidence<'_>) -> bool {
    evidence.is_plain_http() && evidence.was_cut_off() && !evidence.facts.has_answered_before()
}

/// Whether the dialled port is one of TLS: by the registry of ports, or as a known edge has it.
fn dials_tls_port(evidence: &Evidence<'_>) -> bool {
    let port = evidence.origin.dial().port();
    evidence.is_edge_of_tls() || port.is_some_and(|port| TLS_PORTS.contains(&port))
}

/// In TLS 1.2 the refusal of a client certificate ends the handshake, and is diagnosed there.
fn is_tls_1_3(evidence: &Evidence<'_>) -> bool {
    let session = evidence.facts.tls_session();
    session.is_some_and(|session| session.version == TlsVersion::V1_3)
}

fn http_to_tls_port(_: &Evidence<'_>) -> String {
    String::from("plain HTTP was sent to a port that expects TLS")
}
