//! Invariants of every message.

use super::message::Seen;

/// RFC 9113 section 8.2.2: HTTP/2 has no connection-specific fields.
const CONNECTION_SPECIFIC: [&str; 5] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
];

/// The invariants that a request at the origin violates.
pub(crate) fn of_request(seen: &Seen) -> Vec<String> {
    let mut wrong = of_message(seen);
    let once = |name: &str| seen.lines(name).len() == 1;
    if seen.start.starts_with("no message") {
        wrong.push("bytes that are no request".into());
    } else if seen.version == "HTTP/2" && (seen.has("host") || !once(":authority")) {
        wrong.push("not one :authority alone".into());
    } else if seen.version != "HTTP/2" && !once("host") {
        wrong.push("not one Host".into());
    }
    if seen.lines("te").iter().any(|te| *te != "trailers") {
        wrong.push("TE other than trailers".into());
    }
    // RFC 9110 section 7.6.3: a gateway adds `Via` to every request.
    if !seen.start.starts_with("no message") && !seen.has("via") {
        wrong.push("no Via".into());
    }
    let cookies = seen.lines("cookie").len();
    if cookies > 1 {
        wrong.push("cookie crumbs".into());
    }
    in_words(wrong, "the origin", seen)
}

/// The invariants that a response at the client violates.
pub(crate) fn of_response(seen: &Seen) -> Vec<String> {
    let mut wrong = of_message(seen);
    let framed = seen.has("content-length") || seen.has("transfer-encoding");
    if ["101", "204"].contains(&seen.start.as_str()) && framed {
        wrong.push("a framing where there is no content".into());
    }
    // RFC 9112 section 6.1: no Transfer-Encoding to an HTTP/1.0 recipient.
    if seen.version == "HTTP/1.0" && seen.has("transfer-encoding") {
        wrong.push("Transfer-Encoding to HTTP/1.0".into());
    }
    in_words(wrong, "the client", seen)
}

fn of_message(seen: &Seen) -> Vec<String> {
    let mut wrong = Vec::new();
    let http2 = seen.version == "HTTP/2";
    for name in CONNECTION_SPECIFIC {
        if http2 && seen.has(name) {
            wrong.push(format!("{name} in HTTP/2"));
        }
    }
    for name in ["keep-alive", "proxy-connection", "proxy-authorization"] {
        if seen.has(name) {
            wrong.push(format!("{name} is forwarded"));
        }
    }
    if seen.has("content-length") && seen.has("transfer-encoding") {
        wrong.push("two framings".into());
    }
    if seen.lines("content-length").len() > 1 {
        wrong.push("several lengths".into());
    }
    let codings = seen.lines("transfer-encoding");
    if !codings.is_empty() && codings != ["chunked"] {
        wrong.push(format!("the transfer coding {codings:?}"));
    }
    let odd = |value: &str| value.contains(['\r', '\n', '\0']);
    if seen.fields.iter().any(|(_, value)| odd(value)) {
        wrong.push("a line end or NUL within a value".into());
    }
    wrong
}

fn in_words(wrong: Vec<String>, who: &str, seen: &Seen) -> Vec<String> {
    let words = |what| format!("{who} saw {what}: {seen:?}");
    wrong.into_iter().map(words).collect()
}
