//! The head of a response, and its parser. Pure.

use std::{mem::MaybeUninit, ops::RangeInclusive};

use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode, Version,
    header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use httparse::{ParserConfig, Status};
use hyper::ext::ReasonPhrase;

use crate::error::SpeaksTls;

use super::{Http1Error, UnexpectedBytes, line_scanner::HeaderBlockScanner};

/// How many fields are parsed without an allocation. Nearly all responses have fewer.
const USUAL_FIELDS: usize = 100;

/// The maximum number of fields in a head or in trailers. It is half of what a `HeaderMap` can
/// hold, so there is always room for the proxy's own fields.
const MAX_FIELDS: usize = 12 * 1024;

/// The maximum number of empty lines before a response. Some servers send one after the content of
/// the previous response.
const MAX_EMPTY_LINES: usize = 2;

/// The valid status codes. httparse accepts any three digits.
const STATUSES: RangeInclusive<u16> = 100..=999;

/// The offset of the reason phrase in a head.
const REASON_OFFSET: usize = "HTTP/1.1 200 ".len();

/// The head of a response: status line and fields.
#[derive(Debug)]
pub(crate) struct ResponseHead {
    pub(crate) version: Version,
    pub(crate) status: StatusCode,
    /// The reason phrase, if it is not the status code's canonical one.
    pub(crate) reason: Option<ReasonPhrase>,
    pub(crate) headers: HeaderMap,
    /// Which of `headers` are about framing.
    pub(super) framing_fields: FramingFields,
}

/// Which fields of a message are about the end of its content and about the connection.
///
/// One pass over the names that are present costs less than a look-up for each of the three.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FramingFields {
    pub(super) content_length: bool,
    pub(super) transfer_encoding: bool,
    pub(super) connection: bool,
}

impl FramingFields {
    /// Finds the fields in one pass.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut present = Self::default();
        for name in headers.keys() {
            present.content_length |= name == CONTENT_LENGTH;
            present.transfer_encoding |= name == TRANSFER_ENCODING;
            present.connection |= name == CONNECTION;
        }
        present
    }
}

/// Reads heads incrementally.
#[derive(Debug, Default)]
pub(super) struct ResponseHeadReader {
    scanner: HeaderBlockScanner,
    empty_lines: usize,
}

impl ResponseHeadReader {
    /// Splits a head off `bytes` once it is complete.
    ///
    /// # Errors
    ///
    /// If it is malformed, or longer than `max` bytes.
    pub(super) fn read(
        &mut self,
        bytes: &mut BytesMut,
        max: usize,
    ) -> Result<Option<ResponseHead>, Http1Error> {
        self.skip_empty_lines(bytes);
        if SpeaksTls::is_said_by(bytes) {
            return Err(Http1Error::Tls(SpeaksTls));
        }
        if !may_be_http(bytes) {
            return Err(not_http(bytes));
        }
        let end = self.scanner.find_end(bytes);
        if end.unwrap_or(bytes.len()) > max {
            return Err(Http1Error::HeadTooLarge);
        }
        let Some(end) = end else {
            return Ok(None);
        };
        self.scanner = HeaderBlockScanner::default();
        parse(&bytes.split_to(end).freeze()).map(Some)
    }

    /// Removes empty lines before a head (RFC 9112 section 2.2).
    fn skip_empty_lines(&mut self, bytes: &mut BytesMut) {
        while self.empty_lines < MAX_EMPTY_LINES
            && let Some(line) = [&b"\r\n"[..], b"\n"]
                .into_iter()
                .find(|line| bytes.starts_with(line))
        {
            self.empty_lines += 1;
            self.scanner = HeaderBlockScanner::default();
            let _ = bytes.split_to(line.len());
        }
    }
}

/// Whether the bytes are a prefix of a response, or begin with one.
fn may_be_http(bytes: &[u8]) -> bool {
    let start = b"HTTP/1.";
    let length = bytes.len().min(start.len());
    bytes[..length] == start[..length] || bytes == b"\r"
}

fn not_http(received: &[u8]) -> Http1Error {
    Http1Error::NotHttp(UnexpectedBytes::new(received))
}

/// Parses a complete head. The values share its memory.
fn parse(head: &Bytes) -> Result<ResponseHead, Http1Error> {
    let mut fields = [const { MaybeUninit::uninit() }; USUAL_FIELDS];
    match parse_into(head, &mut fields) {
        Err(Http1Error::Head(httparse::Error::TooManyHeaders)) => {
            let mut fields = vec![MaybeUninit::uninit(); count_lines(head)];
            parse_into(head, &mut fields)
        }
        outcome => outcome,
    }
}

