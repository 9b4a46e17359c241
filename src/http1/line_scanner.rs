//! Finds the end of a line or of a header block, incrementally. Pure.

use super::Http1Error;

/// Finds the end of a header block: a head, or trailers. Bytes are scanned once, however many
/// times it is called.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HeaderBlockScanner {
    scanned: usize,
    line_start: usize,
}

impl HeaderBlockScanner {
    /// The length of the block including the empty line at its end, or `None` if more bytes are
    /// needed.
    ///
    /// # Errors
    ///
    /// [`Http1Error::LineEnd`] if a line ends in a bare LF. RFC 9112 section 2.2 permits to accept
    /// that; recipients that do and recipients that do not would disagree on the message.
    pub(super) fn find_end(&mut self, bytes: &[u8]) -> Result<Option<usize>, Http1Error> {
        while let Some(length) = find_line_end(bytes, self.scanned)? {
            let is_empty = length == self.line_start + 2;
            self.scanned = length;
            self.line_start = length;
            if is_empty {
                return Ok(Some(length));
            }
        }
        self.scanned = bytes.len();
        Ok(None)
    }
}

/// The offset after the first CRLF at or after `from`.
///
/// # Errors
///
/// [`Http1Error::LineEnd`] if a bare LF comes first.
pub(super) fn find_line_end(bytes: &[u8], from: usize) -> Result<Option<usize>, Http1Error> {
    let remaining = bytes.get(from..).unwrap_or_default();
    let Some(line_feed) = memchr::memchr(b'\n', remaining) else {
        return Ok(None);
    };
    let line_feed = from + line_feed;
    match line_feed > 0 && bytes[line_feed - 1] == b'\r' {
        true => Ok(Some(line_feed + 1)),
        false => Err(Http1Error::LineEnd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_ends_with_its_empty_line_whatever_its_pieces_are() {
        let bytes = b"HTTP/1.1 200 OK\r\na: b\r\n\r\nrest";
        let end = bytes.len() - 4;
        for first in 0..bytes.len() {
            for second in first..bytes.len() {
                let mut block = HeaderBlockScanner::default();
                for cut in [first, second, bytes.len()] {
                    let found = block.find_end(&bytes[..cut]).unwrap();
                    assert_eq!(found, (cut >= end).then_some(end), "{first} {second}");
                    if found.is_some() {
                        break;
                    }
                }
            }
        }
    }

    #[test]
    fn an_empty_block_is_one_empty_line() {
        assert_eq!(
            HeaderBlockScanner::default().find_end(b"\r\nmore").unwrap(),
            Some(2)
        );
    }

    #[test]
    fn a_bare_line_feed_is_refused_as_soon_as_it_is_seen() {
        for bytes in [
            "\n",
            "HTTP/1.1 200 OK\n",
            "a: b\r\nc: d\n\r\n",
            "a: b\r\n\n",
        ] {
            assert!(
                HeaderBlockScanner::default()
                    .find_end(bytes.as_bytes())
                    .is_err()
            );
        }
    }
}
