//! Finds where a head or a line ends, as its bytes come in. Pure.

use super::Http1Error;

/// Looks for the end of a block of lines: a head, or trailers. What was looked at is not looked at
/// again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HeaderBlockScanner {
    seen: usize,
    line_start: usize,
}

impl HeaderBlockScanner {
    /// The length of the block with the empty line that ends it, once that is there.
    ///
    /// # Errors
    ///
    /// If a line ends in LF alone: RFC 9112 section 2.2 allows to accept that, and other readers
    /// may not.
    pub(crate) fn find(&mut self, bytes: &[u8]) -> Result<Option<usize>, Http1Error> {
        while let Some(length) = line(bytes, self.seen)? {
            let is_empty = length == self.line_start + 2;
            self.seen = length;
            self.line_start = length;
            if is_empty {
                return Ok(Some(length));
            }
        }
        self.seen = bytes.len();
        Ok(None)
    }
}

/// Where the first line that ends behind `from` ends, with its CRLF.
pub(crate) fn line(bytes: &[u8], from: usize) -> Result<Option<usize>, Http1Error> {
    let rest = bytes.get(from..).unwrap_or_default();
    let Some(feed) = memchr::memchr(b'\n', rest) else {
        return Ok(None);
    };
    let feed = from + feed;
    match feed > 0 && bytes[feed - 1] == b'\r' {
        true => Ok(Some(feed + 1)),
        false => Err(Http1Error::LineEnd),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_ends_with_its_empty_line_however_it_is_cut() {
        let bytes = b"HTTP/1.1 200 OK\r\na: b\r\n\r\nrest";
        let end = bytes.len() - 4;
        for first in 0..bytes.len() {
            for second in first..bytes.len() {
                let mut block = HeaderBlockScanner::default();
                for cut in [first, second, bytes.len()] {
                    let found = block.find(&bytes[..cut]).unwrap();
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
            HeaderBlockScanner::default().find(b"\r\nmore").unwrap(),
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
                    .find(bytes.as_bytes())
                    .is_err()
            );
        }
    }
}
