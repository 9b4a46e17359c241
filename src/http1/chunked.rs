//! Takes the chunked coding off a response's content (RFC 9112 section 7.1). Pure.

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use super::{
    Http1Error,
    line_scanner::{self, HeaderBlockScanner},
    response_head,
};

/// A line with a chunk's size may be so long in bytes, extensions included.
const LONGEST_LINE: usize = 4 * 1024;

/// All extensions of a response may have so many bytes together. They are read over; an origin
/// might send nothing else.
const MOST_EXTENSIONS: usize = 16 * 1024;

/// Trailers may have so many bytes.
const MOST_TRAILERS: usize = 16 * 1024;

/// What a size can have without being larger than 2^64.
const MOST_DIGITS: usize = 16;

/// Reads chunks as their bytes come in.
#[derive(Debug, Default)]
pub(crate) struct ChunkedDecoder {
    at: At,
    extensions: usize,
}

#[derive(Debug, Default)]
enum At {
    #[default]
    Size,
    Data(u64),
    /// Before the CRLF behind a chunk.
    DataEnd,
    Trailers(HeaderBlockScanner),
    End,
}

/// What was read.
#[derive(Debug)]
pub(crate) enum Piece {
    Data(Bytes),
    Trailers(HeaderMap),
    End,
    /// More bytes are needed.
    Missing,
}

impl ChunkedDecoder {
    /// Takes the next piece out of `bytes`. Behind the end nothing is taken.
    pub(crate) fn read(&mut self, bytes: &mut BytesMut) -> Result<Piece, Http1Error> {
        loop {
            let next = match &mut self.at {
                At::Size => self.size(bytes)?,
                At::Data(left) => {
                    if bytes.is_empty() {
                        return Ok(Piece::Missing);
                    }
                    let data = at_most(*left, bytes);
                    *left -= data.len() as u64;
                    if *left == 0 {
                        self.at = At::DataEnd;
                    }
                    return Ok(Piece::Data(data));
                }
                At::DataEnd => data_end(bytes)?,
                At::Trailers(end) => {
                    let Some(trailers) = trailers(end, bytes)? else {
                        return Ok(Piece::Missing);
                    };
                    self.at = At::End;
                    return Ok(match trailers.is_empty() {
                        true => Piece::End,
                        false => Piece::Trailers(trailers),
                    });
                }
                At::End => return Ok(Piece::End),
            };
            match next {
                Some(next) => self.at = next,
                None => return Ok(Piece::Missing),
            }
        }
    }

    /// Whether everything has been read, trailers included.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.at, At::End)
    }

    fn size(&mut self, bytes: &mut BytesMut) -> Result<Option<At>, Http1Error> {
        let end = line_scanner::line(bytes, 0)?;
        if end.unwrap_or(bytes.len()) > LONGEST_LINE {
            return Err(Http1Error::Chunk);
        }
        let Some(end) = end else {
            return Ok(None);
        };
        let line = bytes.split_to(end);
        let (size, extension) = size_of(&line[..end - 2]).ok_or(Http1Error::Chunk)?;
        self.extensions += extension;
        if self.extensions > MOST_EXTENSIONS {
            return Err(Http1Error::Chunk);
        }
        Ok(Some(match size {
            0 => At::Trailers(HeaderBlockScanner::default()),
            size => At::Data(size),
        }))
    }
}

/// So many bytes, or as many as there are.
pub(crate) fn at_most(left: u64, bytes: &mut BytesMut) -> Bytes {
    let length = usize::try_from(left).unwrap_or(usize::MAX);
    bytes.split_to(length.min(bytes.len())).freeze()
}

fn data_end(bytes: &mut BytesMut) -> Result<Option<At>, Http1Error> {
    let length = bytes.len().min(2);
    if bytes[..length] != b"\r\n"[..length] {
        return Err(Http1Error::Chunk);
    }
    Ok((length == 2).then(|| {
        let _ = bytes.split_to(2);
        At::Size
    }))
}

