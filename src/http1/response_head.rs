//! The head of a response, and its parser. Pure.
//!
//! What is accepted, and why:
//!
//! | in the head | here | because |
//! |---|---|---|
//! | empty lines before it | up to two | some servers end content with one |
//! | bare LF at the end of a line | accepted | RFC 9112 section 2.2 |
//! | space before the colon | removed | RFC 9112 section 5.1 |
//! | folded value | joined by a space | RFC 9112 section 5.2 |
//! | missing reason phrase | accepted | RFC 9112 section 4 |
//! | anything before `HTTP/1.` | refused, with its first bytes | it is another protocol |
//! | more than 12,288 fields | refused | a map could not take the proxy's fields |
//!
//! Values are slices of the head's buffer. A head that differs from the previous one in values
//! alone is not parsed: see `head_cache.rs`.

use std::{
    mem::{self, MaybeUninit},
    ops::RangeInclusive,
};

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version};
use httparse::{ParserConfig, Status};
use hyper::ext::ReasonPhrase;

use crate::error::SpeaksTls;

use super::{
    Http1Error, UnexpectedBytes,
    head_builder::{HeadBuilder, ResponseHead},
    head_cache::HeadCache,
    line_scanner::HeaderBlockScanner,
};

/// How many fields are parsed without an allocation. Nearly all responses have fewer.
pub(super) const USUAL_FIELDS: usize = 100;

/// The maximum number of fields in a head or in trailers. It is half of what a `HeaderMap` can
/// hold, so there is always room for the proxy's own fields.
pub(super) const MAX_FIELDS: usize = 12 * 1024;

/// The maximum number of empty lines before a response. Some servers send one after the content of
/// the previous response.
///
/// More of them are no HTTP, and are refused as such.
const MAX_EMPTY_LINES: usize = 2;

/// The valid status codes. httparse accepts any three digits.
const STATUSES: RangeInclusive<u16> = 100..=999;

/// The offset of the reason phrase in a head.
///
/// httparse has checked the status line, so the offset is fixed.
const REASON_OFFSET: usize = "HTTP/1.1 200 ".len();

/// What a head is read into, taken from what was there before.
pub(super) struct HeadMemory<'a> {
    /// The lines of the previous head.
    pub(super) cache: &'a mut HeadCache,
    /// The map of the request. A success takes its memory: the request is not needed any longer.
    /// hyper's server in turn uses the map of a response for its next request.
    pub(super) map: &'a mut HeaderMap,
}

/// A larger map is not used again. A client with many fields could otherwise have each of its
/// connections hold the memory.
const MAX_REUSED_MAP: usize = 64;

impl HeadMemory<'_> {
    /// An empty map for this number of fields.
    fn map(&mut self, status: StatusCode, fields: usize) -> HeaderMap {
        if !status.is_success() || !(fields..=MAX_REUSED_MAP).contains(&self.map.capacity()) {
            return HeaderMap::with_capacity(fields);
        }
        let mut map = mem::take(self.map);
        map.clear();
        map
    }
}

/// Reads heads incrementally.
#[derive(Debug, Default)]
pub(super) struct ResponseHeadReader {
    /// Starts anew with each head.
    scanner: HeaderBlockScanner,
    /// Counted for a whole exchange, so that empty lines between interim responses are bounded too.
    empty_lines: usize,
}

