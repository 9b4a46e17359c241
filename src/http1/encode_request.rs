//! Encodes requests: heads, chunks and trailers. Pure.
//!
//! What a request looks like on the wire:
//!
//! ```text
//! POST /upload?a=1 HTTP/1.1
//! host: origin.example              the added Host, or the request's own at its place
//! content-type: text/plain          the fields of the request, names in lower case
//! via: 1.1 proxy                    the added fields
//! transfer-encoding: chunked        only if the length is not known, else `content-length`
//!
//! 5
//! hello
//! 0
//!
//! ```
//!
//! `framing.rs` decides the framing. Whatever the request's own `Content-Length` and
//! `Transfer-Encoding` say is replaced by that, so that the head cannot contradict the content (RFC
//! 9112 section 6.3). `HeaderName` and `HeaderValue` cannot contain CR or LF, so a field cannot
//! split the head.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri,
    header::{CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING},
};

use crate::upload::expects_content;

use super::{
    Http1Error, added_fields::AddedFields, framing::RequestFraming, head_flags::FramingFields,
};

/// The line ending after each chunk.
pub(super) const CRLF: &[u8] = b"\r\n";

/// The end of a head that announces chunks.
const CHUNKED_END: &[u8] = b"transfer-encoding: chunked\r\n\r\n";

/// Encodes the head of a request (RFC 9112 section 3), and returns its framing. `exact` is the
/// length of the request's body, if known.
///
/// `Host` comes first (RFC 9110 section 7.2), then the fields of the request in their order, then
/// the added ones. The fields that frame the content are written last, whatever the request has.
/// `TE` brings `Connection: te` (RFC 9110 section 10.1.4).
///
/// # Errors
///
/// [`Http1Error::Target`] if the request's target cannot be sent to an origin. Fails too if fields
/// and body contradict each other.
pub(super) fn head<B>(
    request: &Request<B>,
    added: &AddedFields,
    exact: Option<u64>,
    bytes: &mut Vec<u8>,
) -> Result<RequestFraming, Http1Error> {
    start_line(request.method(), request.uri(), bytes)?;
    if let Some(host) = &added.host {
        field(&HOST, host, bytes);
    }
    let mut present = FramingFields::default();
    for (name, value) in request.headers() {
        // The length excludes nearly all names.
        match name.as_str().len() {
            2 if name == TE => field(&CONNECTION, &HeaderValue::from_static("te"), bytes),
            4 if name == HOST && added.host.is_some() => continue,
            14 if name == CONTENT_LENGTH => {
                present.content_length = true;
                continue;
            }
            17 if name == TRANSFER_ENCODING => {
                present.transfer_encoding = true;
                continue;
            }
            _ => {}
        }
        field(name, value, bytes);
    }
    bytes.extend_from_slice(added.lines.as_bytes());
    let framing = RequestFraming::of(request.headers(), present, exact)?;
    match framing {
        RequestFraming::Chunked => {
            bytes.extend_from_slice(CHUNKED_END);
            return Ok(framing);
        }
        RequestFraming::Length(length) => content_length(length, bytes),
        RequestFraming::Empty if present.content_length => content_length(0, bytes),
        RequestFraming::Empty => {}
    }
    bytes.extend_from_slice(CRLF);
    Ok(framing)
}

/// Removes the announcement of chunks from a head, because there is no content.
pub(super) fn without_chunks(method: &Method, head: &mut Vec<u8>) {
    if head.ends_with(CHUNKED_END) {
        head.truncate(head.len() - CHUNKED_END.len());
        if expects_content(method) {
            content_length(0, head);
        }
        head.extend_from_slice(CRLF);
    }
}

/// Encodes the size line before a chunk's data.
///
/// Lower-case hexadecimal digits, without leading zeros: `chunk_size(26, ..)` writes `1a` and a
/// CRLF. Must not be called with zero, which would end the content.
pub(super) fn chunk_size(size: usize, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(format!("{size:x}\r\n").as_bytes());
}

