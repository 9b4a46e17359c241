//! Which trailer fields are passed on.

use http::{
    HeaderMap, HeaderName,
    header::{
        ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH,
        CONTENT_RANGE, CONTENT_TYPE, COOKIE, EXPECT, HOST, IF_MATCH, IF_MODIFIED_SINCE,
        IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LOCATION, MAX_FORWARDS, PRAGMA, RANGE,
        SET_COOKIE, TRAILER, VIA, WWW_AUTHENTICATE,
    },
};

use crate::{forwarded, pool::EARLY_DATA};

use super::{fields::present, hop_by_hop::is_hop_by_hop, loop_detection::CDN_LOOP};

/// RFC 9110 section 6.5.1: what frames the message, routes it, modifies the request, authenticates,
/// or says how the content is to be read comes too late in a trailer. A recipient that merges
/// trailers into its fields must not be told such things by them.
static REFUSED: [HeaderName; 25] = [
    ACCEPT_ENCODING,
    AUTHORIZATION,
    CACHE_CONTROL,
    CDN_LOOP,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    CONTENT_TYPE,
    COOKIE,
    // RFC 8470 section 5.1.
    EARLY_DATA,
    EXPECT,
    HOST,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    IF_UNMODIFIED_SINCE,
    LOCATION,
    MAX_FORWARDS,
    PRAGMA,
    RANGE,
    SET_COOKIE,
    TRAILER,
    VIA,
    WWW_AUTHENTICATE,
];

/// Removes what must not stand in a trailer, what is of one connection and claims of who the client
/// is among it.
pub(super) fn clean(trailers: &mut HeaderMap) {
    for name in present(trailers, is_refused) {
        trailers.remove(name);
    }
}

fn is_refused(name: &HeaderName) -> bool {
    is_hop_by_hop(name) || forwarded::is_forwarded_field(name) || REFUSED.contains(name)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn what_tells_how_a_call_went_stays_and_what_claims_more_does_not() {
        let names = [
            "grpc-status",
            "content-length",
            "host",
            "set-cookie",
            "digest",
            "via",
            "forwarded",
            "x-real-ip",
            "x-forwarded-port",
            "x_forwarded_for",
            "authorization",
        ];
        let field = |name| {
            let value = HeaderValue::from_static("1");
            (HeaderName::from_static(name), value)
        };
        let mut trailers = HeaderMap::from_iter(names.map(field));
        clean(&mut trailers);
        let mut kept: Vec<_> = trailers.keys().map(HeaderName::as_str).collect();
        kept.sort_unstable();
        assert_eq!(kept, ["digest", "grpc-status"]);
    }
}
