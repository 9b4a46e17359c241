//! Writes down requests: heads, chunks, trailers. Pure.

use http::{
    HeaderMap, HeaderValue, Method, Request, Uri,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};

use super::{Http1Error, framing::Sending};

/// What a usual head needs, so that it is written into one allocation.
const USUAL_HEAD: usize = 1024;

/// Behind each chunk.
pub(crate) const CRLF: &[u8] = b"\r\n";

/// The head of a request (RFC 9112 section 3), with its fields in their order. Of the fields that
/// frame it, those are written that say how it is sent.
///
/// # Errors
///
/// If the request has no target that an origin could be sent.
pub(crate) fn head<B>(request: &Request<B>, sending: Sending) -> Result<Vec<u8>, Http1Error> {
    let mut bytes = Vec::with_capacity(USUAL_HEAD);
    start_line(request.method(), request.uri(), &mut bytes)?;
    let mut length_is_said = false;
    for (name, value) in request.headers() {
        if name == TRANSFER_ENCODING {
            continue;
        }
        if name == CONTENT_LENGTH {
            let first = !std::mem::replace(&mut length_is_said, true);
            if first && sending != Sending::Chunked {
                length(sending, &mut bytes);
            }
            continue;
        }
        field(name.as_str().as_bytes(), value, &mut bytes);
    }
    match sending {
        Sending::Chunked => bytes.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        Sending::Length(_) if !length_is_said => length(sending, &mut bytes),
        Sending::Length(_) | Sending::Nothing => {}
    }
    bytes.extend_from_slice(CRLF);
    Ok(bytes)
}

/// The line in front of a chunk's data.
pub(crate) fn chunk_size(size: usize, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(format!("{size:x}\r\n").as_bytes());
}

/// What ends chunked content (RFC 9112 section 7.1.2).
pub(crate) fn last_chunk(trailers: &HeaderMap, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(b"0\r\n");
    for (name, value) in trailers {
        field(name.as_str().as_bytes(), value, bytes);
    }
    bytes.extend_from_slice(CRLF);
}

fn start_line(method: &Method, uri: &Uri, bytes: &mut Vec<u8>) -> Result<(), Http1Error> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let is_query = target.starts_with('?');
    let is_target = target.starts_with('/') || target == "*" || is_query;
    // To CONNECT, a response would have no end (RFC 9112 section 6.3).
    if !is_target || *method == Method::CONNECT {
        return Err(Http1Error::Target);
    }
    bytes.extend_from_slice(method.as_str().as_bytes());
    bytes.push(b' ');
    // RFC 9112 section 3.2.1: an empty path is sent as this.
    if is_query {
        bytes.push(b'/');
    }
    bytes.extend_from_slice(target.as_bytes());
    bytes.extend_from_slice(b" HTTP/1.1\r\n");
    Ok(())
}

fn length(sending: Sending, bytes: &mut Vec<u8>) {
    let length = match sending {
        Sending::Length(length) => length,
        Sending::Nothing | Sending::Chunked => 0,
    };
    bytes.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
}

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

    fn written(request: http::request::Builder, sending: Sending) -> String {
        let request = request.body(()).unwrap();
        String::from_utf8(head(&request, sending).unwrap()).unwrap()
    }

    #[test]
    fn fields_keep_their_order_and_the_target_its_bytes() {
        let request = Request::get("/a//b/../%2f?")
            .header("host", "a.example")
            .header("x-b", "1")
            .header("x-a", "2")
            .header("x-b", "3");
        assert_eq!(
            written(request, Sending::Nothing),
            "GET /a//b/../%2f? HTTP/1.1\r\nhost: a.example\r\nx-b: 1\r\nx-b: 3\r\nx-a: 2\r\n\r\n"
        );
        let request = Request::get("http://a.example?b=c");
        assert!(written(request, Sending::Nothing).starts_with("GET /?b=c HTTP/1.1\r\n"));
        let request = Request::options("*").header("host", "a.example");
        assert!(written(request, Sending::Nothing).starts_with("OPTIONS * HTTP/1.1\r\n"));
    }

    #[test]
    fn a_request_says_once_how_it_is_sent() {
        let request = || {
            Request::post("/")
                .header("content-length", "5")
                .header("a", "b")
                .header("content-length", "5")
                .header("transfer-encoding", "chunked")
        };
        let start = "POST / HTTP/1.1\r\n";
        for (sending, expected) in [
            (Sending::Length(5), "content-length: 5\r\na: b\r\n\r\n"),
            (Sending::Nothing, "content-length: 0\r\na: b\r\n\r\n"),
            (
                Sending::Chunked,
                "a: b\r\ntransfer-encoding: chunked\r\n\r\n",
            ),
        ] {
            assert_eq!(written(request(), sending), format!("{start}{expected}"));
        }
        let bare = || Request::post("/");
        assert_eq!(
            written(bare(), Sending::Length(7)),
            format!("{start}content-length: 7\r\n\r\n")
        );
        assert_eq!(written(bare(), Sending::Nothing), format!("{start}\r\n"));
    }

    #[test]
    fn what_has_no_target_is_not_written() {
        for request in [Request::connect("a.example:443"), Request::connect("/")] {
            let request = request.body(()).unwrap();
            assert!(head(&request, Sending::Nothing).is_err());
        }
    }

    #[test]
    fn chunks_are_written_as_they_are_read() {
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
