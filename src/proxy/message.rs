//! What changes in a request head when it goes on, apart from names and hop-by-hop fields.

use http::{
    HeaderMap, HeaderValue, Method,
    header::{CONTENT_LENGTH, COOKIE},
};

/// Joins the cookie crumbs of HTTP/2: "they MUST be concatenated into a single octet string using the two-octet delimiter of 0x3b,
/// 0x20" before they reach an HTTP/1.1 connection (RFC 9113 section 8.2.3).
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    let mut crumbs = headers.get_all(COOKIE).iter();
    let Some(first) = crumbs.next() else {
        return;
    };
    let mut whole = first.as_bytes().to_vec();
    let mut more = false;
    for crumb in crumbs {
        more = true;
        whole.extend_from_slice(b"; ");
        whole.extend_from_slice(crumb.as_bytes());
    }
    if more && let Ok(mut cookie) = HeaderValue::from_maybe_shared(bytes::Bytes::from(whole)) {
        cookie.set_sensitive(true);
        headers.insert(COOKIE, cookie);
    }
}

/// A request without content says so where its method anticipates content (RFC 9110 section 8.6): some servers answer 411 otherwise.
pub(super) fn say_empty(method: &Method, headers: &mut HeaderMap) {
    let anticipates_content = [Method::POST, Method::PUT, Method::PATCH].contains(method);
    if anticipates_content && !headers.contains_key(CONTENT_LENGTH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}