/// Parses a complete head with room for as many fields as `fields` is long.
///
/// A space before a colon is removed (RFC 9112 section 5.1). Folded lines are accepted (section
/// 5.2).
fn parse_into<'a>(
    head: &'a Bytes,
    fields: &mut [MaybeUninit<httparse::Header<'a>>],
) -> Result<ResponseHead, Http1Error> {
    let mut response = httparse::Response::new(&mut []);
    let parsed = ParserConfig::default()
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .parse_response_with_uninit_headers(&mut response, head, fields)
        .map_err(Http1Error::Head)?;
    let (Status::Complete(length), Some(version), Some(code)) =
        (parsed, response.version, response.code)
    else {
        return Err(not_http(head));
    };
    let status = StatusCode::from_u16(code).ok();
    let status = status.filter(|_| length == head.len() && STATUSES.contains(&code));
    let status = status.ok_or_else(|| not_http(head))?;
    let headers = header_map(response.headers, head)?;
    Ok(ResponseHead {
        version: match version {
            0 => Version::HTTP_10,
            _ => Version::HTTP_11,
        },
        status,
        reason: custom_reason(status, head),
        framing_fields: FramingFields::of(&headers),
        headers,
    })
}

/// Parses a block of trailers, including the empty line at its end.
pub(super) fn parse_trailers(block: &Bytes) -> Result<HeaderMap, Http1Error> {
    let mut fields = vec![httparse::EMPTY_HEADER; count_lines(block)];
    match httparse::parse_headers(block, &mut fields) {
        Ok(Status::Complete((length, fields))) if length == block.len() => {
            header_map(fields, block)
        }
        _ => Err(Http1Error::Trailers),
    }
}

/// The number of lines, which is larger than that of the fields.
fn count_lines(block: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', block).count()
}

/// The reason phrase of a well-formed head, unless it is the canonical one. httparse returns none
/// if it is not ASCII.
fn custom_reason(status: StatusCode, head: &Bytes) -> Option<ReasonPhrase> {
    let end = memchr::memchr(b'\n', head).unwrap_or(head.len());
    let line = &head[..end];
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let reason = &line[REASON_OFFSET.min(line.len())..];
    match status.canonical_reason().map(str::as_bytes) == Some(reason) {
        true => None,
        false => ReasonPhrase::try_from(head.slice_ref(reason)).ok(),
    }
}

/// Copies parsed fields into a map. The values share the memory of `block`.
fn header_map(fields: &[httparse::Header<'_>], block: &Bytes) -> Result<HeaderMap, Http1Error> {
    if fields.len() > MAX_FIELDS {
        return Err(Http1Error::HeadTooLarge);
    }
    let mut map = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let name = name.map_err(|_| Http1Error::Head(httparse::Error::HeaderName))?;
        let value = HeaderValue::from_maybe_shared(block.slice_ref(field.value))
            .or_else(|_| HeaderValue::from_bytes(&unfolded(field.value)));
        let value = value.map_err(|_| Http1Error::Head(httparse::Error::HeaderValue))?;
        map.append(name, value);
    }
    Ok(map)
}

