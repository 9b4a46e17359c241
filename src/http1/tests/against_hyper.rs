//! Corrupted responses, read by this connection and by hyper's: both must agree.
//!
//! A corrupted response may be accepted or refused. Where this client accepts, hyper must have read
//! the same status, fields, content and trailers. Where it refuses what hyper accepts, `has_reason`
//! must name the rule that is stricter here.

use std::{collections::BTreeSet, pin::pin, sync::Arc, task::Poll};

use bytes::Bytes;
use fastrand::Rng;
use futures_util::future::{Either, select};
use http::{
    HeaderMap, Method, Request, StatusCode, Version,
    header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use http_body_util::{BodyExt, Empty};
use hyper::{client::conn::http1, ext::ReasonPhrase};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncWriteExt, DuplexStream, duplex};
use tokio_test::task::{Spawn, spawn};

use crate::http1::{
    Http1Body, Http1Error,
    connection::{Connection, IdleState},
};

use super::{begin, get, head, take_connection};

const ROUNDS: usize = 3000;

const MAX_HEAD: usize = 64 * 1024;

const RESPONSES: [&[u8]; 12] = [
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\nServer: a\r\n\r\nhello",
    b"HTTP/1.1 200 Fine\r\n\r\nhello",
    b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\nconnection: keep-alive\r\n\r\nhello",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: t\r\n\r\n00a ; x=\"y\"\r\n\
      0123456789\r\n0\r\nt: u\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n\
      3\r\nabc\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n\
      HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
    b"HTTP/1.1 204 No Http1Body\r\nx: \xff\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\netag: \"a\"\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nhi",
    b"\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
];

/// What is inserted into responses to corrupt them.
const SPOILERS: [&[u8]; 36] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\n\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b"\x0b",
    b"\x80",
    b"\xff",
    b":",
    b",",
    b";",
    b"\"",
    b"0",
    b"1",
    b"f",
    b"+",
    b"-",
    b"0x",
    b"fffffffffffffff",
    b"18446744073709551616",
    b"chunked",
    b"identity, ",
    b"transfer-encoding: chunked\r\n",
    b"Transfer-Encoding: gzip\r\n",
    b"content-length: 5\r\n",
    b"content-length: 2\r\n",
    b"connection: close\r\n",
    b"a: b\r\n c\r\n",
    b"a : b\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.0",
    b"HTTP/2.0",
];

/// A response as one of the clients read it.
#[derive(Debug, PartialEq)]
struct Reading {
    version: Version,
    status: StatusCode,
    reason: Option<ReasonPhrase>,
    headers: HeaderMap,
    content: Bytes,
    trailers: Option<HeaderMap>,
}

/// The response, and whether the connection can be reused.
type Read = (Reading, bool);

async fn ours(method: &Method, stream: DuplexStream) -> Result<Read, Http1Error> {
    let mut connection = Box::new(Connection::new(stream, MAX_HEAD, Arc::default()));
    let mut request = get();
    *request.method_mut() = method.clone();
    begin(&mut connection, request);
    let head = head(&mut connection).await?;
    let mut content = Http1Body::new(connection);
    let collected = (&mut content).collect().await?;
    let is_reusable = take_connection(&mut content).make_idle() == IdleState::Open;
    let reading = Reading {
        version: head.version,
        status: head.status,
        reason: head.reason,
        headers: head.headers,
        trailers: collected.trailers().cloned(),
        content: collected.to_bytes(),
    };
    Ok((reading, is_reusable))
}

async fn hypers(method: &Method, stream: DuplexStream) -> hyper::Result<Read> {
    let (mut sender, connection) = http1::Builder::new()
        .allow_spaces_after_header_name_in_responses(true)
        .allow_obsolete_multiline_headers_in_responses(true)
        .handshake(TokioIo::new(stream))
        .await?;
    let request = Request::builder().method(method).uri("/");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let exchange = pin!(async move {
        let (mut head, body) = sender.send_request(request).await?.into_parts();
        let collected = body.collect().await?;
        let is_reusable = sender.ready().await.is_ok();
        let reading = Reading {
            version: head.version,
            status: head.status,
            reason: head.extensions.remove(),
            headers: head.headers,
            trailers: collected.trailers().cloned(),
            content: collected.to_bytes(),
        };
        Ok((reading, is_reusable))
    });
    match select(exchange, Box::pin(connection)).await {
        Either::Left((read, _)) => read,
        Either::Right((_, exchange)) => exchange.await,
    }
}

