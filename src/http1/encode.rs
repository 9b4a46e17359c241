//! Encodes requests: heads, chunks and trailers. Pure.

use http::{
    HeaderMap, HeaderValue, Method, Request, Uri,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};

use crate::upload::expects_content;

use super::{Http1Error, framing::RequestFraming};

/// The initial capacity for a head, so that a usual one needs a single allocation.
const HEAD_CAPACITY: usize = 1024;

/// The line ending after each chunk.
pub(super) const CRLF: &[u8] = b"\r\n";

/// The end of a head that announces chunks.
const CHUNKED_END: &[u8] = b"transfer-encoding: chunked\r\n\r\n";

/// Encodes the head of a request (RFC 9112 section 3).
///
/// Fields keep their order. `Content-Length` and `Transfer-Encoding` are written according to
/// `framing`, whatever the request has.
///
/// # Errors
///
/// [`Http1Error::Target`] if the request's target cannot be sent to an origin.
pub(super) fn head<B>(
    request: &Request<B>,
    framing: RequestFraming,
) -> Result<Vec<u8>, Http1Error> {
    let mut bytes = Vec::with_capacity(HEAD_CAPACITY);
    start_line(request.method(), request.uri(), &mut bytes)?;
    let mut has_length = false;
    for (name, value) in request.headers() {
        if name == TRANSFER_ENCODING {
            continue;
        }
        if name == CONTENT_LENGTH {
            let first = !std::mem::replace(&mut has_length, true);
            if first && framing != RequestFraming::Chunked {
                content_length(framing, &mut bytes);
            }
            continue;
        }
        field(name.as_str().as_bytes(), value, &mut bytes);
    }
    match framing {
        RequestFraming::Chunked => {
            bytes.extend_from_slice(CHUNKED_END);
            return Ok(bytes);
        }
        RequestFraming::Length(_) if !has_length => content_length(framing, &mut bytes),
        RequestFraming::Length(_) | RequestFraming::Empty => {}
    }
    bytes.extend_from_slice(CRLF);
    Ok(bytes)
}

/// Removes the announcement of chunks from a head, because there is no content.
pub(super) fn without_chunks(method: &Method, head: &mut Vec<u8>) {
    if head.ends_with(CHUNKED_END) {
        head.truncate(head.len() - CHUNKED_END.len());
        if expects_content(method) {
            content_length(RequestFraming::Empty, head);
        }
        head.extend_from_slice(CRLF);
    }
}

/// Encodes the size line before a chunk's data.
pub(super) fn chunk_size(size: usize, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(format!("{size:x}\r\n").as_bytes());
}

/// Encodes the end of chunked content (RFC 9112 section 7.1.2).
pub(super) fn last_chunk(trailers: &HeaderMap, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(b"0\r\n");
    for (name, value) in trailers {
        field(name.as_str().as_bytes(), value, bytes);
    }
    bytes.extend_from_slice(CRLF);
}

/// Encodes the request line. The target is in origin-form or asterisk-form (RFC 9112 section 3.2).
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
fn content_length(framing: RequestFraming, bytes: &mut Vec<u8>) {
    let length = match framing {
        RequestFraming::Length(length) => length,
        RequestFraming::Empty | RequestFraming::Chunked => 0,
    };
    bytes.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
}

/// Encodes a field line.
fn field(name: &[u8], value: &HeaderValue, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(b": ");
    bytes.extend_from_slice(value.as_bytes());
    bytes.extend_from_slice(CRLF);
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn encoded(request: http::request::Builder, framing: RequestFraming) -> String {
        let request = request.body(()).unwrap();
        String::from_utf8(head(&request, framing).unwrap()).unwrap()
    }

    #[test]
    fn fields_keep_their_order_and_the_target_its_bytes() {
        let request = Request::get("/a//b/../%2f?")
            .header("host", "a.example")
            .header("x-b", "1")
            .header("x-a", "2")
            .header("x-b", "3");
        assert_eq!(
            encoded(request, RequestFraming::Empty),
            "GET /a//b/../%2f? HTTP/1.1\r\nhost: a.example\r\nx-b: 1\r\nx-b: 3\r\nx-a: 2\r\n\r\n"
        );
        let request = Request::get("http://a.example?b=c");
        assert!(encoded(request, RequestFraming::Empty).starts_with("GET /?b=c HTTP/1.1\r\n"));
        let request = Request::options("*").header("host", "a.example");
        assert!(encoded(request, RequestFraming::Empty).starts_with("OPTIONS * HTTP/1.1\r\n"));
    }

    #[test]
    fn a_request_has_exactly_one_framing_field() {
        let request = || {
            Request::post("/")
                .header("content-length", "5")
                .header("a", "b")
                .header("content-length", "5")
                .header("transfer-encoding", "chunked")
        };
        let start = "POST / HTTP/1.1\r\n";
        for (framing, expected) in [
            (
                RequestFraming::Length(5),
                "content-length: 5\r\na: b\r\n\r\n",
            ),
            (RequestFraming::Empty, "content-length: 0\r\na: b\r\n\r\n"),
            (
                RequestFraming::Chunked,
                "a: b\r\ntransfer-encoding: chunked\r\n\r\n",
            ),
        ] {
            assert_eq!(encoded(request(), framing), format!("{start}{expected}"));
        }
        let bare = || Request::post("/");
        assert_eq!(
            encoded(bare(), RequestFraming::Length(7)),
            format!("{start}content-length: 7\r\n\r\n")
        );
        assert_eq!(
            encoded(bare(), RequestFraming::Empty),
            format!("{start}\r\n")
        );
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
            let mut bytes = head(&request, RequestFraming::Chunked).unwrap();
            without_chunks(&method, &mut bytes);
            let expected = format!("{method} / HTTP/1.1\r\n{end}");
            assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        }
    }

    #[test]
    fn a_request_without_an_origin_form_target_is_refused() {
        for request in [Request::connect("a.example:443"), Request::connect("/")] {
            let request = request.body(()).unwrap();
            assert!(head(&request, RequestFraming::Empty).is_err());
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