/// A folded value with one space in place of each fold (RFC 9112 section 5.2).
fn unfolded(value: &[u8]) -> Vec<u8> {
    let lines = value.split(|byte| *byte == b'\n');
    let lines: Vec<_> = lines.map(<[u8]>::trim_ascii).collect();
    lines.join(&b' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: usize = 1000;

    fn read(bytes: &[u8]) -> Result<Option<ResponseHead>, Http1Error> {
        ResponseHeadReader::default().read(&mut BytesMut::from(bytes), MAX)
    }

    fn complete(bytes: &[u8]) -> ResponseHead {
        read(bytes).unwrap().unwrap()
    }

    #[test]
    fn a_head_is_read_whatever_its_pieces_are() {
        let bytes = b"\r\nHTTP/1.1 200 OK\r\nA: b\r\nempty:\r\nB:\t c d \r\na: e\r\n\r\nrest";
        for first in 0..bytes.len() {
            let mut reader = ResponseHeadReader::default();
            let mut buffer = BytesMut::from(&bytes[..first]);
            let early = reader.read(&mut buffer, MAX).unwrap();
            buffer.extend_from_slice(&bytes[first..]);
            let head = match early {
                Some(head) => head,
                None => reader.read(&mut buffer, MAX).unwrap().unwrap(),
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
    fn only_a_reason_that_is_not_canonical_is_kept() {
        let reason = |bytes: &str| complete(bytes.as_bytes()).reason;
        assert!(reason("HTTP/1.1 200 OK\r\n\r\n").is_none());
        assert_eq!(
            reason("HTTP/1.1 200 Fine\r\n\r\n").unwrap().as_bytes(),
            b"Fine"
        );
        let non_ascii = complete(b"HTTP/1.1 200 D\xe9j\xe0 \xe2\r\na: b\r\n\r\n").reason;
        assert_eq!(non_ascii.unwrap().as_bytes(), b"D\xe9j\xe0 \xe2");
        assert_eq!(reason("HTTP/1.1 299 \r\n\r\n").unwrap().as_bytes(), b"");
        assert_eq!(reason("HTTP/1.1 200\r\n\r\n").unwrap().as_bytes(), b"");
    }

    #[test]
    fn a_malformed_head_is_refused() {
        let heads: [&[u8]; 21] = [
            b"HTTP/2.0 200 OK\r\n\r\n",
            b"HTTP/1.2 200 OK\r\n\r\n",
            b"HTTP/1.1 20 OK\r\n\r\n",
            b"HTTP/1.1 2000 OK\r\n\r\n",
            b"HTTP/1.1 099 OK\r\n\r\n",
            b"HTTP/1.1\r\n\r\n",
            b"http/1.1 200 OK\r\n\r\n",
            b"SSH-2.0-OpenSSH\r\n",
            b"\x15\x03\x01",
            b"HTTP/1.1 200 OK\r\n a: b\r\n\r\n",
            b"HTTP/1.1 200 OK\n\ta: b\n\n",
            b"HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
            b"HTTP/1.1 200 OK\r\na(b): c\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n : b\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n: b\r\n\r\n",
            b"HTTP/1.1 200 OK\r\na\r\n\r\n",
            b"HTTP/1.1 200 OK\r\na: b\rc\r\n\r\n",
            b"HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n",
            b"HTTP/1.1 200 OK\r\na: b\r\r\n\r\n",
            b"HTTP/1.1 200 O\0K\r\n\r\n",
            b"\r\n\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        ];
        for head in heads {
            assert!(read(head).is_err(), "{}", head.escape_ascii());
        }
    }

    #[test]
    fn a_head_may_be_as_large_as_its_limit_and_no_larger() {
        let head = |size: usize| {
            let fill = "x".repeat(size - 24);
            format!("HTTP/1.1 200 OK\r\na: {fill}\r\n\r\n")
        };
        assert_eq!(head(MAX).len(), MAX);
        assert!(read(head(MAX).as_bytes()).is_ok_and(|head| head.is_some()));
        let larger = head(MAX + 1);
        for end in [MAX + 1, larger.len()] {
            let outcome = read(&larger.as_bytes()[..end]);
            assert!(matches!(outcome, Err(Http1Error::HeadTooLarge)));
        }
    }

    #[test]
    fn fields_are_limited_by_the_size_of_the_head_and_by_what_a_map_can_hold() {
        for (count, is_read) in [
            (USUAL_FIELDS, true),
            (USUAL_FIELDS + 1, true),
            (MAX_FIELDS, true),
            (MAX_FIELDS + 1, false),
            (40_000, false),
        ] {
            let fields: String = (0..count).map(|at| format!("{at}:\r\n")).collect();
            let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
            let outcome = ResponseHeadReader::default().read(&mut head.as_bytes().into(), 1 << 20);
            match outcome {
                Ok(head) if is_read => assert_eq!(head.unwrap().headers.len(), count),
                outcome => assert!(
                    !is_read && matches!(outcome, Err(Http1Error::HeadTooLarge)),
                    "{count}"
                ),
            }
        }
    }

    #[test]
    fn lenient_syntax_means_the_same_as_the_strict_one() {
        let strict = complete(b"HTTP/1.1 200 Fine\r\na: b\r\nc: d e\r\nf:\r\n\r\n");
        for bytes in [
            &b"HTTP/1.1 200 Fine\na: b\nc: d e\nf:\n\n"[..],
            b"\nHTTP/1.1 200 Fine\r\na: b\nc: d e\r\nf:\r\n\n",
            b"HTTP/1.1 200 Fine\r\na : b\r\nc\t: d e\r\nf \t:\r\n\r\n",
            b"HTTP/1.1 200 Fine\r\na:\r\n b\r\nc: d\r\n e\r\nf:\r\n \r\n\r\n",
            b"HTTP/1.1 200 Fine\na: b\nc: d\n  e\nf:\n\t\n\n",
        ] {
            let head = complete(bytes);
            assert_eq!(head.headers, strict.headers, "{}", bytes.escape_ascii());
            assert_eq!(head.reason.unwrap().as_bytes(), b"Fine");
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused_or_incomplete() {
        // A linear congruential generator is random enough: the test is that nothing panics.
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
