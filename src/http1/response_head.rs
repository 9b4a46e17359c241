//! Reads the head of a response. Pure.

use std::{mem::MaybeUninit, ops::RangeInclusive};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use httparse::{ParserConfig, Status};
use hyper::ext::ReasonPhrase;

use crate::error::SpeaksTls;

use super::{Http1Error, framing::FramingFields, line_scanner::HeaderBlockScanner};

/// A head, or trailers, with more fields are not read.
const MOST_FIELDS: usize = 100;

/// Empty lines that may stand in front of a response; some servers send one after the response
/// before.
const MOST_EMPTY_LINES: usize = 2;

const STATUSES: RangeInclusive<u16> = 100..=999;

/// Where the reason stands in a head: behind a version, a status and the space after each.
const REASON: usize = "HTTP/1.1 200 ".len();

/// The head of a response.
#[derive(Debug)]
pub(crate) struct ResponseHead {
    pub(crate) version: Version,
    pub(crate) status: StatusCode,
    /// Where it is another than the usual one.
    pub(crate) reason: Option<ReasonPhrase>,
    pub(crate) headers: HeaderMap,
    /// What of them is about the message and the connection.
    pub(crate) said: FramingFields,
}

/// Reads heads as their bytes come in.
#[derive(Debug, Default)]
pub(crate) struct ResponseHeadReader {
    end: HeaderBlockScanner,
    empty_lines: usize,
}

impl ResponseHeadReader {
    /// Takes a head out of `bytes` once it is there as a whole.
    ///
    /// # Errors
    ///
    /// If it is malformed, or has more than `most` bytes.
    pub(crate) fn read(
        &mut self,
        bytes: &mut BytesMut,
        most: usize,
    ) -> Result<Option<ResponseHead>, Http1Error> {
        self.skip_empty_lines(bytes);
        if SpeaksTls::is_said_by(bytes) {
            return Err(Http1Error::Tls(SpeaksTls));
        }
        if !may_be_http(bytes) {
            return Err(Http1Error::NotHttp);
        }
        let end = self.end.find(bytes)?;
        if end.unwrap_or(bytes.len()) > most {
            return Err(Http1Error::HeadTooLarge);
        }
        let Some(end) = end else {
            return Ok(None);
        };
        self.end = HeaderBlockScanner::default();
        parse(&bytes.split_to(end).freeze()).map(Some)
    }

    fn skip_empty_lines(&mut self, bytes: &mut BytesMut) {
        while self.empty_lines < MOST_EMPTY_LINES && bytes.starts_with(b"\r\n") {
            self.empty_lines += 1;
            self.end = HeaderBlockScanner::default();
            let _ = bytes.split_to(2);
        }
    }
}

/// Whether this is how a response starts, or a part of it.
fn may_be_http(bytes: &[u8]) -> bool {
    let start = b"HTTP/1.";
    let length = bytes.len().min(start.len());
    bytes[..length] == start[..length] || bytes == b"\r"
}

/// Reads a whole head. The values are slices of it.
fn parse(head: &Bytes) -> Result<ResponseHead, Http1Error> {
    let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let parsed = ParserConfig::default()
        .parse_response_with_uninit_headers(&mut response, head, &mut fields)
        .map_err(too_many_or_malformed)?;
    let (Status::Complete(length), Some(version), Some(code)) =
        (parsed, response.version, response.code)
    else {
        return Err(Http1Error::NotHttp);
    };
    let status = StatusCode::from_u16(code).ok();
    let status = status.filter(|_| length == head.len() && STATUSES.contains(&code));
    let status = status.ok_or(Http1Error::NotHttp)?;
    let headers = map(response.headers, head)?;
    Ok(ResponseHead {
        version: match version {
            0 => Version::HTTP_10,
            _ => Version::HTTP_11,
        },
        status,
        reason: unusual_reason(status, head),
        said: FramingFields::by(&headers),
        headers,
    })
}

/// Reads a block of trailers, which ends in an empty line.
pub(crate) fn trailers(block: &Bytes) -> Result<HeaderMap, Http1Error> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    match httparse::parse_headers(block, &mut fields) {
        Ok(Status::Complete((length, fields))) if length == block.len() => map(fields, block),
        _ => Err(Http1Error::Trailers),
    }
}

fn too_many_or_malformed(error: httparse::Error) -> Http1Error {
    match error {
        httparse::Error::TooManyHeaders => Http1Error::HeadTooLarge,
        malformed => Http1Error::Head(malformed),
    }
}

/// The reason as it stands in a head that is well-formed. httparse has none to show where bytes
/// beyond ASCII are in it.
fn unusual_reason(status: StatusCode, head: &Bytes) -> Option<ReasonPhrase> {
    let end = memchr::memchr(b'\r', head).unwrap_or(head.len());
    let reason = &head[REASON.min(end)..end];
    match status.canonical_reason().map(str::as_bytes) == Some(reason) {
        true => None,
        false => ReasonPhrase::try_from(head.slice_ref(reason)).ok(),
    }
}

