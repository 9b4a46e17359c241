//! Fields that belong to one connection and are not forwarded (RFC 9110 section 7.6.1).

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CONNECTION, CONTENT_LENGTH, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
        TRANSFER_ENCODING, UPGRADE,
    },
};

use crate::forwarded;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

const HOP_BY_HOP: [HeaderName; 8] = [
    CONNECTION,
    KEEP_ALIVE,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    PROXY_CONNECTION,
    TE,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// What `Connection` cannot take away: they say for whom the message is and where it ends. Nor can it take away what a trusted peer says
/// of the visitor, who would be taken for that peer.
const NOT_NOMINATED: [HeaderName; 2] = [CONTENT_LENGTH, HOST];

/// Removes hop-by-hop fields and those that `Connection` names.
pub(super) fn remove(headers: &mut HeaderMap) {
    // RFC 9112 section 6.3: Transfer-Encoding overrides Content-Length, which must then not be forwarded.
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    // One look at each name that is there costs less than one look-up for each that might be.
    let present: Vec<HeaderName> = headers.keys().filter(is_hop_by_hop).cloned().collect();
    for name in nominated(headers).into_iter().chain(present) {
        headers.remove(name);
    }
}

fn is_hop_by_hop(name: &&HeaderName) -> bool {
    HOP_BY_HOP.contains(name)
}

/// The same for a request, in which `TE: trailers` goes on: gRPC needs it (RFC 9110 section 10.1.4).
pub(super) fn remove_from_request(headers: &mut HeaderMap) {
    let trailers = headers.get_all(TE).iter().any(accepts_trailers);
    remove(headers);
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
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
            ("x-first", "1"),
            ("x-second", "2"),
            ("x-third", "3"),
            ("content-length", "4"),
            ("host", "visitor.example"),
        ]);
        remove(&mut headers);
        let mut kept: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
        kept.sort_unstable();
        assert_eq!(kept, ["content-length", "host", "x-third"]);
    }

    #[test]
    fn te_goes_on_as_trailers_and_nothing_else() {
        let mut headers = fields(&[("te", "gzip, Trailers;q=0.5"), ("te", "trailers")]);
        remove_from_request(&mut headers);
        assert_eq!(headers, fields(&[("te", "trailers")]));
    }
}
