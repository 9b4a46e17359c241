//! Complete and truncated responses, and whether the connection is reused.
//!
//! Truncation is tested at every byte of a response: the result is a complete response or an error,
//! and never a shorter one.

use std::{collections::HashSet, sync::Arc, task::Poll};

use bytes::Bytes;
use futures_util::poll;
use http::HeaderMap;
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncWriteExt, duplex};

use crate::http1::{
    AddedFields, Http1Body, Http1Error, SharedState,
    connection::{Connection, IdleState},
    head_builder::ResponseHead,
};

use super::{MAX_HEAD, begin, get, head, pair, post_of, read_until, take_connection};

/// Reads the response to a GET, which the origin sends in pieces before it closes.
async fn answer(
    pieces: &[&[u8]],
) -> Result<(ResponseHead, Bytes, Option<HeaderMap>, IdleState), Http1Error> {
    let (mut connection, mut origin) = pair(64 * 1024);
    begin(&mut connection, get());
    let respond = async {
        for piece in pieces {
            origin.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        origin.shutdown().await.unwrap();
    };
    let read = async {
        let head = head(&mut connection).await?;
        let mut content = Http1Body::new(connection);
        let collected = (&mut content).collect().await?;
        let trailers = collected.trailers().cloned();
        let mut connection = take_connection(&mut content);
        Ok((head, collected.to_bytes(), trailers, connection.make_idle()))
    };
    let (outcome, ()) = tokio::join!(read, respond);
    outcome
}

#[tokio::test]
async fn a_response_is_read_whatever_its_pieces_are() {
    let responses: [(&[u8], &[u8]); 5] = [
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
            b"hello",
        ),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.0 200 OK\r\n\r\n", b""),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n\
              HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
            b"hi",
        ),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
              3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nt: u\r\n\r\n",
            b"abcde",
        ),
    ];
    for (response, expected) in responses {
        for cut in 0..response.len() {
            let (head, content, trailers, _) =
                answer(&[&response[..cut], &response[cut..]]).await.unwrap();
            assert_eq!((head.status.as_u16(), &content[..]), (200, expected));
            let chunked = head.headers.contains_key("transfer-encoding");
            assert_eq!(trailers.is_some(), chunked);
        }
    }
}

#[tokio::test]
async fn a_truncated_response_is_an_error_at_any_byte() {
    let responses: [&[u8]; 2] = [
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nt: u\r\n\r\n",
    ];
    for response in responses {
        for end in 0..response.len() {
            let error = answer(&[&response[..end]]).await.unwrap_err();
            match end {
                0 => assert!(matches!(error, Http1Error::NoResponse)),
                _ => assert!(matches!(error, Http1Error::Incomplete), "{error}"),
            }
        }
    }
}

#[tokio::test]
async fn bytes_after_a_response_end_the_connection() {
    for response in [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 204 No Http1Body\r\n\r\nx",
        "HTTP/1.1 304 Not Modified\r\ncontent-length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n\r\n",
    ] {
        let (_, _, _, look) = answer(&[response.as_bytes()]).await.unwrap();
        assert_eq!(look, IdleState::Broken, "{response}");
    }
}

#[tokio::test]
async fn interim_responses_are_bounded() {
    // Each head has 27 bytes, and the limit for all of them is 2000.
    let interim = b"HTTP/1.1 102 Processing\r\n\r\n";
    let last = b"HTTP/1.1 204 No Http1Body\r\n\r\n";
    assert!(answer(&[&interim.repeat(70), last]).await.is_ok());
    let error = answer(&[&interim.repeat(75)]).await.unwrap_err();
    assert!(matches!(error, Http1Error::HeadTooLarge));
    let large = format!(
        "HTTP/1.1 103 Early Hints\r\nlink: {}\r\n\r\n",
        "x".repeat(600)
    );
    let error = answer(&[large.repeat(4).as_bytes()]).await.unwrap_err();
    assert!(matches!(error, Http1Error::HeadTooLarge));
    let error = answer(&[b"HTTP/1.1 101 Switching Protocols\r\nupgrade: a\r\n\r\n"]).await;
    assert!(matches!(error.unwrap_err(), Http1Error::UnexpectedUpgrade));
}

