//! Requests on the wire.
//!
//! Each test compares the bytes that the origin receives with a literal text, and checks what
//! happens to the connection if the body fails or is not wanted.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Request};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    error::{Error, ErrorKind, Facts, RequestProblem, Stage},
    http1::{Http1Body, Http1Error, connection::IdleState},
    upload::{RequestBody, UploadProgress},
};

use super::{begin, from_channel, get, head, pair, post, post_of, read_until, take_connection};

#[tokio::test]
async fn a_request_of_unknown_length_is_chunked_with_its_trailers() {
    let (mut connection, mut origin) = pair(1024);
    let (sender, body) = from_channel();
    begin(&mut connection, post(body));
    let mut head = std::pin::pin!(head(&mut connection));
    let mut trailers = HeaderMap::new();
    trailers.insert("t", HeaderValue::from_static("u"));
    for frame in [
        Frame::data(Bytes::from_static(b"hello")),
        Frame::data(Bytes::new()),
        Frame::data(Bytes::from(vec![b'x'; 0x1800])),
        Frame::trailers(trailers),
    ] {
        sender.send(frame).unwrap();
    }
    let read = async {
        let head = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        let body = format!(
            "5\r\nhello\r\n1800\r\n{}\r\n0\r\nt: u\r\n\r\n",
            "x".repeat(0x1800)
        );
        assert_eq!(
            read_until(&mut origin, "t: u\r\n\r\n").await,
            format!("{head}{body}")
        );
        origin
            .write_all(b"HTTP/1.1 204 No Http1Body\r\n\r\n")
            .await
            .unwrap();
    };
    let (head, ()) = tokio::join!(head.as_mut(), read);
    assert_eq!(head.unwrap().status.as_u16(), 204);
}

#[tokio::test]
async fn a_body_of_another_length_than_announced_is_an_error() {
    for (frames, announced) in [
        (vec!["abc"], "4"),
        (vec!["abc", "de"], "4"),
        (vec!["abc"], "2"),
        (vec![], "1"),
    ] {
        let (mut connection, origin) = pair(1024);
        let (sender, body) = from_channel();
        let request = post_of(announced, body);
        for frame in frames {
            sender.send(Frame::data(Bytes::from(frame))).unwrap();
        }
        drop(sender);
        begin(&mut connection, request);
        assert!(matches!(
            head(&mut connection).await,
            Err(Http1Error::RequestBodyLength)
        ));
        drop((connection, origin));
    }
}

#[tokio::test]
async fn a_failed_body_is_not_polled_again_and_its_chunks_do_not_end() {
    struct Failing(usize);
    impl Body for Failing {
        type Data = Bytes;
        type Error = Error;
        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            self.0 += 1;
            Poll::Ready(match self.0 {
                1 => Some(Ok(Frame::data(Bytes::from_static(b"hello")))),
                2 => Some(Err(Error::new(
                    ErrorKind::Request(RequestProblem::BodyFailed),
                    Stage::Send,
                    Facts::default(),
                ))),
                _ => None,
            })
        }
    }
    let (mut connection, mut origin) = pair(1024);
    begin(
        &mut connection,
        Request::post("/")
            .body(RequestBody::new(Failing(0), UploadProgress::tracked()))
            .unwrap(),
    );
    assert!(matches!(
        head(&mut connection).await,
        Err(Http1Error::RequestBody(_))
    ));
    assert!(
        poll_fn(|cx| Poll::Ready(connection.poll_request(cx)))
            .await
            .is_ok()
    );
    drop(connection);
    let mut read = String::new();
    origin.read_to_string(&mut read).await.unwrap();
    assert!(!read.contains("0\r\n\r\n"), "{read}");
}

#[tokio::test]
async fn content_is_not_sent_after_a_final_response_instead_of_100() {
    let (mut connection, mut origin) = pair(1024);
    let mut request = post_of("3", Full::from("abc"));
    request
        .headers_mut()
        .insert("expect", HeaderValue::from_static("100-continue"));
    begin(&mut connection, request);
    let answer = async {
        read_until(&mut origin, "\r\n\r\n").await;
        let head = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\n";
        origin.write_all(head).await.unwrap();
        origin.write_all(b"no").await.unwrap();
    };
    let (head, ()) = tokio::join!(head(&mut connection), answer);
    assert_eq!(head.unwrap().status.as_u16(), 403);
    let mut content = Http1Body::new(connection);
    assert_eq!((&mut content).collect().await.unwrap().to_bytes(), "no");
    let mut connection = take_connection(&mut content);
    assert_eq!(connection.make_idle(), IdleState::Closed);
    drop(connection);
    let mut remaining = Vec::new();
    origin.read_to_end(&mut remaining).await.unwrap();
    assert!(remaining.is_empty());
}

#[tokio::test]
async fn content_waits_for_100_continue() {
    let (mut connection, mut origin) = pair(1024);
    let mut request = post_of("3", Full::from("abc"));
    request
        .headers_mut()
        .insert("expect", HeaderValue::from_static("100-continue"));
    begin(&mut connection, request);
    let answer = async {
        let read = read_until(&mut origin, "\r\n\r\n").await;
        assert!(read.contains("expect: 100-continue"));
        assert!(origin.read_u8().now_or_never().is_none());
        origin
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
            .await
            .unwrap();
        assert_eq!(read_until(&mut origin, "abc").await, "abc");
        origin
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap();
    };
    let (head, ()) = tokio::join!(head(&mut connection), answer);
    assert_eq!(head.unwrap().status.as_u16(), 200);
    assert_eq!(connection.make_idle(), IdleState::Open);
}

#[tokio::test]
async fn a_request_in_early_data_is_not_sent_again_and_leaves_an_idle_connection() {
    let (connection, mut origin) = pair(1024);
    let mut connection = Box::new(connection.request_already_sent());
    assert_eq!(
        connection.check_idle(),
        IdleState::Broken,
        "it is of no use to another"
    );
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    origin.write_all(answer).await.unwrap();
    begin(&mut connection, get());
    assert_eq!(head(&mut connection).await.unwrap().status.as_u16(), 200);
    assert!(connection.is_sent());
    assert_eq!(connection.make_idle(), IdleState::Open);
    begin(&mut connection, get());
    assert!(head(&mut connection).now_or_never().is_none());
    assert_eq!(
        read_until(&mut origin, "\r\n\r\n").await,
        "GET / HTTP/1.1\r\n\r\n"
    );
}
