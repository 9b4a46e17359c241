//! Whether an HTTP/1 connection persists after a response (RFC 9112 section 9.3). Pure.
//!
//! This file decides it by the head of the response. `Exchange::permits_reuse` also requires that
//! request and response are complete, and `Connection::make_idle` that no further bytes arrived.

use http::{
    HeaderMap, HeaderValue, Method, StatusCode, Version,
    header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING},
};

use super::{
    framing::{ResponseFraming, has_no_content},
    head_builder::ResponseHead,
};

/// Whether the head permits reuse of the connection after this response.
///
/// | head | HTTP/1.1 | HTTP/1.0 |
/// |---|---|---|
/// | no `Connection` | yes | no |
/// | `Connection: keep-alive` | yes | yes |
/// | `Connection: close`, alone or in a list | no | no |
/// | content until close | no | no |
///
/// `close` takes precedence if both are there.
pub(super) fn keeps_alive(head: &ResponseHead, method: &Method, framing: ResponseFraming) -> bool {
    let has_option =
        |option| head.framing_fields.connection && has_connection_option(&head.headers, option);
    let closes = head.plain_options.close || has_option("close");
    let persists = match head.version {
        Version::HTTP_11 => !closes,
        _ => !closes && (head.plain_options.keep_alive || has_option("keep-alive")),
    };
    let is_delimited = framing != ResponseFraming::UntilClose;
    persists && is_delimited && !announces_forbidden_content(head, method)
}

/// Whether a response without content announces content all the same. Its bytes would be taken for
/// the next response.
///
/// In a response to HEAD and in a 304, a length describes another response (RFC 9110 sections 8.6
/// and 15.4.5).
///
/// An origin that sends `204` with `Content-Length: 5` may send five bytes or none. The client
/// cannot tell, so the connection is closed after it.
fn announces_forbidden_content(head: &ResponseHead, method: &Method) -> bool {
    let describes_another = *method == Method::HEAD || head.status == StatusCode::NOT_MODIFIED;
    if describes_another || !has_no_content(head.status, method) {
        return false;
    }
    let is_zero = |value: &HeaderValue| value.as_bytes() == b"0";
    let length = head.headers.get(CONTENT_LENGTH);
    !length.is_none_or(is_zero) || head.headers.contains_key(TRANSFER_ENCODING)
}

/// Whether `Connection` lists the option.
///
/// Options are compared without regard to case (RFC 9110 section 7.6.1).
fn has_connection_option(headers: &HeaderMap, option: &str) -> bool {
    headers.get_all(CONNECTION).iter().any(|value| {
        let mut options = value.as_bytes().split(|byte| *byte == b',');
        options.any(|listed| listed.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use crate::http1::framing::tests::head;

    use super::*;

    #[test]
    fn a_connection_persists_only_if_version_and_fields_permit_it() {
        let kept = |version, status, fields: &[(&'static str, &'static str)]| {
            let mut head = head(version, status, fields);
            let framing = ResponseFraming::of(&mut head, &Method::GET).unwrap();
            keeps_alive(&head, &Method::GET, framing)
        };
        let length = ("content-length", "5");
        assert!(kept(Version::HTTP_11, 200, &[length]));
        assert!(kept(Version::HTTP_11, 204, &[("content-length", "0")]));
        assert!(kept(Version::HTTP_11, 304, &[length]));
        assert!(kept(
            Version::HTTP_10,
            200,
            &[length, ("connection", "Keep-Alive")]
        ));
        assert!(!kept(Version::HTTP_10, 200, &[length]));
        assert!(!kept(
            Version::HTTP_10,
            200,
            &[length, ("connection", "keep-alive, close")]
        ));
        assert!(!kept(
            Version::HTTP_11,
            200,
            &[length, ("connection", "a, Close")]
        ));
        assert!(!kept(Version::HTTP_11, 200, &[]));
        assert!(!kept(Version::HTTP_11, 204, &[length]));
        assert!(!kept(
            Version::HTTP_11,
            204,
            &[("transfer-encoding", "chunked")]
        ));
    }
}
