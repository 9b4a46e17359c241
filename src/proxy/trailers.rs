//! The trailer fields that are forwarded.

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

use super::{field_values::names_matching, hop_by_hop::is_hop_by_hop, via::CDN_LOOP};

/// Fields that are not allowed in trailers (RFC 9110 section 6.5.1).
///
/// They frame, route, modify or authenticate a message, or describe its content. A recipient that
/// merges trailers into its header fields must not get them this way.
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

/// Removes the fields that are not allowed in trailers, hop-by-hop and forwarded fields included.
pub(super) fn clean(trailers: &mut HeaderMap) {
    for name in names_matching(trailers, is_refused) {
        trailers.remove(name);
    }
}

fn is_refused(name: &HeaderName) -> bool {
    is_hop_by_hop(name.as_str()) || forwarded::is_forwarded_field(name) || REFUSED.contains(name)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn status_fields_stay_and_routing_and_framing_fields_do_not() {
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
