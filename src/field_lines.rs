//! Field lines in the form of HTTP/1, for the fields that a proxy adds to each request.

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue,
    header::{FORWARDED, VIA},
};

/// Field lines, one behind the other, each with its CRLF (RFC 9112 section 5).
///
/// A proxy adds half a dozen to each request. Over HTTP/1 they are written as they are: in a map,
/// each would cost an allocation, a hash and a copy more.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldLines {
    text: Vec<u8>,
}

/// The initial capacity. It holds what a proxy usually adds.
const USUAL_LENGTH: usize = 256;

/// The names of nearly all lines. Parsing one would allocate it.
static USUAL_NAMES: [HeaderName; 7] = [
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
    VIA,
    HeaderName::from_static("x-forwarded-port"),
    FORWARDED,
];

impl FieldLines {
    /// Adds a line. Leaves out a value with a control character, which could begin another line.
    pub(crate) fn push(&mut self, name: &HeaderName, value: &[u8]) {
        // A fold has no branch for each byte, so it is vectorised.
        let has_control = value
            .iter()
            .fold(false, |found, byte| found | byte.is_ascii_control());
        if has_control {
            return;
        }
        let text = &mut self.text;
        if text.is_empty() {
            text.reserve(USUAL_LENGTH);
        }
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
        text.extend_from_slice(b"\r\n");
    }

    /// The lines as HTTP/1 writes them.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// The lines as names and values. The values share memory.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
        let text = Bytes::copy_from_slice(&self.text);
        let mut start = 0;
        std::iter::from_fn(move || {
            let line = text.get(start..)?;
            let colon = memchr::memchr(b':', line)?;
            let end = memchr::memchr(b'\r', line)?;
            let value = start + colon + ": ".len()..start + end;
            start += end + "\r\n".len();
            // Never an error: a name was one, and a line has no control characters.
            let value = HeaderValue::from_maybe_shared(text.slice(value)).ok()?;
            Some((parse_name(&line[..colon])?, value))
        })
    }

    /// Removes the lines of a field.
    pub(crate) fn remove(&mut self, name: &HeaderName) {
        let mut left = Self::default();
        for (other, value) in self.fields() {
            if other != name {
                left.push(&other, value.as_bytes());
            }
        }
        *self = left;
    }
}

fn parse_name(text: &[u8]) -> Option<HeaderName> {
    let mut usual = USUAL_NAMES.iter();
    let usual = usual.find(|name| name.as_str().as_bytes() == text);
    usual.cloned().or_else(|| HeaderName::from_bytes(text).ok())
}

#[cfg(test)]
mod tests {
    use http::header::HOST;

    use super::*;

    static EMPTY: HeaderName = HeaderName::from_static("x-empty");

    #[test]
    fn lines_are_those_of_http1_and_read_as_the_fields_that_were_added() {
        let mut lines = FieldLines::default();
        assert_eq!(lines.fields().count(), 0);
        lines.push(&VIA, b"1.1 a: b");
        lines.push(&EMPTY, b"");
        lines.push(&VIA, b"1.1 \xe9");
        let text = b"via: 1.1 a: b\r\nx-empty: \r\nvia: 1.1 \xe9\r\n";
        assert_eq!(lines.as_bytes(), text);
        let value = |bytes: &[u8]| HeaderValue::from_bytes(bytes).unwrap();
        let first = (VIA, value(b"1.1 a: b"));
        let second = (EMPTY.clone(), value(b""));
        let third = (VIA, value(b"1.1 \xe9"));
        let fields: Vec<_> = lines.fields().collect();
        assert_eq!(fields, [first, second.clone(), third]);
        lines.remove(&VIA);
        lines.remove(&HOST);
        assert_eq!(lines.fields().collect::<Vec<_>>(), [second]);
    }

    #[test]
    fn no_value_begins_another_line() {
        let mut lines = FieldLines::default();
        for value in [&b"a\r\nb: c"[..], b"a\nb: c", b"a\r", b"\0", b"\x7f"] {
            lines.push(&VIA, value);
        }
        assert!(lines.as_bytes().is_empty());
    }
}