/// Encodes the end of chunked content (RFC 9112 section 7.1.2).
///
/// Trailers are written as they are. The client's body has them in a `HeaderMap`; which names may
/// be trailers (RFC 9110 section 6.5.1) is decided before that.
pub(super) fn last_chunk(trailers: &HeaderMap, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(b"0\r\n");
    for (name, value) in trailers {
        field(name, value, bytes);
    }
    bytes.extend_from_slice(CRLF);
}

/// Encodes the request line. The target is in origin-form or asterisk-form (RFC 9112 section 3.2).
///
/// Scheme and authority of the URI are left out.
///
/// | URI | target |
/// |---|---|
/// | `https://a.example/b?c` | `/b?c` |
/// | `https://a.example` | `/` |
/// | `https://a.example?c` | `/?c` |
/// | `*` | `*` |
/// | `a.example:443` of CONNECT | an error |
fn start_line(method: &Method, uri: &Uri, bytes: &mut Vec<u8>) -> Result<(), Http1Error> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let is_query = target.starts_with('?');
    let is_target = target.starts_with('/') || target == "*" || is_query;
    // A response to CONNECT has no content, and the connection becomes a tunnel (RFC 9112 section
    // 6.3). Neither is supported here.
    if !is_target || *method == Method::CONNECT {
        return Err(Http1Error::Target);
    }
    bytes.extend_from_slice(method.as_str().as_bytes());
    bytes.push(b' ');
    // RFC 9112 section 3.2.1: an empty path is sent as "/".
    if is_query {
        bytes.push(b'/');
    }
    bytes.extend_from_slice(target.as_bytes());
    bytes.extend_from_slice(b" HTTP/1.1\r\n");
    Ok(())
}

/// Encodes `Content-Length`.
fn content_length(length: u64, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
}

