//! Decodes the chunked coding of a response (RFC 9112 section 7.1). Pure.
//!
//! The decoder gets whatever bytes have arrived and returns one piece at a time, without copying:
//!
//! ```text
//!    5;name=value\r\n   hello\r\n   0\r\n   etag: "a"\r\n\r\n
//!    └──── Size ────┘   └Data┘└ DataEnd      └─ Trailers ─┘
//!
//!               ┌──────────────── CRLF ─────────────────┐
//!               v                                       │
//!    Size ──size > 0──> Data(left) ──left == 0──> DataEnd
//!      │
//!      └────size 0────> Trailers ──empty line──> End
//! ```
//!
//! It is strict where leniency can be abused for response splitting or smuggling: a line ends in
//! CRLF only, a size has at most 16 digits and no sign or prefix, and what follows it is spaces or
//! an extension. All that is not content is bounded, since an origin could send it without end.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use super::{
    Http1Error,
    line_scanner::{self, HeaderBlockScanner},
    response_head,
};

/// The maximum length of a chunk-size line in bytes, including extensions.
///
/// A longer line fails once that many bytes have arrived, even without its end.
const MAX_LINE: usize = 4 * 1024;

/// The maximum length of all extensions of a response in bytes. They are ignored, and without a
/// limit an origin could send them forever.
const MAX_EXTENSIONS: usize = 16 * 1024;

/// The maximum length of the trailers in bytes.
const MAX_TRAILERS: usize = 16 * 1024;

/// The maximum number of hexadecimal digits of a size that fits into 64 bits.
const MAX_DIGITS: usize = 16;

/// Decodes chunks incrementally.
///
/// An error is final: the caller must not read on, as the state is not defined after it.
#[derive(Debug, Default)]
pub(super) struct ChunkedDecoder {
    state: ChunkState,
    /// The length of all extensions so far.
    extensions: usize,
}

/// What comes next.
#[derive(Debug, Default)]
enum ChunkState {
    #[default]
    /// The line with a chunk's size.
    Size,
    /// This many bytes of a chunk.
    ///
    /// Never zero: a chunk of size zero leads to `Trailers`.
    Data(u64),
    /// The CRLF after a chunk's data.
    DataEnd,
    /// The trailer section after the last chunk, which may be empty.
    Trailers(HeaderBlockScanner),
    /// Nothing: the content has ended.
    End,
}

/// A decoded piece of content.
#[derive(Debug)]
pub(super) enum Piece {
    /// Data of a chunk, or a part of it.
    Data(Bytes),
    /// The trailer fields. Not returned if there are none.
    Trailers(HeaderMap),
    /// The end of the content.
    End,
    /// More bytes are needed.
    Missing,
}

impl ChunkedDecoder {
    /// Splits the next piece off `bytes`. Leaves bytes after the end in place.
    ///
    /// # Errors
    ///
    /// Fails if the coding is malformed, or a limit is exceeded.
    ///
    /// Call it until it returns [`Piece::Missing`], then again when more bytes have arrived. After
    /// [`Piece::End`], or after the trailers, it returns `End` forever and takes nothing: bytes
    /// that are left belong to no response, and the connection is closed for them.
    pub(super) fn read(&mut self, bytes: &mut BytesMut) -> Result<Piece, Http1Error> {
        loop {
            let next = match &mut self.state {
                ChunkState::Size => self.read_size(bytes)?,
                ChunkState::Data(left) => {
                    if bytes.is_empty() {
                        return Ok(Piece::Missing);
                    }
                    let data = split_up_to(*left, bytes);
                    *left -= data.len() as u64;
                    if *left == 0 {
                        self.state = ChunkState::DataEnd;
                    }
                    return Ok(Piece::Data(data));
                }
                ChunkState::DataEnd => read_data_end(bytes)?,
                ChunkState::Trailers(scanner) => {
                    let Some(trailers) = read_trailers(scanner, bytes)? else {
                        return Ok(Piece::Missing);
                    };
                    self.state = ChunkState::End;
                    return Ok(match trailers.is_empty() {
                        true => Piece::End,
                        false => Piece::Trailers(trailers),
                    });
                }
                ChunkState::End => return Ok(Piece::End),
            };
            match next {
                Some(next) => self.state = next,
                None => return Ok(Piece::Missing),
            }
        }
    }

