//! A connection against h2's server, which is scripted by each test.
//!
//! Most tests use h2's server as the peer. Where it is too correct, the peer is a duplex stream and
//! the frames are written as bytes.

use std::{convert::Infallible, future::poll_fn, time::Duration};

use bytes::Bytes;
use h2::{Reason, server};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header::CONTENT_LENGTH};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::mpsc,
};

use crate::upload::{RequestBody, UploadProgress};

use super::{ConnectionTask, Http2Body, Http2Error, Http2Parameters, RequestSender, handshake};

const SETTINGS: Http2Parameters = Http2Parameters {
    initial_streams: 1,
    stream_window: 64 * 1024,
    connection_window: 1024 * 1024,
    max_head: 2000,
    ping_interval: Duration::from_secs(15),
    ping_timeout: Duration::from_secs(10),
};

type Server = server::Connection<DuplexStream, Bytes>;

/// A connection whose task is spawned, and its peer.
pub(super) async fn connect() -> (RequestSender, Server) {
    let (ours, theirs) = duplex(64 * 1024);
    let (client, server) = tokio::join!(handshake(ours, SETTINGS), server::handshake(theirs));
    let (sender, connection) = client.unwrap();
    spawn(connection);
    (sender, server.unwrap())
}

fn spawn(connection: ConnectionTask<DuplexStream>) {
    tokio::spawn(connection);
}

fn get() -> Request<RequestBody> {
    let request = Request::get("https://origin.test/");
    request.body(RequestBody::default()).unwrap()
}

/// A POST and the frames of its body.
pub(super) fn post() -> (Request<RequestBody>, mpsc::UnboundedSender<Frame<Bytes>>) {
    let (sender, mut frames) = mpsc::unbounded_channel();
    let frames = futures_util::stream::poll_fn(move |cx| {
        let frame = frames.poll_recv(cx);
        frame.map(|frame| frame.map(Ok::<_, Infallible>))
    });
    let body = StreamBody::new(frames).map_err(|never| match never {});
    let body = RequestBody::new(body, UploadProgress::tracked());
    let request = Request::post("https://origin.test/").body(body).unwrap();
    (request, sender)
}

pub(super) async fn exchange(
    sender: &RequestSender,
    request: &mut Request<RequestBody>,
) -> Result<Response<Http2Body>, Http2Error> {
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = request.uri().clone();
    *head.headers_mut() = request.headers().clone();
    let mut exchange = sender.ready().await?.begin(head, request.body_mut())?;
    poll_fn(|cx| exchange.poll_response(cx)).await
}

async fn send(
    sender: &RequestSender,
    mut request: Request<RequestBody>,
) -> Result<Response<Bytes>, Http2Error> {
    let response = exchange(sender, &mut request).await?;
    let (head, body) = response.into_parts();
    let body = body.collect().await?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

#[tokio::test]
async fn a_response_before_goaway_and_close_arrives() {
    for _ in 0..100 {
        let (sender, mut server) = connect().await;
        let peer = tokio::spawn(async move {
            let (_, mut respond) = server.accept().await.unwrap().unwrap();
            let mut stream = respond.send_response(Response::new(()), false).unwrap();
            stream
                .send_data(Bytes::from_static(b"whole"), true)
                .unwrap();
            server.graceful_shutdown();
            while let Some(Ok(_)) = server.accept().await {}
        });
        let response = send(&sender, get()).await.unwrap();
        assert_eq!(response.body(), "whole");
        peer.await.unwrap();
        assert!(send(&sender, get()).await.unwrap_err().is_unprocessed());
        assert!(sender.is_closed());
    }
}

/// A peer in bytes, for what h2's server does not do.
async fn connect_raw() -> (RequestSender, DuplexStream) {
    let (ours, mut theirs) = duplex(64 * 1024);
    let (sender, connection) = handshake(ours, SETTINGS).await.unwrap();
    spawn(connection);
    // SETTINGS with 100 streams, so that several can be open.
    let settings = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100];
    theirs.write_all(&settings).await.unwrap();
    (sender, theirs)
}

/// Reads until the HEADERS frames of as many streams have arrived.
async fn read_requests(peer: &mut DuplexStream, count: usize) {
    let mut bytes = vec![0; 24];
    peer.read_exact(&mut bytes).await.unwrap();
    let mut found = 0;
    while found < count {
        let mut head = [0; 9];
        peer.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        peer.read_exact(&mut payload).await.unwrap();
        found += usize::from(head[3] == 1);
    }
}

