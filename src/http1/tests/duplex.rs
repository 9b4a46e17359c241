//! Responses that begin before their requests have ended.
//!
//! A task owns the connection in these tests, and an exchange has three parties: the client that
//! reads the body, the task, and the origin. Each test stops one of them and checks that the other
//! two make progress or end.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    sync::mpsc,
    time::timeout,
};

use crate::{
    http1::{
        AfterResponse, Http1Body, Http1Error, connection::IdleState,
        deliver_response::UnfinishedRequest,
    },
    upload::RequestBody,
};

use super::{begin, from_channel, head, pair, post, post_of, read_until, take_connection};

/// An exchange whose response has begun, and whose request has not ended.
async fn early(
    size: usize,
) -> (
    mpsc::UnboundedSender<Frame<Bytes>>,
    Http1Body<DuplexStream>,
    DuplexStream,
) {
    let (sender, body) = from_channel();
    let (content, origin) = early_to(post(body), size).await;
    (sender, content, origin)
}

async fn early_to(
    request: Request<RequestBody>,
    size: usize,
) -> (Http1Body<DuplexStream>, DuplexStream) {
    let (mut connection, mut origin) = pair(size);
    begin(&mut connection, request);
    let answer = async {
        read_until(&mut origin, "\r\n\r\n").await;
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        origin.write_all(head).await.unwrap();
    };
    let (head, ()) = tokio::join!(head(&mut connection), answer);
    assert!(head.is_ok());
    (Http1Body::new(connection), origin)
}

#[tokio::test]
async fn an_upload_goes_on_while_the_response_is_not_read() {
    let (sender, mut content, mut origin) = early(64).await;
    for _ in 0..100 {
        sender
            .send(Frame::data(Bytes::from(vec![b'x'; 100])))
            .unwrap();
    }
    drop(sender);
    let read = read_until(&mut origin, "\r\n0\r\n\r\n").await;
    assert_eq!(read.matches("64\r\n").count(), 100);
    let answer = async {
        origin.write_all(b"2\r\nok\r\n0\r\n\r\n").await.unwrap();
    };
    let (collected, ()) = tokio::join!((&mut content).collect(), answer);
    assert_eq!(collected.unwrap().to_bytes(), "ok");
    let mut connection = take_connection(&mut content);
    assert_eq!(connection.make_idle(), IdleState::Open);
}

#[tokio::test]
async fn both_directions_flow_at_once() {
    let (sender, mut content, mut origin) = early(64).await;
    for round in 0..50 {
        let word = format!("{round:04}");
        sender.send(Frame::data(Bytes::from(word.clone()))).unwrap();
        let chunk = format!("4\r\n{word}\r\n");
        assert_eq!(read_until(&mut origin, &chunk).await, chunk);
        origin.write_all(chunk.as_bytes()).await.unwrap();
        let frame = content.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), word);
    }
}

/// An exchange whose response has ended, and whose request has not.
async fn ended() -> (
    mpsc::UnboundedSender<Frame<Bytes>>,
    UnfinishedRequest<DuplexStream>,
    DuplexStream,
) {
    let (sender, mut content, mut origin) = early(1024).await;
    origin.write_all(b"0\r\n\r\n").await.unwrap();
    let collected = (&mut content).collect().await.unwrap();
    assert!(collected.to_bytes().is_empty());
    match content.take_rest() {
        AfterResponse::Sending(request) => (sender, request, origin),
        _ => panic!("the request has not ended"),
    }
}

#[tokio::test]
async fn an_upload_goes_on_after_the_end_of_the_response_and_the_connection_can_be_reused() {
    let (sender, request, mut origin) = ended().await;
    sender
        .send(Frame::data(Bytes::from_static(b"late")))
        .unwrap();
    drop(sender);
    let read = read_until(&mut origin, "0\r\n\r\n").await;
    assert_eq!(read, "4\r\nlate\r\n0\r\n\r\n");
    let mut connection = request.await.unwrap();
    assert_eq!(connection.make_idle(), IdleState::Open);
}

#[tokio::test]
async fn an_upload_ends_when_the_origin_closes_after_its_response_or_sends_more() {
    for more in [&b""[..], b"HTTP/1.1 "] {
        let (sender, request, mut origin) = ended().await;
        origin.write_all(more).await.unwrap();
        origin.shutdown().await.unwrap();
        let mut connection = request.await.unwrap();
        assert!(!connection.is_sent());
        assert_eq!(connection.make_idle(), IdleState::Closed);
        drop(connection);
        assert!(sender.is_closed());
    }
}

#[tokio::test]
async fn an_upload_that_is_dropped_after_its_response_closes_the_connection() {
    let (sender, request, mut origin) = ended().await;
    drop(request);
    let mut remaining = Vec::new();
    origin.read_to_end(&mut remaining).await.unwrap();
    assert!(remaining.is_empty());
    assert!(sender.is_closed());
}

#[tokio::test]
async fn a_dropped_body_closes_the_connection_during_the_upload() {
    let (sender, content, mut origin) = early(1024).await;
    drop(content);
    let mut remaining = Vec::new();
    origin.read_to_end(&mut remaining).await.unwrap();
    assert!(sender.is_closed());
}

#[tokio::test]
async fn a_body_that_is_not_read_stops_the_origin() {
    let (sender, content, mut origin) = early(1024).await;
    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
    let mut taken = 0;
    let mut write = Box::pin(async {
        loop {
            origin.write_all(chunk.as_bytes()).await.unwrap();
            taken += chunk.len();
        }
    });
    for _ in 0..1000 {
        assert!(futures_util::poll!(write.as_mut()).is_pending());
        tokio::task::yield_now().await;
    }
    drop(write);
    assert!(taken < 64 * 1024, "{taken}");
    drop((sender, content));
}

#[tokio::test(start_paused = true)]
async fn a_failed_request_is_reported_to_a_body_that_was_not_read_in_time() {
    let (sender, body) = from_channel();
    let (mut content, mut origin) = early_to(post_of("2", body), 1024).await;
    origin.write_all(&b"1\r\na\r\n".repeat(9)).await.unwrap();
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    sender
        .send(Frame::data(Bytes::from_static(b"abc")))
        .unwrap();
    let mut remaining = Vec::new();
    origin.read_to_end(&mut remaining).await.unwrap();
    assert!(remaining.is_empty());
    let read_error = async {
        loop {
            if let Err(error) = content.frame().await.unwrap() {
                return error;
            }
        }
    };
    let error = timeout(Duration::from_secs(1), read_error).await;
    assert!(matches!(error, Ok(Http1Error::RequestBodyLength)));
    assert!(content.frame().await.is_none());
}
