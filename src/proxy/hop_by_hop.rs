//! Fields that belong to one connection and are not forwarded (RFC 9110 section 7.6.1).

use http::{
    HeaderMap, HeaderName, HeaderValue, Version,
    header::{
        AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
        COOKIE, EXPECT, HOST, MAX_FORWARDS, SET_COOKIE, TE, TRANSFER_ENCODING, VIA,
    },
};

use crate::{forwarded, pool::EARLY_DATA};

use super::{
    field_values::{list_contains, list_members, names_matching},
    via::CDN_LOOP,
};

/// Fields that `Connection` cannot remove: they route, frame, authenticate or trace the message.
///
/// A sender MUST NOT name a field that is intended for all recipients (RFC 9110 section 7.6.1).
/// Forwarded fields of a trusted peer stay too: without them, the client would pass for that peer.
static NOT_NOMINATED: [HeaderName; 13] = [
    AUTHORIZATION,
    CACHE_CONTROL,
    CDN_LOOP,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    COOKIE,
    EARLY_DATA,
    EXPECT,
    HOST,
    MAX_FORWARDS,
    SET_COOKIE,
    VIA,
];

/// The usual options of `Connection`: not field names, or fields that are removed anyway.
const OPTIONS: [&str; 4] = ["keep-alive", "close", "upgrade", "te"];

/// Removes hop-by-hop fields from a response, and those that its `Connection` names.
pub(super) fn remove_from_response(headers: &mut HeaderMap) {
    remove(headers);
}

fn remove(headers: &mut HeaderMap) {
    let known = names_matching(headers, |name| is_hop_by_hop(name.as_str()));
    if known.is_empty() {
        return;
    }
    // RFC 9112 section 6.3: Transfer-Encoding overrides Content-Length, which must then not be
    // forwarded.
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    for name in nominated(headers).iter().chain(&known) {
        headers.remove(name);
    }
}

/// Whether a field is removed even if `Connection` does not name it.
#[inline]
pub(super) fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authentication-info"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Removes the same fields from a request, except for `TE: trailers`.
///
/// Many origins send trailers only to those that accept them, and gRPC needs the field (RFC 9110
/// section 10.1.4). Returns whether it stays. An HTTP/1.0 client cannot receive trailers.
pub(super) fn remove_from_request(headers: &mut HeaderMap, version: Version) -> bool {
    let trailers = version > Version::HTTP_10 && list_contains(headers, TE, "trailers");
    remove(headers);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    trailers
}

fn nominated(headers: &HeaderMap) -> Vec<HeaderName> {
    // Most requests have one line with one option.
    let is_plain = |line: &HeaderValue| line.to_str().is_ok_and(is_option);
    if headers.get_all(CONNECTION).iter().all(is_plain) {
        return Vec::new();
    }
    list_members(headers, CONNECTION)
        .filter(|name| !is_option(name))
        .filter_map(|name| name.parse().ok())
        .filter(|name| !NOT_NOMINATED.contains(name) && !forwarded::is_forwarded_field(name))
        .collect()
}

fn is_option(name: &str) -> bool {
    let mut options = OPTIONS.iter();
    options.any(|option| option.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn hop_by_hop_fields_are_removed_in_any_case() {
        for name in [
            "connection",
            "keep-alive",
            "proxy-authenticate",
            "proxy-authentication-info",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "transfer-encoding",
            "upgrade",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static("Keep-Alive, TE"));
            remove(&mut headers);
            assert!(headers.is_empty(), "{name}");
        }
    }

    #[test]
    fn connection_names_further_fields_but_not_those_that_frame_the_message() {
        let mut headers = fields(&[
            ("connection", "x-first, content-length"),
            ("connection", " HOST ,x-second,,"),
            ("connection", "via, Authorization, cdn-loop"),
            ("x-first", "1"),
            ("x-second", "2"),
            ("x-third", "3"),
            ("content-length", "4"),
            ("host", "client.example"),
            ("via", "1.1 first"),
            ("authorization", "Basic eHl6"),
            ("cdn-loop", "first"),
        ]);
        remove(&mut headers);
        let mut kept: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        kept.sort_unstable();
        let through = [
            "authorization",
            "cdn-loop",
            "content-length",
            "host",
            "via",
            "x-third",
        ];
        assert_eq!(kept, through);
    }

    #[test]
    fn te_goes_on_as_trailers_and_nothing_else() {
        let mut headers = fields(&[("te", "gzip, Trailers;q=0.5"), ("te", "trailers")]);
        assert!(remove_from_request(&mut headers, Version::HTTP_11));
        assert_eq!(headers, fields(&[("te", "trailers")]));
        assert!(!remove_from_request(&mut headers, Version::HTTP_10));
        assert!(headers.is_empty());
    }
}
