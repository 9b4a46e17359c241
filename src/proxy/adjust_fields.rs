//! Adjusts fields of a head: `Max-Forwards`, `Expect`, `Early-Data`, `Cookie`, `Content-Length`.
//!
//! `prepare_request.rs` lists the files that change other fields.

use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Version,
    header::{CONTENT_LENGTH, COOKIE, EXPECT, MAX_FORWARDS, TRANSFER_ENCODING},
    request::Parts,
};
use http_body::Body;

use crate::{
    http1::single_content_length,
    pool::EARLY_DATA,
    upload::{RequestBody, expects_content},
};

use super::present_fields::PresentFields;

/// Decrements `Max-Forwards` of an OPTIONS request (RFC 9110 section 7.6.2).
///
/// Returns whether it was zero: the request is for this proxy then. A value that is no number
/// passes.
pub(super) fn is_last_forward(parts: &mut Parts) -> bool {
    if parts.method != Method::OPTIONS {
        return false;
    }
    let left = parts.headers.get(MAX_FORWARDS).and_then(|value| {
        let digits = value.to_str().ok()?;
        digits.parse::<u64>().ok()
    });
    match left {
        None => false,
        Some(0) => true,
        Some(left) => {
            parts
                .headers
                .insert(MAX_FORWARDS, HeaderValue::from(left - 1));
            false
        }
    }
}

/// Removes an expectation without a body, or from an HTTP/1.0 client (RFC 9110 section 10.1.1).
pub(super) fn settle_expectation(parts: &mut Parts, present: PresentFields, body: &RequestBody) {
    if !present.has(PresentFields::EXPECT) {
        return;
    }
    if body.is_end_stream() || parts.version < Version::HTTP_11 {
        parts.headers.remove(EXPECT);
    }
}

/// Replaces all `Early-Data` lines by one with the value `1`.
///
/// Several lines and other values mean the same (RFC 8470 section 5.1).
pub(super) fn settle_early_data(headers: &mut HeaderMap) {
    headers.insert(EARLY_DATA, HeaderValue::from_static("1"));
}

/// Joins the `Cookie` lines of HTTP/2.
///
/// They "MUST be concatenated into a single octet string" for HTTP/1.1 (RFC 9113 section 8.2.3).
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    let mut crumbs = headers.get_all(COOKIE).iter();
    let Some(first) = crumbs.next() else {
        return;
    };
    let mut crumbs = crumbs.peekable();
    // Nearly all requests have at most one line.
    if crumbs.peek().is_none() {
        return;
    }
    let mut whole = first.as_bytes().to_vec();
    for crumb in crumbs {
        whole.extend_from_slice(b"; ");
        whole.extend_from_slice(crumb.as_bytes());
    }
    if let Ok(mut cookie) = HeaderValue::from_maybe_shared(bytes::Bytes::from(whole)) {
        cookie.set_sensitive(true);
        headers.insert(COOKIE, cookie);
    }
}

/// Sets the fields that frame the request body.
///
/// The body's own length takes precedence over `Content-Length`. A layer in front may have replaced
/// the body alone, and hyper would then announce the wrong length.
pub(super) fn frame(parts: &mut Parts, present: PresentFields, body: &RequestBody) {
    let Parts {
        method, headers, ..
    } = parts;
    let is_announced = present.has(PresentFields::CONTENT_LENGTH) && settle_length(headers);
    if body.is_end_stream() {
        if is_announced || expects_content(method) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
    } else if let Some(length) = body.size_hint().exact() {
        headers.insert(CONTENT_LENGTH, length.into());
    } else if !is_announced && [Method::GET, Method::HEAD].contains(method) {
        // hyper drops the body of these methods if its length is unknown, unless a field announces
        // the body.
        headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
}

/// Reduces `Content-Length` to one valid line, or removes it (RFC 9110 section 8.6).
///
/// One line stays if all lines and list members agree on a number. Returns whether it stays.
///
/// A response to HEAD and a 304 end with their heads, so the parser did not check their length. A
/// server in front may fail to write an invalid one.
pub(super) fn settle_length(headers: &mut HeaderMap) -> bool {
    let is_left = matches!(single_content_length(headers), Ok(Some(_)));
    if !is_left {
        headers.remove(CONTENT_LENGTH);
    }
    is_left
}

/// Whether a response has no content, whatever its fields are (RFC 9112 section 6.3).
pub(super) fn has_no_content(status: StatusCode, method: &Method) -> bool {
    method == Method::HEAD || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Whether a response must not have `Content-Length` (RFC 9110 section 8.6).
pub(super) fn has_no_length(status: StatusCode) -> bool {
    status == StatusCode::NO_CONTENT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(lines: &[&'static str]) -> Vec<HeaderValue> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CONTENT_LENGTH, HeaderValue::from_static(line));
        }
        let is_left = settle_length(&mut headers);
        assert_eq!(is_left, headers.contains_key(CONTENT_LENGTH));
        headers.get_all(CONTENT_LENGTH).iter().cloned().collect()
    }

    #[test]
    fn repeated_equal_lengths_become_one_line() {
        for lines in [
            &["7"][..],
            &["7", "7"],
            &["7,7"],
            &["7, 7", "7"],
            &["7 ,\t07"],
        ] {
            assert_eq!(settled(lines), ["7"], "{lines:?}");
        }
        assert_eq!(settled(&["007"]), ["007"]);
    }

    #[test]
    fn invalid_lengths_are_removed() {
        for lines in [
            &[][..],
            &[""],
            &["7", "8"],
            &["7, 8"],
            &["7,"],
            &["7", ""],
            &["+7"],
            &["-7"],
            &["0x7"],
            &["7 7"],
            &["seven", "seven"],
            &["18446744073709551616"],
        ] {
            assert!(settled(lines).is_empty(), "{lines:?}");
        }
    }
}
