//! Field lines in the form of HTTP/1, for the fields that a proxy adds to each request.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

/// Field lines, one behind the other, each with its CRLF (RFC 9112 section 5).
///
/// A proxy adds half a dozen to each request. Over HTTP/1 they are written as they are: in a map,
/// each would cost an allocation, a hash and a copy more.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldLines {
    text: Vec<u8>,
    /// The name of each line, for HTTP/2: parsing it again would allocate it.
    names: Vec<&'static HeaderName>,
}

/// The initial capacities. They hold what a proxy usually adds.
const USUAL_LENGTH: usize = 256;
const USUAL_LINES: usize = 8;

impl FieldLines {
    /// Adds a line. Leaves out a value with a control character, which could begin another line.
    pub(crate) fn push(&mut self, name: &'static HeaderName, value: &[u8]) {
        // A fold has no branch for each byte, so it is vectorised.
        let has_control = value
            .iter()
            .fold(false, |found, byte| found | byte.is_ascii_control());
        if has_control {
            return;
        }
        let Self { text, names } = self;
        if names.is_empty() {
            text.reserve(USUAL_LENGTH);
            names.reserve(USUAL_LINES);
        }
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
        text.extend_from_slice(b"\r\n");
        names.push(name);
    }

    /// The lines as HTTP/1 writes them.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.text
    }

    /// The lines as names and values. The values share memory.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<'_> {
        self.lines().map(|(name, value)| (name.clone(), value))
    }

    fn lines(&self) -> impl Iterator<Item = (&'static HeaderName, HeaderValue)> + use<'_> {
        let text = Bytes::copy_from_slice(&self.text);
        let mut start = 0;
        self.names.iter().filter_map(move |name| {
            let value = start + name.as_str().len() + ": ".len();
            let length = text.get(value..)?.iter().position(|byte| *byte == b'\r')?;
            start = value + length + "\r\n".len();
            // Never an error: a line has no control characters.
            let value = HeaderValue::from_maybe_shared(text.slice(value..value + length)).ok()?;
            Some((*name, value))
        })
    }

    /// Removes the lines of a field.
    pub(crate) fn remove(&mut self, name: &HeaderName) {
        let mut left = Self::default();
        for (other, value) in self.lines() {
            if other != name {
                left.push(other, value.as_bytes());
            }
        }
        *self = left;
    }
}

#[cfg(test)]
mod tests {
    use http::header::{FORWARDED, HOST};

    use super::*;

    static VIA: HeaderName = http::header::VIA;
    static EMPTY: HeaderName = FORWARDED;

    #[test]
    fn lines_are_those_of_http1_and_read_as_the_fields_that_were_added() {
        let mut lines = FieldLines::default();
        assert_eq!(lines.fields().count(), 0);
        lines.push(&VIA, b"1.1 a: b");
        lines.push(&EMPTY, b"");
        lines.push(&VIA, b"1.1 \xe9");
        let text = b"via: 1.1 a: b\r\nforwarded: \r\nvia: 1.1 \xe9\r\n";
        assert_eq!(lines.as_bytes(), text);
        let value = |bytes: &[u8]| HeaderValue::from_bytes(bytes).unwrap();
        let first = (VIA.clone(), value(b"1.1 a: b"));
        let second = (FORWARDED, value(b""));
        let third = (VIA.clone(), value(b"1.1 \xe9"));
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