/// Reads a response that arrives in pieces, followed by the end of the stream. Each piece arrives
/// once the client has processed the previous one.
///
/// A piece that is sent only after the previous one was processed makes every split of the bytes an
/// own case: parsers see exactly these boundaries.
fn read_pieces<F: Future>(pieces: &[&[u8]], read: impl FnOnce(DuplexStream) -> F) -> F::Output {
    let (stream, mut origin) = duplex(64 * 1024);
    let mut read = spawn(read(stream));
    for piece in pieces {
        if let Poll::Ready(outcome) = settle(&mut read) {
            return outcome;
        }
        let written = settle(&mut spawn(origin.write_all(piece)));
        assert!(matches!(written, Poll::Ready(Ok(()))));
    }
    let outcome = settle(&mut read);
    drop(origin);
    match outcome {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => match settle(&mut read) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => panic!("it waits for an origin that is gone"),
        },
    }
}

/// Polls until the future waits for its peer.
fn settle<F: Future>(future: &mut Spawn<F>) -> Poll<F::Output> {
    loop {
        let outcome = future.poll();
        if outcome.is_ready() || !future.is_woken() {
            return outcome;
        }
    }
}

/// A response that is corrupted in up to three places.
fn corrupted(rng: &mut Rng) -> Vec<u8> {
    let mut bytes = rng.choice(RESPONSES).unwrap().to_vec();
    for _ in 0..rng.usize(0..=3) {
        let at = rng.usize(0..=bytes.len());
        let spoiler = rng.choice(SPOILERS).unwrap();
        let until = match rng.bool() {
            true => at,
            false => (at + rng.usize(0..=spoiler.len())).min(bytes.len()),
        };
        match rng.u8(0..8) {
            0 => drop(bytes.drain(at..until)),
            1 => bytes.truncate(at.max(1)),
            _ => drop(bytes.splice(at..until, spoiler.iter().copied())),
        }
    }
    bytes
}

/// Cuts the bytes into pieces.
fn cut<'a>(rng: &mut Rng, mut bytes: &'a [u8]) -> Vec<&'a [u8]> {
    let most = rng.usize(1..=bytes.len().max(1));
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let (piece, remaining) = bytes.split_at(rng.usize(1..=most).min(bytes.len()));
        pieces.push(piece);
        bytes = remaining;
    }
    pieces
}

/// Whether there is a known reason to refuse a response that hyper accepts.
fn has_reason(error: &Http1Error, bytes: &[u8], theirs: &Reading) -> bool {
    match error {
        // RFC 9112 section 2.2 permits to accept a bare LF in a head, and not in a chunk.
        Http1Error::LineEnd => has_bare_line_feed(bytes),
        // Too many empty lines before the head.
        Http1Error::NotHttp(_) => has_bare_line_feed(bytes) || bytes.starts_with(b"\r\n\r\n\r\n"),
        Http1Error::ResponseFraming => is_framing_ambiguous(theirs),
        // Control characters in a chunk extension.
        Http1Error::Chunk => bytes.contains(&0) || bytes.contains(&0x0b),
        Http1Error::UnexpectedUpgrade => theirs.status.as_u16() == 101,
        _ => false,
    }
}

fn has_bare_line_feed(bytes: &[u8]) -> bool {
    let mut before = [b' '].iter().chain(bytes).zip(bytes);
    before.any(|pair| *pair.1 == b'\n' && *pair.0 != b'\r')
}