#[tokio::test]
async fn requests_above_the_last_stream_of_a_goaway_are_unprocessed() {
    let (sender, mut peer) = connect_raw().await;
    let requests = (0..3).map(|_| {
        let sender = sender.clone();
        tokio::spawn(async move { send(&sender, get()).await })
    });
    let requests: Vec<_> = requests.collect();
    read_requests(&mut peer, 3).await;
    // GOAWAY: the last stream is 1; then `:status: 204` with END_STREAM on it.
    let goaway = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    let response = [0, 0, 1, 1, 5, 0, 0, 0, 1, 0x89];
    peer.write_all(&goaway).await.unwrap();
    peer.write_all(&response).await.unwrap();
    let mut answered = 0;
    for request in requests {
        match request.await.unwrap() {
            Ok(response) => {
                assert_eq!(response.status(), StatusCode::NO_CONTENT);
                answered += 1;
            }
            Err(error) => assert!(error.is_unprocessed(), "{error:?}"),
        }
    }
    assert_eq!(answered, 1);
    assert!(sender.is_closed());
}

#[tokio::test]
async fn a_request_without_an_answer_at_the_end_may_have_been_processed() {
    let (sender, mut peer) = connect_raw().await;
    let request = tokio::spawn(async move { send(&sender, get()).await });
    read_requests(&mut peer, 1).await;
    drop(peer);
    let error = request.await.unwrap().unwrap_err();
    assert!(!error.is_unprocessed(), "{error:?}");
    assert!(error.ends_connection());
}

#[tokio::test]
async fn a_refused_stream_is_unprocessed_and_another_reset_is_not() {
    for (reason, unprocessed) in [
        (Reason::REFUSED_STREAM, true),
        (Reason::INTERNAL_ERROR, false),
    ] {
        let (sender, mut server) = connect().await;
        tokio::spawn(async move {
            let (_, mut respond) = server.accept().await.unwrap().unwrap();
            respond.send_reset(reason);
            while let Some(Ok(_)) = server.accept().await {}
        });
        let error = send(&sender, get()).await.unwrap_err();
        assert_eq!(error.is_unprocessed(), unprocessed, "{error:?}");
    }
}

#[tokio::test]
async fn a_flood_of_interim_responses_is_an_error() {
    let (sender, mut server) = connect().await;
    tokio::spawn(async move {
        let (_, mut respond) = server.accept().await.unwrap().unwrap();
        loop {
            let interim = Response::builder().status(103).header("link", "</style>");
            if respond
                .send_informational(interim.body(()).unwrap())
                .is_err()
            {
                break;
            }
            tokio::select! {
                _ = server.accept() => {}
                () = tokio::task::yield_now() => {}
            }
        }
    });
    let error = send(&sender, get()).await.unwrap_err();
    assert!(matches!(error, Http2Error::InterimTooLarge), "{error:?}");
}