impl ResponseHeadReader {
    /// Splits a head off `bytes` once it is complete.
    ///
    /// # Errors
    ///
    /// Fails if it is malformed, or longer than `max` bytes.
    ///
    /// `None` if more bytes are needed; `bytes` keeps what is there. Bytes behind the head stay in
    /// place.
    ///
    /// A peer of another protocol is noticed with its first byte, without waiting for a line's end.
    /// A TLS record has an error of its own, since it means that the port expects TLS.
    pub(super) fn read(
        &mut self,
        bytes: &mut BytesMut,
        max: usize,
        memory: &mut HeadMemory<'_>,
    ) -> Result<Option<ResponseHead>, Http1Error> {
        self.skip_empty_lines(bytes);
        if self.scanner.is_new()
            && let Some((head, length)) = recall(bytes, memory)
            && length <= max
        {
            bytes.advance(length);
            return Ok(Some(head));
        }
        if SpeaksTls::is_start_of(bytes) {
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
        parse(&bytes.split_to(end).freeze(), memory).map(Some)
    }

    /// Removes empty lines before a head (RFC 9112 section 2.2).
    ///
    /// A CR without its LF stays: it may become an empty line.
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
///
/// True for `H`, `HTTP/1`, `HTTP/1.1 200 OK` and the CR of an empty line; false for `SSH-2.0` and
/// `HTTP/2`.
fn may_be_http(bytes: &[u8]) -> bool {
    let start = b"HTTP/1.";
    let length = bytes.len().min(start.len());
    bytes[..length] == start[..length] || bytes == b"\r"
}

/// Keeps the first bytes for the diagnosis: they often name the protocol.
fn not_http(received: &[u8]) -> Http1Error {
    Http1Error::NotHttp(UnexpectedBytes::new(received))
}

/// Parses a complete head. The values share its memory.
///
/// Room for 100 fields is on the stack. A head with more is parsed a second time, with room for all
/// of its lines.
fn parse(head: &Bytes, memory: &mut HeadMemory<'_>) -> Result<ResponseHead, Http1Error> {
    let mut fields = [const { MaybeUninit::uninit() }; USUAL_FIELDS];
    match parse_into(head, &mut fields, memory) {
        Err(Http1Error::Head(httparse::Error::TooManyHeaders)) => {
            let mut fields = vec![MaybeUninit::uninit(); count_lines(head)];
            parse_into(head, &mut fields, memory)
        }
        outcome => outcome,
    }
}

/// Reads a head that differs from the previous one in values alone, and returns its length.
///
/// `None` if the parser has to read it.
fn recall(bytes: &[u8], memory: &mut HeadMemory<'_>) -> Option<(ResponseHead, usize)> {
    let (status, fields) = usual_status_line(bytes).filter(|_| memory.cache.len() > 0)?;
    let mut builder = HeadBuilder::new(status, memory.map(status, memory.cache.len()));
    let add = |name, value| builder.add(name, value);
    let behind = memory.cache.read_lines(fields, add)?;
    let head = builder.build(Version::HTTP_11, None);
    Some((head, bytes.len() - behind.len()))
}

/// The status and the fields of a head that begins as nearly all do: `HTTP/1.1 200 OK`.
fn usual_status_line(head: &[u8]) -> Option<(StatusCode, &[u8])> {
    let (code, rest) = head.strip_prefix(b"HTTP/1.1 ")?.split_at_checked(3)?;
    let status = StatusCode::from_bytes(code).ok()?;
    let reason = status.canonical_reason()?;
    let rest = rest.strip_prefix(b" ")?.strip_prefix(reason.as_bytes())?;
    Some((status, rest.strip_prefix(b"\r\n")?))
}

/// Parses a complete head with room for as many fields as `fields` is long.
///
/// A space before a colon is removed (RFC 9112 section 5.1). Folded lines are accepted (section
/// 5.2).
///
/// Fails if httparse stops before the end of `head`: an empty line that only one of the two parsers
/// sees would let a field become content.
fn parse_into<'a>(
    head: &'a Bytes,
    fields: &mut [MaybeUninit<httparse::Header<'a>>],
    memory: &mut HeadMemory<'_>,
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
    if response.headers.len() > MAX_FIELDS {
        return Err(Http1Error::HeadTooLarge);
    }
    let mut builder = HeadBuilder::new(status, memory.map(status, response.headers.len()));
    let mut names = memory.cache.read_names(response.headers.len());
    for field in &*response.headers {
        let name = names.next(field.name.as_bytes());
        let name = name.map_err(|_| Http1Error::Head(httparse::Error::HeaderName))?;
        builder.add(name, field_value(field.value, head)?);
    }
    let version = match version {
        0 => Version::HTTP_10,
        _ => Version::HTTP_11,
    };
    Ok(builder.build(version, custom_reason(status, head)))
}

/// Parses a block of trailers, including the empty line at its end.
///
/// Stricter than a head: httparse's defaults, so neither folded lines nor a space before the colon.
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
///
/// An upper bound is enough, since it only sizes the array.
fn count_lines(block: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', block).count()
}

/// The reason phrase of a well-formed head, unless it is the canonical one. httparse returns none
/// if it is not ASCII.
///
/// `HTTP/1.1 200 OK` has none, and `HTTP/1.1 200 Fine` has `Fine`. RFC 9112 section 4 lets a client
/// ignore it; a proxy passes it on to HTTP/1.1 clients.
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

/// Copies parsed trailers into a map. The values share the memory of `block`.
fn header_map(fields: &[httparse::Header<'_>], block: &Bytes) -> Result<HeaderMap, Http1Error> {
    if fields.len() > MAX_FIELDS {
        return Err(Http1Error::HeadTooLarge);
    }
    let mut map = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let name = name.map_err(|_| Http1Error::Head(httparse::Error::HeaderName))?;
        map.append(name, field_value(field.value, block)?);
    }
    Ok(map)
}

/// A parsed value, which shares the memory of `block` unless it is folded.
///
/// A folded value contains CR and LF, which `HeaderValue` refuses, so only such values are copied.
fn field_value(value: &[u8], block: &Bytes) -> Result<HeaderValue, Http1Error> {
    HeaderValue::from_maybe_shared(block.slice_ref(value))
        .or_else(|_| HeaderValue::from_bytes(&unfolded(value)))
        .map_err(|_| Http1Error::Head(httparse::Error::HeaderValue))
}

/// A folded value with one space in place of each fold (RFC 9112 section 5.2).
///
/// `"a\r\n  b"` becomes `"a b"`.
fn unfolded(value: &[u8]) -> Vec<u8> {
    let lines = value.split(|byte| *byte == b'\n');
    let lines: Vec<_> = lines.map(<[u8]>::trim_ascii).collect();
    lines.join(&b' ')
}