fn trailers(
    end: &mut HeaderBlockScanner,
    bytes: &mut BytesMut,
) -> Result<Option<HeaderMap>, Http1Error> {
    let found = end.find(bytes)?;
    if found.unwrap_or(bytes.len()) > MOST_TRAILERS {
        return Err(Http1Error::Trailers);
    }
    let Some(length) = found else {
        return Ok(None);
    };
    response_head::trailers(&bytes.split_to(length).freeze()).map(Some)
}

/// The size that a line tells, and how many bytes of extension follow. Spaces behind the size are
/// tolerated: some servers fill it up.
fn size_of(line: &[u8]) -> Option<(u64, usize)> {
    let is_digit = |byte: &&u8| byte.is_ascii_hexdigit();
    let digits = line.iter().take_while(is_digit).count();
    let (digits, rest) = line.split_at(digits);
    if digits.is_empty() || digits.len() > MOST_DIGITS || !is_extension(rest) {
        return None;
    }
    let size = digits.iter().fold(0, |size, byte| {
        let digit = char::from(*byte).to_digit(16).unwrap_or_default();
        size << 4 | u64::from(digit)
    });
    Some((size, rest.trim_ascii().len()))
}

fn is_extension(rest: &[u8]) -> bool {
    let is_text = |byte: &u8| *byte == b'\t' || !byte.is_ascii_control();
    let starts_well = matches!(rest.trim_ascii_start().first(), None | Some(b';'));
    starts_well && rest.iter().all(is_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read from pieces: the data, the trailers, and what is left over.
    fn read(pieces: &[&[u8]]) -> Result<Option<(Vec<u8>, HeaderMap, usize)>, Http1Error> {
        let mut chunks = ChunkedDecoder::default();
        let (mut bytes, mut data) = (BytesMut::new(), Vec::new());
        let mut trailers = HeaderMap::new();
        for piece in pieces {
            bytes.extend_from_slice(piece);
            loop {
                match chunks.read(&mut bytes)? {
                    Piece::Data(piece) => data.extend_from_slice(&piece),
                    Piece::Trailers(fields) => trailers = fields,
                    Piece::End | Piece::Missing => break,
                }
            }
        }
        Ok(chunks.is_over().then_some((data, trailers, bytes.len())))
    }

    #[test]
    fn chunks_are_read_however_they_are_cut() {
        let bytes =
            b"4\r\nWiki\r\n00006;a=b\r\npedia \r\nD \t;x\r\nin \r\n\r\nchunks\r\n0;z\r\nA: b\r\nc: d\r\n\r\nrest";
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
    fn what_has_not_ended_has_not_ended_at_any_byte() {
        let bytes = b"3\r\nabc\r\n0\r\na: b\r\n\r\n";
        for end in 0..bytes.len() {
            assert!(read(&[&bytes[..end]]).unwrap().is_none(), "{end}");
        }
        assert!(read(&[bytes]).unwrap().is_some());
    }

    #[test]
    fn what_is_malformed_is_refused_however_it_is_cut() {
        let inputs: [&[u8]; 20] = [
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
    fn the_largest_size_is_no_overflow() {
        let mut bytes = BytesMut::from(&b"ffffffffffffffff\r\nabc"[..]);
        let mut chunks = ChunkedDecoder::default();
        assert!(matches!(chunks.read(&mut bytes), Ok(Piece::Data(data)) if data == "abc"));
        assert!(matches!(chunks.read(&mut bytes), Ok(Piece::Missing)));
    }

    #[test]
    fn lines_extensions_and_trailers_are_bounded() {
        let long = format!("1;{}", "x".repeat(LONGEST_LINE));
        assert!(read(&[long.as_bytes()]).is_err());
        let extended = format!("1;{}\r\na\r\n", "x".repeat(1000));
        assert!(read(&[extended.repeat(16).as_bytes()]).is_ok());
        assert!(read(&[extended.repeat(17).as_bytes()]).is_err());
        let padded = "1   \r\na\r\n".repeat(MOST_EXTENSIONS);
        assert!(read(&[padded.as_bytes()]).is_ok());
        let trailers = format!("0\r\na: {}", "x".repeat(MOST_TRAILERS));
        assert!(read(&[trailers.as_bytes()]).is_err());
        let many = format!("0\r\n{}\r\n", "a:b\r\n".repeat(101));
        assert!(read(&[many.as_bytes()]).is_err());
    }
}