    /// Whether the content has been read to its end, including trailers.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state, ChunkState::End)
    }

    /// Reads a size line. `None` if it is incomplete.
    fn read_size(&mut self, bytes: &mut BytesMut) -> Result<Option<ChunkState>, Http1Error> {
        let end = line_scanner::find_line_end(bytes, 0)?;
        if end.unwrap_or(bytes.len()) > MAX_LINE {
            return Err(Http1Error::Chunk);
        }
        let Some(end) = end else {
            return Ok(None);
        };
        let line = bytes.split_to(end);
        let (size, extension) = parse_size_line(&line[..end - 2]).ok_or(Http1Error::Chunk)?;
        self.extensions += extension;
        if self.extensions > MAX_EXTENSIONS {
            return Err(Http1Error::Chunk);
        }
        Ok(Some(match size {
            0 => ChunkState::Trailers(HeaderBlockScanner::default()),
            size => ChunkState::Data(size),
        }))
    }
}

/// Splits off up to `left` bytes.
///
/// Returns an empty `Bytes` only if `bytes` is empty or `left` is zero. Copies nothing.
pub(super) fn split_up_to(left: u64, bytes: &mut BytesMut) -> Bytes {
    let length = usize::try_from(left).unwrap_or(usize::MAX);
    bytes.split_to(length.min(bytes.len())).freeze()
}

/// Reads the CRLF after a chunk. `None` if it is incomplete.
///
/// A single CR is incomplete. Any other byte is an error at once, so that content which is longer
/// than its chunk is not taken for a size.
fn read_data_end(bytes: &mut BytesMut) -> Result<Option<ChunkState>, Http1Error> {
    let length = bytes.len().min(2);
    if bytes[..length] != b"\r\n"[..length] {
        return Err(Http1Error::Chunk);
    }
    Ok((length == 2).then(|| {
        let _ = bytes.split_to(2);
        ChunkState::Size
    }))
}

/// Reads the trailer section. `None` if it is incomplete. Unlike in a head, a bare LF does not end
/// a line: recipients could disagree on where the message ends.
///
/// `scanner` remembers how far it has looked, so that trailers which arrive byte by byte are not
/// scanned from their start each time.
fn read_trailers(
    scanner: &mut HeaderBlockScanner,
    bytes: &mut BytesMut,
) -> Result<Option<HeaderMap>, Http1Error> {
    let end = scanner.find_end(bytes);
    if end.unwrap_or(bytes.len()) > MAX_TRAILERS {
        return Err(Http1Error::Trailers);
    }
    let Some(length) = end else {
        return Ok(None);
    };
    let block = bytes.split_to(length).freeze();
    match line_scanner::has_only_crlf(&block) {
        true => response_head::parse_trailers(&block).map(Some),
        false => Err(Http1Error::LineEnd),
    }
}

/// The size in a chunk-size line, and the length of its extensions. Spaces after the size are
/// accepted: some servers pad it.
///
/// `line` is without its CRLF.
///
/// ```text
/// "5"              Some((5, 0))
/// "5  "            Some((5, 0))        padding, as some servers send
/// "1F;a=b"         Some((31, 4))
/// "0x5", "+5", ""  None
/// "5 5"            None                neither padding nor an extension
/// ```
fn parse_size_line(line: &[u8]) -> Option<(u64, usize)> {
    let is_digit = |byte: &&u8| byte.is_ascii_hexdigit();
    let digits = line.iter().take_while(is_digit).count();
    let (digits, extension) = line.split_at(digits);
    if digits.is_empty() || digits.len() > MAX_DIGITS || !is_extension(extension) {
        return None;
    }
    let size = digits.iter().fold(0, |size, byte| {
        let digit = char::from(*byte).to_digit(16).unwrap_or_default();
        size << 4 | u64::from(digit)
    });
    Some((size, extension.trim_ascii().len()))
}