#[tokio::test]
async fn a_content_length_that_is_no_length_is_an_error() {
    for lengths in [&[""][..], &["+1"], &["1 "], &["1", "2"], &["x"]] {
        let (sender, mut server) = connect().await;
        let fields: Vec<_> = lengths
            .iter()
            .copied()
            .map(HeaderValue::from_static)
            .collect();
        tokio::spawn(async move {
            let (_, mut respond) = server.accept().await.unwrap().unwrap();
            let mut response = Response::new(());
            for field in fields {
                response.headers_mut().append(CONTENT_LENGTH, field);
            }
            let _ = respond.send_response(response, false);
            while let Some(Ok(_)) = server.accept().await {}
        });
        let error = send(&sender, get()).await.unwrap_err();
        assert!(
            matches!(error, Http2Error::ContentLength | Http2Error::H2(_)),
            "{lengths:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_reset_in_the_middle_of_the_content_is_no_end() {
    for (length, reason) in [
        (Some(10), Reason::CANCEL),
        (Some(10), Reason::NO_ERROR),
        (None, Reason::CANCEL),
        (None, Reason::NO_ERROR),
    ] {
        let (sender, mut server) = connect().await;
        tokio::spawn(async move {
            let (_, mut respond) = server.accept().await.unwrap().unwrap();
            let mut response = Response::new(());
            if let Some(length) = length {
                let length = HeaderValue::from(length);
                response.headers_mut().insert(CONTENT_LENGTH, length);
            }
            let mut stream = respond.send_response(response, false).unwrap();
            stream
                .send_data(Bytes::from_static(b"part"), false)
                .unwrap();
            for _ in 0..10 {
                tokio::select! {
                    _ = server.accept() => {}
                    () = tokio::task::yield_now() => {}
                }
            }
            stream.send_reset(reason);
            while let Some(Ok(_)) = server.accept().await {}
        });
        let error = send(&sender, get()).await.unwrap_err();
        assert!(matches!(error, Http2Error::Incomplete(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_peer_that_answers_and_stops_the_upload_has_answered() {
    let (sender, mut peer) = connect_raw().await;
    let (request, _frames) = post();
    let request = tokio::spawn(async move { send(&sender, request).await });
    read_requests(&mut peer, 1).await;
    // `:status: 400`, content with END_STREAM, and RST_STREAM with NO_ERROR.
    let head = [0, 0, 1, 1, 4, 0, 0, 0, 1, 0x8c];
    let content = [0, 0, 2, 0, 1, 0, 0, 0, 1, b'n', b'o'];
    let reset = [0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    peer.write_all(&[&head[..], &content, &reset].concat())
        .await
        .unwrap();
    let response = request.await.unwrap().unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert_eq!(response.body(), "no");
}

#[tokio::test]
async fn a_request_that_is_not_as_long_as_announced_is_reset() {
    for (announced, pieces) in [
        ("4", &["abc"][..]),
        ("4", &["ab", "cde"]),
        ("4", &[]),
        ("0", &["a"]),
    ] {
        let (sender, mut server) = connect().await;
        let peer = tokio::spawn(async move {
            let (request, _respond) = server.accept().await.unwrap().unwrap();
            let mut body = request.into_body();
            let read = async { while let Some(Ok(_)) = body.data().await {} };
            let drive = async { while let Some(Ok(_)) = server.accept().await {} };
            futures_util::future::select(std::pin::pin!(read), std::pin::pin!(drive)).await;
            body.is_end_stream()
        });
        let (mut request, frames) = post();
        let length = HeaderValue::from_static(announced);
        request.headers_mut().insert(CONTENT_LENGTH, length);
        for piece in pieces {
            let data = Bytes::from_static(piece.as_bytes());
            frames.send(Frame::data(data)).unwrap();
        }
        drop(frames);
        let error = send(&sender, request).await.unwrap_err();
        assert!(matches!(error, Http2Error::BodyLength), "{error:?}");
        assert!(!peer.await.unwrap(), "{announced} {pieces:?}");
    }
}

#[tokio::test]
async fn content_larger_than_every_window_and_trailers_pass_both_ways() {
    let (sender, mut server) = connect().await;
    tokio::spawn(async move {
        let (request, mut respond) = server.accept().await.unwrap().unwrap();
        let (_, mut body) = request.into_parts();
        let echo = async {
            let mut stream = respond.send_response(Response::new(()), false).unwrap();
            while let Some(data) = body.data().await {
                let data = data.unwrap();
                let _ = body.flow_control().release_capacity(data.len());
                stream.reserve_capacity(data.len());
                let _ = poll_fn(|cx| stream.poll_capacity(cx)).await;
                stream.send_data(data, false).unwrap();
            }
            let trailers = body.trailers().await.unwrap().unwrap();
            stream.send_trailers(trailers).unwrap();
        };
        let drive = async { while let Some(Ok(_)) = server.accept().await {} };
        tokio::join!(echo, drive);
    });
    let (mut request, frames) = post();
    for _ in 0..20 {
        let chunk = Bytes::from(vec![b'x'; 50_000]);
        frames.send(Frame::data(chunk)).unwrap();
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("x-sum", HeaderValue::from_static("1"));
    frames.send(Frame::trailers(trailers)).unwrap();
    let response = exchange(&sender, &mut request).await.unwrap();
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["x-sum"], "1");
    assert_eq!(body.to_bytes().len(), 1_000_000);
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_with_open_streams_is_found_out_by_a_ping() {
    let (ours, mut peer) = duplex(64 * 1024);
    let (sender, connection) = handshake(ours, SETTINGS).await.unwrap();
    let connection = tokio::spawn(connection);
    peer.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    let request = tokio::spawn({
        let sender = sender.clone();
        async move { send(&sender, get()).await }
    });
    let started = tokio::time::Instant::now();
    let error = connection.await.unwrap().unwrap_err();
    assert!(matches!(error, Http2Error::Silent(_)), "{error:?}");
    assert_eq!(started.elapsed().as_secs(), 25);
    assert!(sender.is_closed());
    let error = request.await.unwrap().unwrap_err();
    assert!(matches!(error, Http2Error::Silent(_)), "{error:?}");
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_falls_silent_before_it_answers_a_ping_is_found_out() {
    let (sender, mut peer) = connect_raw().await;
    let started = tokio::time::Instant::now();
    let request = tokio::spawn(async move { send(&sender, get()).await });
    // A PING has been sent. Settings arrive, but never its answer.
    tokio::time::sleep(Duration::from_secs(16)).await;
    peer.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    assert!(request.await.unwrap().is_err());
    assert_eq!(started.elapsed().as_secs(), 16 + 15 + 10);
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_without_open_streams_is_left_alone() {
    let (ours, peer) = duplex(64 * 1024);
    let (sender, connection) = handshake(ours, SETTINGS).await.unwrap();
    let connection = tokio::spawn(connection);
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(!connection.is_finished());
    drop(sender);
    drop(peer);
}