#[tokio::test]
async fn one_connection_serves_exchanges_in_sequence_and_is_idle_without_buffers() {
    let (mut connection, mut origin) = pair(1024);
    for _ in 0..3 {
        begin(&mut connection, post_of("3", Full::from("abc")));
        let answer = async {
            let read = read_until(&mut origin, "abc").await;
            assert_eq!(read, "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc");
            origin
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await
                .unwrap();
        };
        let (head, ()) = tokio::join!(head(&mut connection), answer);
        assert!(head.is_ok());
        // Content that is small and complete waits in a buffer of its size.
        assert_eq!(connection.buffered(), "ok".len());
        let mut content = Http1Body::new(connection);
        assert_eq!((&mut content).collect().await.unwrap().to_bytes(), "ok");
        connection = take_connection(&mut content);
        assert_eq!(connection.make_idle(), IdleState::Open);
        assert_eq!(connection.buffered(), 0);
    }
}

#[tokio::test]
async fn content_arrives_whether_or_not_all_of_it_comes_with_the_head() {
    let (mut connection, mut origin) = pair(8 * 1024);
    for length in [0, 1, 1023, 1024, 1025, 2048] {
        for with_head in [0, 1, length / 2, length] {
            begin(&mut connection, get());
            let expected = vec![b'x'; length];
            let (first, rest) = expected.split_at(with_head.min(length));
            let head_text = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            let begun = [head_text.as_bytes(), first].concat();
            origin.write_all(&begun).await.unwrap();
            assert!(head(&mut connection).await.is_ok());
            origin.write_all(rest).await.unwrap();
            let mut content = Http1Body::new(connection);
            assert_eq!((&mut content).collect().await.unwrap().to_bytes(), expected);
            connection = take_connection(&mut content);
            assert_eq!(connection.make_idle(), IdleState::Open);
        }
    }
}

#[tokio::test]
async fn content_that_is_always_ready_is_read_in_turns_and_its_buffers_are_reused() {
    const LENGTH: usize = 4 * 1024 * 1024;
    let (mut connection, mut origin) = pair(LENGTH + 1024);
    begin(&mut connection, get());
    let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n");
    origin.write_all(response.as_bytes()).await.unwrap();
    origin.write_all(&vec![b'x'; LENGTH]).await.unwrap();
    assert!(head(&mut connection).await.is_ok());
    let mut content = Http1Body::new(connection);
    let (mut read, mut unwritten, mut places) = (0, Vec::new(), HashSet::new());
    while read < LENGTH {
        match poll!(content.frame()) {
            Poll::Ready(frame) => {
                let data = frame.unwrap().unwrap().into_data().unwrap();
                read += data.len();
                places.insert(data.as_ptr());
                unwritten.push(data);
            }
            // The content is ready: the connection yields to the writer.
            Poll::Pending => unwritten.clear(),
        }
        assert!(unwritten.iter().map(Bytes::len).sum::<usize>() < 320 * 1024);
    }
    assert!(places.len() < 8, "{}", places.len());
}

#[tokio::test]
async fn an_idle_connection_that_ends_or_receives_bytes_takes_no_request() {
    for (last_words, expected) in [
        (&b""[..], IdleState::Closed),
        (b"HTTP/1.1 408 x\r\n\r\n", IdleState::Broken),
    ] {
        let shared = Arc::new(SharedState::default());
        let (ours, mut origin) = duplex(1024);
        let mut connection = Box::new(Connection::new(ours, MAX_HEAD, shared.clone()));
        assert_eq!(connection.make_idle(), IdleState::Open);
        assert!(!connection.is_readable());
        origin.write_all(last_words).await.unwrap();
        drop(origin);
        shared.readable.notified().await;
        assert!(connection.is_readable());
        let mut request = post_of("3", Full::from("abc"));
        let error = connection
            .begin(&mut request, &AddedFields::default(), None)
            .err()
            .unwrap();
        assert!(matches!(error, Http1Error::ClosedBeforeWrite));
        // The request keeps its body.
        let body = request.into_body();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abc");
        assert_eq!(connection.check_idle(), expected);
    }
}

#[tokio::test]
async fn empty_lines_before_heads_do_not_extend_the_limit() {
    let largest = |status: &str| {
        let fill = MAX_HEAD - format!("HTTP/1.1 {status}\r\na: \r\n\r\n").len();
        format!("\r\nHTTP/1.1 {status}\r\na: {}\r\n\r\n", "x".repeat(fill))
    };
    assert!(
        answer(&[largest("204 No Http1Body").as_bytes()])
            .await
            .is_ok()
    );
    let two = [largest("103 Early Hints"), largest("204 No Http1Body")];
    let outcome = answer(&[two.concat().as_bytes()]).await;
    assert!(matches!(outcome, Err(Http1Error::HeadTooLarge)));
}
