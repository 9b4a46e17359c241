//! Finds the end of a line or of a header block, incrementally. Pure.
//!
//! Heads are lenient and chunked content is strict, on purpose: RFC 9112 section 2.2 permits a
//! recipient to accept a bare LF in a head, and real servers send it. In chunked content,
//! recipients that disagree on a line's end disagree on where the message ends.
//!
//! | function | line ends | used for |
//! |---|---|---|
//! | [`HeaderBlockScanner::find_end`] | CRLF or LF | heads, and trailers at first |
//! | [`has_only_crlf`] | CRLF | trailers, once they are complete |
//! | [`find_line_end`] | CRLF; a bare LF is an error | sizes of chunks |

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::Http1Error;

/// Finds the end of a header block: a head, or trailers. Bytes are scanned once, however many
/// times it is called.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HeaderBlockScanner {
    /// Two bytes before it are scanned again: an empty line may have begun in them.
    scanned: usize,
}

/// An empty line behind another line. A line may end in a bare LF (RFC 9112 section 2.2).
static EMPTY_LINE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\n\r\n"));
static BARE_EMPTY_LINE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\n\n"));

/// How many bytes of an empty line may have been scanned before the last of it arrives.
const EMPTY_LINE_BEGUN: usize = 2;

impl HeaderBlockScanner {
    /// Whether it has scanned nothing.
    pub(super) fn is_new(self) -> bool {
        self.scanned == 0
    }

    /// The length of the block including the empty line at its end, or `None` if more bytes are
    /// needed.
    ///
    /// `bytes` must be the bytes of the call before, and those that have arrived since. A block
    /// that is empty, as trailers mostly are, is its empty line alone.
    ///
    /// ```text
    /// "a: 1\r\nb: 2\r\n\r\nrest"   Some(14)
    /// "a: 1\n\nrest"               Some(6)
    /// "\r\nrest"                   Some(2)
    /// "a: 1\r\n"                   None
    /// ```
    pub(super) fn find_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let is_empty = |line: &&[u8]| bytes.starts_with(line);
        if let Some(line) = [&b"\r\n"[..], b"\n"].iter().find(|line| is_empty(line)) {
            return Some(line.len());
        }
        let from = self.scanned.saturating_sub(EMPTY_LINE_BEGUN);
        let unscanned = &bytes[from..];
        let end = EMPTY_LINE.find(unscanned).map(|at| at + 3);
        let bare = &unscanned[..end.unwrap_or(unscanned.len())];
        let end = BARE_EMPTY_LINE.find(bare).map(|at| at + 2).or(end);
        self.scanned = bytes.len();
        end.map(|end| from + end)
    }
}

/// Whether every line ends in CRLF.
///
/// True for bytes without any line feed.
pub(super) fn has_only_crlf(bytes: &[u8]) -> bool {
    let mut line_feeds = memchr::memchr_iter(b'\n', bytes);
    line_feeds.all(|at| at > 0 && bytes[at - 1] == b'\r')
}

/// The offset after the first CRLF at or after `from`.
///
/// # Errors
///
/// [`Http1Error::LineEnd`] if a bare LF comes first.
///
/// `None` if there is no line feed yet. A CR without LF is a part of the line: the caller parses
/// that and refuses it.
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
        for bytes in [
            &b"HTTP/1.1 200 OK\r\na: b\r\n\r\nrest"[..],
            b"HTTP/1.1 200 OK\na: b\n\nrest",
            b"HTTP/1.1 200 OK\r\na: b\n\r\nrest",
            b"HTTP/1.1 200 OK\na: b\r\n\nrest",
        ] {
            let end = bytes.len() - 4;
            for first in 0..bytes.len() {
                for second in first..bytes.len() {
                    let mut block = HeaderBlockScanner::default();
                    for cut in [first, second, bytes.len()] {
                        let found = block.find_end(&bytes[..cut]);
                        assert_eq!(found, (cut >= end).then_some(end), "{first} {second}");
                        if found.is_some() {
                            break;
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn an_empty_block_is_one_empty_line() {
        for (bytes, end) in [(&b"\r\nmore"[..], 2), (b"\nmore", 1)] {
            assert_eq!(HeaderBlockScanner::default().find_end(bytes), Some(end));
        }
    }

    #[test]
    fn a_bare_line_feed_is_seen_wherever_it_is() {
        assert!(has_only_crlf(b"a: b\r\nc: d\r\n\r\n"));
        for bytes in ["\n", "a: b\r\nc: d\n\r\n", "a: b\r\n\n"] {
            assert!(!has_only_crlf(bytes.as_bytes()));
        }
        assert!(find_line_end(b"1\n", 0).is_err());
    }
}