/// Whether a response has a coding other than `chunked`, a coding and a length, or a coding in
/// HTTP/1.0.
fn is_framing_ambiguous(reading: &Reading) -> bool {
    let mut codings = reading.headers.get_all(TRANSFER_ENCODING).iter();
    let first = codings.next();
    let is_sound = first.is_some_and(|coding| coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
        && codings.next().is_none()
        && !reading.headers.contains_key(CONTENT_LENGTH)
        && reading.version == Version::HTTP_11;
    first.is_some() && !is_sound
}

/// Removes the lengths: hyper keeps them as they were sent, and this client merges them.
fn take_length(reading: &mut Reading) -> BTreeSet<Option<u64>> {
    let lines = reading.headers.get_all(CONTENT_LENGTH).iter();
    let lengths = lines.flat_map(|line| line.as_bytes().split(|byte| *byte == b','));
    let number = |length: &[u8]| str::from_utf8(length).ok()?.trim().parse().ok();
    let lengths = lengths.map(number).collect();
    reading.headers.remove(CONTENT_LENGTH);
    lengths
}

/// Removes `Connection` lines of one plain option from a success: hyper keeps them, and this client
/// does not.
fn remove_plain_options(reading: &mut Reading) {
    if !reading.status.is_success() {
        return;
    }
    let lines: Vec<_> = reading
        .headers
        .get_all(CONNECTION)
        .iter()
        .cloned()
        .collect();
    reading.headers.remove(CONNECTION);
    let plain: [&[u8]; 2] = [b"close", b"keep-alive"];
    for line in lines {
        if !plain
            .iter()
            .any(|option| line.as_bytes().eq_ignore_ascii_case(option))
        {
            reading.headers.append(CONNECTION, line);
        }
    }
}

#[test]
fn an_accepted_response_reads_as_in_hyper_and_a_refused_one_has_a_known_reason() {
    let mut rng = Rng::with_seed(9112);
    for _ in 0..ROUNDS {
        let bytes = corrupted(&mut rng);
        let method = match rng.u8(0..8) {
            0 => Method::HEAD,
            _ => Method::GET,
        };
        let whole = read_pieces(&[&bytes], |stream| ours(&method, stream));
        let theirs = read_pieces(&[&bytes], |stream| hypers(&method, stream));
        let shown = bytes.escape_ascii();
        match (whole, theirs) {
            (Ok((mut reading, is_reusable)), Ok((mut theirs, theirs_is_reusable))) => {
                let lengths = (take_length(&mut reading), take_length(&mut theirs));
                assert_eq!(lengths.0, lengths.1, "{method} {shown}");
                remove_plain_options(&mut theirs);
                // httparse, and therefore hyper, returns an empty reason phrase if it is not
                // ASCII.
                let reason = reading.reason.as_mut();
                if let Some(reason) = reason.filter(|reason| !reason.as_bytes().is_ascii()) {
                    *reason = ReasonPhrase::from_static(b"");
                }
                assert_eq!(reading, theirs, "{method} {shown}");
                assert!(theirs_is_reusable || !is_reusable, "{method} {shown}");
            }
            (Ok(_), Err(error)) => panic!("hyper refuses {method} {shown}: {error:?}"),
            (Err(error), Ok((theirs, _))) => {
                let is_explained = has_reason(&error, &bytes, &theirs);
                assert!(is_explained, "{method} {shown}: {error:?}");
            }
            (Err(_), Err(_)) => {}
        }
    }
}

#[test]
fn a_response_reads_the_same_whatever_its_pieces_are() {
    let mut rng = Rng::with_seed(9110);
    for _ in 0..ROUNDS {
        let bytes = corrupted(&mut rng);
        let whole = read_pieces(&[&bytes], |stream| ours(&Method::GET, stream));
        let pieces = read_pieces(&cut(&mut rng, &bytes), |stream| ours(&Method::GET, stream));
        let shown = bytes.escape_ascii();
        match (whole, pieces) {
            (Ok((whole, is_reusable)), Ok((pieces, pieces_are_reusable))) => {
                assert_eq!(whole, pieces, "{shown}");
                // Bytes after a response may arrive after it was read.
                assert!(pieces_are_reusable || !is_reusable, "{shown}");
            }
            (Err(_), Err(_)) => {}
            (whole, pieces) => panic!("{shown}: {whole:?}, in pieces {pieces:?}"),
        }
    }
}