/// Whether the bytes are empty, spaces or a chunk extension without control characters.
///
/// The content of extensions is not parsed: RFC 9112 section 7.1.1 lets a recipient ignore those
/// that it does not know, and this client knows none.
fn is_extension(bytes: &[u8]) -> bool {
    let is_text = |byte: &u8| *byte == b'\t' || !byte.is_ascii_control();
    let starts_well = matches!(bytes.trim_ascii_start().first(), None | Some(b';'));
    starts_well && bytes.iter().all(is_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decodes pieces into the data, the trailers and the number of bytes left over.
    fn read(pieces: &[&[u8]]) -> Result<Option<(Vec<u8>, HeaderMap, usize)>, Http1Error> {
        let mut decoder = ChunkedDecoder::default();
        let (mut bytes, mut data) = (BytesMut::new(), Vec::new());
        let mut trailers = HeaderMap::new();
        for piece in pieces {
            bytes.extend_from_slice(piece);
            loop {
                match decoder.read(&mut bytes)? {
                    Piece::Data(piece) => data.extend_from_slice(&piece),
                    Piece::Trailers(fields) => trailers = fields,
                    Piece::End | Piece::Missing => break,
                }
            }
        }
        Ok(decoder.has_ended().then_some((data, trailers, bytes.len())))
    }

    #[test]
    fn chunks_are_read_whatever_their_pieces_are() {
        let bytes = b"4\r\nWiki\r\n00006;a=b\r\npedia \r\nD \t;x\r\nin \r\n\r\nchunks\r\n\
              0;z\r\nA: b\r\nc: d\r\n\r\nrest";
        for first in 0..bytes.len() {
            for second in first..bytes.len() {
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                let (data, trailers, left) = read(&pieces).unwrap().unwrap();
                assert_eq!(data, b"Wikipedia in \r\n\r\nchunks");
                assert_eq!(
                    (&trailers["a"], &trailers["c"], left),
                    (&"b".parse().unwrap(), &"d".parse().unwrap(), 4)
                );
            }
        }
    }

    #[test]
    fn truncated_content_has_not_ended_at_any_byte() {
        let bytes = b"3\r\nabc\r\n0\r\na: b\r\n\r\n";
        for end in 0..bytes.len() {
            assert!(read(&[&bytes[..end]]).unwrap().is_none(), "{end}");
        }
        assert!(read(&[bytes]).unwrap().is_some());
    }

    #[test]
    fn malformed_chunks_are_refused_whatever_their_pieces_are() {
        let inputs: [&[u8]; 22] = [
            b"\r\n",
            b"-1\r\n",
            b"+1\r\n",
            b" 1\r\n",
            b"0x1\r\n",
            b"g\r\n",
            b"1 2\r\n",
            b"1\n",
            b"1\ra\r\n",
            b"1;a\0b\r\n",
            b"1;a\x7f\r\n",
            b"11111111111111111\r\n",
            b"00000000000000001\r\n",
            b"1\r\nab\r\n",
            b"1\r\na\n",
            b"1\r\na\rb",
            b"0\r\na\r\n\r\n",
            b"0\r\n a: b\r\n\r\n",
            b"0\r\na: b\n\r\n",
            b"0\r\na: b\r\n\n",
            b"0\r\n\n",
            b"0\r\na : b\r\n\r\n",
        ];
        for input in inputs {
            for cut in 0..input.len() {
                let outcome = read(&[&input[..cut], &input[cut..]]);
                assert!(outcome.is_err(), "{}", input.escape_ascii());
            }
        }
    }

    #[test]
    fn the_largest_size_does_not_overflow() {
        let mut bytes = BytesMut::from(&b"ffffffffffffffff\r\nabc"[..]);
        let mut decoder = ChunkedDecoder::default();
        assert!(matches!(decoder.read(&mut bytes), Ok(Piece::Data(data)) if data == "abc"));
        assert!(matches!(decoder.read(&mut bytes), Ok(Piece::Missing)));
    }

    #[test]
    fn lines_extensions_and_trailers_are_bounded() {
        let long = format!("1;{}", "x".repeat(MAX_LINE));
        assert!(read(&[long.as_bytes()]).is_err());
        let extended = format!("1;{}\r\na\r\n", "x".repeat(1000));
        assert!(read(&[extended.repeat(16).as_bytes()]).is_ok());
        assert!(read(&[extended.repeat(17).as_bytes()]).is_err());
        let padded = "1   \r\na\r\n".repeat(MAX_EXTENSIONS);
        assert!(read(&[padded.as_bytes()]).is_ok());
        let trailers = format!("0\r\na: {}", "x".repeat(MAX_TRAILERS));
        assert!(read(&[trailers.as_bytes()]).is_err());
        let many = format!("0\r\n{}\r\n", "a:b\r\n".repeat(1000));
        assert!(read(&[many.as_bytes()]).is_ok());
    }
}
