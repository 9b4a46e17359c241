//! Errors of HTTP/2, by their code.
//!
//! | evidence | cause |
//! |---|---|
//! | HTTP_1_1_REQUIRED from the peer | offer HTTP/1.1 only: certain |
//! | FRAME_SIZE_ERROR from this side | the peer speaks HTTP/1.1 in spite of ALPN |
//! | the same without TLS | the port expects TLS, or has no HTTP/2 without it |
//! | REFUSED_STREAM, ENHANCE_YOUR_CALM | load, or a limit of the edge |
//! | GOAWAY, RST_STREAM with another code | the origin failed, or one side breaks HTTP/2 |

use crate::{
    diagnosis::{
        CauseId,
        Certainty::{Certain, Likely, Possible},
        Clue, Confirmation, FixKind,
    },
    error::ErrorKind,
};

use super::{
    error_evidence::{Evidence, Http2Evidence},
    rule::{Rule, over_tls, restore_origin},
};

/// The names of the error codes, by their number (RFC 9113 section 7).
///
/// The index is the code.
const CODES: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];

const NO_ERROR: u32 = 0;
const INTERNAL_ERROR: u32 = 2;
const FRAME_SIZE_ERROR: u32 = 6;
const REFUSED_STREAM: u32 = 7;
const ENHANCE_YOUR_CALM: u32 = 11;
const HTTP_1_1_REQUIRED: u32 = 13;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: CauseId::Http1Required,
        certainty: Certain,
        when: |e| remote(e, HTTP_1_1_REQUIRED),
        text: |_| String::from("the origin requires HTTP/1.1 for this request"),
        clues: &[Clue::Reason],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |_| vec![FixKind::Alpn("Http1")],
    },
    Rule {
        id: CauseId::Http1Peer,
        // RFC 9113 section 4.2. The bytes `HTT` of an HTTP/1 response parse as a frame of four
        // million bytes. A broken peer may send such a frame, too.
        certainty: Likely,
        when: |e| answers_in_http1(e) && !e.is_plain_http(),
        text: |_| String::from("HTTP/2 was negotiated, but the origin speaks HTTP/1"),
        clues: &[Clue::Reason],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |_| vec![FixKind::Alpn("Http1")],
    },
    Rule {
        id: CauseId::HttpToTlsPort,
        // Nothing was negotiated: a library was told to send HTTP/2. A port of TLS answers plain
        // HTTP with a page of HTTP/1, and so does a server without HTTP/2.
        certainty: Possible,
        when: |e| answers_in_http1(e) && e.is_plain_http(),
        text: |_| String::from("plain HTTP was sent to a port that expects TLS"),
        clues: &[Clue::Scheme, Clue::Reason],
        confirmation: Confirmation::ProbeProtocols,
        fixes: over_tls,
    },
    Rule {
        id: CauseId::Http1Peer,
        certainty: Possible,
        when: |e| answers_in_http1(e) && e.is_plain_http(),
        text: |_| String::from("HTTP/2 was sent without TLS, but the origin speaks HTTP/1 there"),
        clues: &[Clue::Scheme, Clue::Reason],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |_| {
            vec![FixKind::Advice(
                "enable HTTP/2 without TLS at the origin, or dial a port that has it",
            )]
        },
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Likely,
        when: |e| remote(e, REFUSED_STREAM),
        text: |_| {
            String::from(
                "the origin refuses the request with REFUSED_STREAM: it is overloaded, shuts down, \
                 or allows fewer concurrent requests",
            )
        },
        clues: &[Clue::Reason],
        confirmation: Confirmation::Origin,
        fixes: |_| {
            vec![FixKind::Advice(
                "check the origin's load and its limit of concurrent streams",
            )]
        },
    },
    Rule {
        id: CauseId::BlockedByTheEdge,
        certainty: Likely,
        when: |e| remote(e, ENHANCE_YOUR_CALM),
        text: |e| {
            format!(
                "the origin {} with ENHANCE_YOUR_CALM: it takes the requests, cancelled requests \
                 or PINGs of this connection for too many",
                ending(e)
            )
        },
        clues: &[Clue::Reason],
        confirmation: Confirmation::Origin,
        fixes: |_| {
            vec![
                FixKind::Advice("look for clients that cancel many requests"),
                FixKind::Advice(
                    "raise the origin's limit for one connection: it carries all clients",
                ),
            ]
        },
    },
    Rule {
        id: CauseId::BrokenHttp,
        certainty: Possible,
        // Both sides can be wrong about the protocol.
        when: |e| {
            let failed = e.is(ErrorKind::HttpProtocol) || went_away(e, |code| !is_shutdown(code));
            failed && other_code(e).is_some()
        },
        text: |e| {
            let (code, is_remote) =
                other_code(e).map_or(("", false), |error| (name(error.code), error.is_remote));
            match is_remote {
                true => format!("the origin {} with {code}", ending(e)),
                false => format!("the origin breaks HTTP/2: {code}"),
            }
        },
        clues: &[Clue::Reason],
        confirmation: Confirmation::ProbeProtocols,
        fixes: |_| vec![FixKind::Alpn("Http1")],
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Likely,
        when: |e| went_away(e, is_shutdown) && !e.was_closed_while_idle(),
        text: |e| {
            let code = e.http2.map_or("", |error| name(error.code));
            format!(
                "the origin closed the connection by GOAWAY with {code} before it answered: it \
                 fails or shuts down"
            )
        },
        clues: &[Clue::Reason],
        confirmation: Confirmation::Origin,
        fixes: restore_origin,
    },
    Rule {
        id: CauseId::OriginDown,
        certainty: Likely,
        when: |e| e.is(ErrorKind::StreamReset),
        text: |e| {
            let code = e.http2.map_or("a reset", |error| name(error.code));
            format!("the origin failed while it processed the request, and ended it with {code}")
        },
        clues: &[Clue::Reason],
        confirmation: Confirmation::Origin,
        fixes: restore_origin,
    },
];