/// Encodes a field line.
fn field(name: &HeaderName, value: &HeaderValue, bytes: &mut Vec<u8>) {
    let name = name.as_str().as_bytes();
    bytes.reserve(name.len() + value.len() + ": ".len() + CRLF.len());
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(b": ");
    bytes.extend_from_slice(value.as_bytes());
    bytes.extend_from_slice(CRLF);
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn encoded(request: http::request::Builder, exact: Option<u64>) -> String {
        encoded_with(&AddedFields::default(), request, exact)
    }

    fn encoded_with(
        added: &AddedFields,
        request: http::request::Builder,
        exact: Option<u64>,
    ) -> String {
        let (request, mut bytes) = (request.body(()).unwrap(), Vec::new());
        head(&request, added, exact, &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn added_fields_follow_those_of_the_request_and_an_added_host_replaces_its_own() {
        let mut added = AddedFields {
            host: Some(HeaderValue::from_static("origin.example")),
            ..AddedFields::default()
        };
        static NAMES: [HeaderName; 2] = [HeaderName::from_static("x-a"), http::header::VIA];
        added.lines.push(&NAMES[0], b"3");
        added.lines.push(&NAMES[1], b"4");
        let request = || {
            let request = Request::get("/").header("x-a", "1");
            request.header("host", "client.example").header("x-b", "2")
        };
        assert_eq!(
            encoded_with(&added, request(), Some(0)),
            "GET / HTTP/1.1\r\nhost: origin.example\r\nx-a: 1\r\nx-b: 2\r\nx-a: 3\r\n\
             via: 4\r\n\r\n"
        );
        let mut headers = request().body(()).unwrap().headers().clone();
        added.insert_into(&mut headers);
        let lines: Vec<_> = headers.get_all("x-a").iter().collect();
        assert_eq!(lines, ["1", "3"]);
        assert_eq!(
            (&headers["host"], &headers["via"]),
            (
                &HeaderValue::from_static("origin.example"),
                &HeaderValue::from_static("4"),
            )
        );
    }

    #[test]
    fn te_is_an_option_of_the_connection() {
        let request = Request::get("/").header("te", "trailers");
        assert_eq!(
            encoded(request, Some(0)),
            "GET / HTTP/1.1\r\nconnection: te\r\nte: trailers\r\n\r\n"
        );
    }

    #[test]
    fn fields_keep_their_order_and_the_target_its_bytes() {
        let request = Request::get("/a//b/../%2f?")
            .header("host", "a.example")
            .header("x-b", "1")
            .header("x-a", "2")
            .header("x-b", "3");
        assert_eq!(
            encoded(request, Some(0)),
            "GET /a//b/../%2f? HTTP/1.1\r\nhost: a.example\r\nx-b: 1\r\nx-b: 3\r\nx-a: 2\r\n\r\n"
        );
        let request = Request::get("http://a.example?b=c");
        assert!(encoded(request, Some(0)).starts_with("GET /?b=c HTTP/1.1\r\n"));
        let request = Request::options("*").header("host", "a.example");
        assert!(encoded(request, Some(0)).starts_with("OPTIONS * HTTP/1.1\r\n"));
    }

    #[test]
    fn a_request_has_exactly_one_framing_field() {
        const LENGTH: (&str, &str) = ("content-length", "5");
        const CODING: (&str, &str) = ("transfer-encoding", "chunked");
        for (fields, exact, expected) in [
            (&[][..], Some(7), "content-length: 7\r\n"),
            (&[], Some(0), ""),
            (&[], None, "transfer-encoding: chunked\r\n"),
            (&[LENGTH, LENGTH], Some(5), "content-length: 5\r\n"),
            (&[LENGTH], None, "content-length: 5\r\n"),
            (&[("content-length", "0")], Some(0), "content-length: 0\r\n"),
            (&[CODING], Some(0), ""),
            (&[CODING], None, "transfer-encoding: chunked\r\n"),
            (&[LENGTH, CODING], Some(5), "transfer-encoding: chunked\r\n"),
        ] {
            let mut request = Request::post("/").header("a", "b");
            for (name, value) in fields {
                request = request.header(*name, *value);
            }
            let head = encoded(request.header("c", "d"), exact);
            let expected = format!("POST / HTTP/1.1\r\na: b\r\nc: d\r\n{expected}\r\n");
            assert_eq!(head, expected, "{fields:?}");
        }
    }

    #[test]
    fn a_head_without_chunks_announces_no_content() {
        for (method, end) in [
            (Method::POST, "content-length: 0\r\n\r\n"),
            (Method::DELETE, "\r\n"),
        ] {
            let request = Request::builder()
                .method(&method)
                .uri("/")
                .body(())
                .unwrap();
            let mut bytes = Vec::new();
            let added = AddedFields::default();
            head(&request, &added, None, &mut bytes).unwrap();
            without_chunks(&method, &mut bytes);
            let expected = format!("{method} / HTTP/1.1\r\n{end}");
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }
    }

    #[test]
    fn a_request_without_an_origin_form_target_is_refused() {
        for request in [Request::connect("a.example:443"), Request::connect("/")] {
            let request = request.body(()).unwrap();
            let added = AddedFields::default();
            assert!(head(&request, &added, Some(0), &mut Vec::new()).is_err());
        }
    }

    #[test]
    fn chunks_are_encoded_in_hexadecimal_and_trailers_as_fields() {
        let mut bytes = Vec::new();
        chunk_size(0x1a2b, &mut bytes);
        assert_eq!(bytes, b"1a2b\r\n");
        let mut trailers = HeaderMap::new();
        trailers.insert("a", HeaderValue::from_static("b"));
        let mut bytes = Vec::new();
        last_chunk(&trailers, &mut bytes);
        assert_eq!(bytes, b"0\r\na: b\r\n\r\n");
    }
}