fn map(fields: &[httparse::Header<'_>], block: &Bytes) -> Result<HeaderMap, Http1Error> {
    let mut map = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let name = name.map_err(|_| Http1Error::Head(httparse::Error::HeaderName))?;
        let value = HeaderValue::from_maybe_shared(block.slice_ref(field.value));
        let value = value.map_err(|_| Http1Error::Head(httparse::Error::HeaderValue))?;
        map.append(name, value);
    }
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 1000;

    fn read(bytes: &[u8]) -> Result<Option<ResponseHead>, Http1Error> {
        ResponseHeadReader::default().read(&mut BytesMut::from(bytes), MOST)
    }

    fn whole(bytes: &[u8]) -> ResponseHead {
        read(bytes).unwrap().unwrap()
    }

    #[test]
    fn a_head_is_read_however_it_is_cut() {
        let bytes = b"\r\nHTTP/1.1 200 OK\r\nA: b\r\nempty:\r\nB:\t c d \r\na: e\r\n\r\nrest";
        for first in 0..bytes.len() {
            let mut reader = ResponseHeadReader::default();
            let mut buffer = BytesMut::from(&bytes[..first]);
            let early = reader.read(&mut buffer, MOST).unwrap();
            buffer.extend_from_slice(&bytes[first..]);
            let head = match early {
                Some(head) => head,
                None => reader.read(&mut buffer, MOST).unwrap().unwrap(),
            };
            assert_eq!(
                (head.status.as_u16(), head.version),
                (200, Version::HTTP_11)
            );
            assert_eq!(head.headers.len(), 4);
            let all: Vec<_> = head.headers.get_all("a").iter().collect();
            assert_eq!(all, ["b", "e"]);
            assert_eq!(
                (&head.headers["empty"], &head.headers["b"]),
                (
                    &HeaderValue::from_static(""),
                    &HeaderValue::from_static("c d")
                )
            );
            assert_eq!(buffer, "rest");
        }
    }

    #[test]
    fn the_usual_reason_is_not_kept_and_another_is() {
        let reason = |bytes: &str| whole(bytes.as_bytes()).reason;
        assert!(reason("HTTP/1.1 200 OK\r\n\r\n").is_none());
        assert_eq!(
            reason("HTTP/1.1 200 Fine\r\n\r\n").unwrap().as_bytes(),
            b"Fine"
        );
        let beyond_ascii = whole(b"HTTP/1.1 200 D\xe9j\xe0 \xe2\r\na: b\r\n\r\n").reason;
        assert_eq!(beyond_ascii.unwrap().as_bytes(), b"D\xe9j\xe0 \xe2");
        assert_eq!(reason("HTTP/1.1 299 \r\n\r\n").unwrap().as_bytes(), b"");
        assert_eq!(reason("HTTP/1.1 200\r\n\r\n").unwrap().as_bytes(), b"");
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let heads: [&[u8]; 19] = [
            b"HTTP/2.0 200 OK\r\n\r\n",
            b"HTTP/1.2 200 OK\r\n\r\n",
            b"HTTP/1.1 20 OK\r\n\r\n",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            b"HTTP/1.1 099 OK\r\n\r\n",
            b"HTTP/1.1\r\n\r\n",
            b"http/1.1 200 OK\r\n\r\n",
            b"SSH-2.0-OpenSSH\r\n",
            b"\x15\x03\x01",
            b"HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n a: b\r\n\r\n",
            b"HTTP/1.1 200 OK\r\na : b\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
            b"HTTP/1.1 200 OK\r\na\r\n\r\n",
            b"HTTP/1.1 200 OK\r\na: b\rc\r\n\r\n",
            b"HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n",
            b"HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n",
            b"HTTP/1.1 200 O\0K\r\n\r\n",
            b"\r\n\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        ];
        for head in heads {
            assert!(read(head).is_err(), "{}", head.escape_ascii());
        }
    }

    #[test]
    fn a_head_may_be_as_large_as_was_said_and_no_larger() {
        let head = |size: usize| {
            let fill = "x".repeat(size - 24);
            format!("HTTP/1.1 200 OK\r\na: {fill}\r\n\r\n")
        };
        assert_eq!(head(MOST).len(), MOST);
        assert!(read(head(MOST).as_bytes()).is_ok_and(|head| head.is_some()));
        let larger = head(MOST + 1);
        for end in [MOST + 1, larger.len()] {
            let outcome = read(&larger.as_bytes()[..end]);
            assert!(matches!(outcome, Err(Http1Error::HeadTooLarge)));
        }
        let many = "a:b\r\n".repeat(MOST_FIELDS + 1);
        let outcome = read(format!("HTTP/1.1 200 OK\r\n{many}\r\n").as_bytes());
        assert!(matches!(outcome, Err(Http1Error::HeadTooLarge)));
    }

    #[test]
    fn arbitrary_bytes_are_refused_or_waited_for() {
        // A small generator is chance enough; what matters is that nothing panics.
        let mut seed = 0x9e37_79b9_u32;
        for _ in 0..20_000 {
            let mut bytes = b"HTTP/1.1 200 OK\r\na: b\r\nc: d\r\n\r\n".to_vec();
            for _ in 0..3 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (seed >> 8) as usize % bytes.len();
                bytes[at] = seed as u8;
            }
            let _ = read(&bytes);
        }
    }
}
