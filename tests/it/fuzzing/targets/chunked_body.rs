//! Any bytes as chunked content: what the client receives is what the grammar of RFC 9112 section
//! 7.1 says, or is cut short.

use http::Method;

use super::{
    input::Input,
    response::{Received, received},
};

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

/// The input is the length of the pieces, and the content.
///
/// Returns the response, if its content is complete.
pub fn run(bytes: &[u8]) -> Option<Received> {
    let mut input = Input(bytes);
    let piece = usize::from(input.byte()) + 1;
    let answer = [HEAD, input.0].concat();
    let received = received(&Method::GET, &answer, piece).expect("the head is well-formed");
    let (expected, is_complete) = decode(input.0);
    assert!(
        expected.starts_with(&received.content),
        "content that was not sent"
    );
    if !received.is_complete {
        return None;
    }
    assert!(is_complete, "complete, and should not be");
    assert_eq!(received.content, expected);
    Some(received)
}

/// The data of the chunks, and whether the last one and a section of trailers follow.
fn decode(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut data = Vec::new();
    loop {
        let Some((line, rest)) = split_line(bytes) else {
            return (data, false);
        };
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit());
        let size = std::str::from_utf8(&line[..digits.count()]).unwrap_or_default();
        let Ok(size) = u64::from_str_radix(size, 16) else {
            return (data, false);
        };
        if size == 0 {
            return (data, has_trailers(rest));
        }
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        data.extend_from_slice(&rest[..size.min(rest.len())]);
        let Some(after) = rest.get(size..).and_then(|rest| rest.strip_prefix(b"\r\n")) else {
            return (data, false);
        };
        bytes = after;
    }
}

/// Whether the lines up to an empty one have a name each.
fn has_trailers(mut bytes: &[u8]) -> bool {
    while let Some((line, rest)) = split_line(bytes) {
        if line.is_empty() {
            return true;
        }
        if line.starts_with(b":") || !line.contains(&b':') {
            return false;
        }
        bytes = rest;
    }
    false
}

fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    Some((&bytes[..end], &bytes[end + 2..]))
}
