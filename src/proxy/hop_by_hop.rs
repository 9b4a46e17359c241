//! Fields that belong to one connection and are not forwarded (RFC 9110 section 7.6.1).

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE,
        COOKIE, EXPECT, HOST, MAX_FORWARDS, SET_COOKIE, TE, TRANSFER_ENCODING, VIA,
    },
};

use crate::forwarded;

use super::hops::CDN_LOOP;

/// What `Connection` cannot take away: it says for whom the message is, where it ends, how it is to be read, who sends it and which way
/// it came. RFC 9110 section 7.6.1: a sender MUST NOT name a field that is intended for all recipients.
/// Nor can it take away what a trusted peer says of the visitor, who would be taken for that peer.
const NOT_NOMINATED: [HeaderName; 13] = [
    AUTHORIZATION,
    CACHE_CONTROL,
    CDN_LOOP,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    COOKIE,
    // RFC 8470 section 5.1: it MUST NOT be removed.
    HeaderName::from_static("early-data"),
    EXPECT,
    HOST,
    MAX_FORWARDS,
    SET_COOKIE,
    VIA,
];

/// Removes hop-by-hop fields and those that `Connection` names.
pub(super) fn remove(headers: &mut HeaderMap) {
    // One look at each name that is there costs less than one look-up for each that might be.
    let present: Vec<HeaderName> = headers.keys().filter(is_hop_by_hop).cloned().collect();
    if present.is_empty() {
        return;
    }
    // RFC 9112 section 6.3: Transfer-Encoding overrides Content-Length, which must then not be forwarded.
    if present.contains(&TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    for name in nominated(headers).into_iter().chain(present) {
        headers.remove(name);
    }
}

fn is_hop_by_hop(name: &&HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// The same for a request, in which `TE: trailers` goes on: gRPC needs it (RFC 9110 section 10.1.4). Whether it is there.
pub(super) fn remove_from_request(headers: &mut HeaderMap) -> bool {
    let trailers = headers.get_all(TE).iter().any(accepts_trailers);
    remove(headers);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    trailers
}

fn nominated(headers: &HeaderMap) -> Vec<HeaderName> {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .filter(|name| !NOT_NOMINATED.contains(name) && !forwarded::is_claim(name))
        .collect()
}

fn accepts_trailers(value: &HeaderValue) -> bool {
    let codings = value.to_str().unwrap_or_default().split(',');
    codings
        .into_iter()
        .any(|coding| coding.trim().eq_ignore_ascii_case("trailers"))
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
    fn connection_names_further_fields_but_not_those_that_frame_the_message() {
        let mut headers = fields(&[
            ("connection", "x-first, content-length"),
            ("connection", " HOST ,x-second,,"),
            ("connection", "via, Authorization, cdn-loop"),
            ("x-first", "1"),
            ("x-second", "2"),
            ("x-third", "3"),
            ("content-length", "4"),
            ("host", "visitor.example"),
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
        remove_from_request(&mut headers);
        assert_eq!(headers, fields(&[("te", "trailers")]));
    }
}