/// Whether the bytes that should have been a frame of HTTP/2 look like HTTP/1.
fn answers_in_http1(evidence: &Evidence<'_>) -> bool {
    let ours = evidence.http2.filter(|error| !error.is_remote);
    ours.is_some_and(|error| error.code == FRAME_SIZE_ERROR)
}

/// The code of an error that this side has raised says something else.
fn remote(evidence: &Evidence<'_>, code: u32) -> bool {
    let is_it = |error: Http2Evidence| error.is_remote && error.code == code;
    evidence.http2.is_some_and(is_it)
}

/// Whether the origin sent GOAWAY with such a code.
///
/// A GOAWAY is about the whole connection, a reset about one request.
fn went_away(evidence: &Evidence<'_>, is_such: fn(u32) -> bool) -> bool {
    let is_it = |error: Http2Evidence| error.is_remote && error.is_go_away && is_such(error.code);
    evidence.http2.is_some_and(is_it)
}

/// Whether a GOAWAY with this code says nothing of the client's frames.
///
/// NO_ERROR is a graceful shutdown, INTERNAL_ERROR a failure of the server.
fn is_shutdown(code: u32) -> bool {
    [NO_ERROR, INTERNAL_ERROR].contains(&code)
}

/// The error, if no rule of its own is there for its code.
///
/// Keeps a general rule from repeating a special one.
fn other_code(evidence: &Evidence<'_>) -> Option<Http2Evidence> {
    evidence.http2.filter(|error| match error.is_remote {
        true => ![REFUSED_STREAM, ENHANCE_YOUR_CALM, HTTP_1_1_REQUIRED].contains(&error.code),
        false => error.code != FRAME_SIZE_ERROR,
    })
}

/// What the origin ended.
fn ending(evidence: &Evidence<'_>) -> &'static str {
    match evidence.http2.is_some_and(|error| error.is_go_away) {
        true => "closed the connection by GOAWAY",
        false => "reset the stream",
    }
}

/// Codes that are not registered are legal (RFC 9113 section 7).
fn name(code: u32) -> &'static str {
    let index = usize::try_from(code).unwrap_or(usize::MAX);
    CODES.get(index).copied().unwrap_or("an unknown code")
}
