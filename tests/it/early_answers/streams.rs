//! Uploads and responses that run at once, and uploads that stop after the response.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use cdn_origin::{OriginProxy, observe::CloseReason, pool::PoolSettings, proxy::Limits};
use futures_util::{StreamExt, stream::BoxStream};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Channel, StreamBody};
use hyper::body::Incoming;
use tokio::{
    io::AsyncWriteExt,
    sync::mpsc,
    time::{Instant, timeout},
};

use crate::memory::{quiet, read_head, read_to_end, send, text, to_connections, write_text};

use super::{
    LARGE, PATIENCE, UPSTREAMS, Upstream,
    client::Client,
    origin::{received, serving},
    pairs, serve,
};

/// A response of this size, in pieces.
fn large(size: usize) -> impl Body<Data = Bytes, Error = Infallible> + Send + 'static {
    const PIECE: usize = 64 * 1024;
    let pieces = (0..size).step_by(PIECE).map(move |start| {
        let data = vec![b'y'; PIECE.min(size - start)];
        Ok(Frame::data(Bytes::from(data)))
    });
    StreamBody::new(futures_util::stream::iter(pieces.collect::<Vec<_>>()))
}

#[tokio::test]
async fn a_response_larger_than_all_buffers_does_not_stop_the_upload_of_a_client_that_reads_later()
{
    for (down, up) in pairs() {
        let case = format!("{down:?} to {up:?}");
        let (sender, mut uploads) = mpsc::unbounded_channel();
        let answer = move |request: Request<Incoming>| {
            if request.method() == Method::POST {
                tokio::spawn(received(request.into_body(), sender.clone()));
            }
            let response = Response::builder().header("content-length", LARGE);
            response.body(large(LARGE)).unwrap()
        };
        let proxy = OriginProxy::new(serving(up, answer).await);
        let mut client = Client::connect(down, serve(proxy.clone()).await).await;
        for _ in 0..2 {
            let answer = client.upload(LARGE).await.expect(&case);
            assert_eq!((answer.status, answer.text.len()), (StatusCode::OK, LARGE));
            let whole = timeout(PATIENCE, uploads.recv()).await;
            assert_eq!(whole.expect(&case), Some(LARGE), "{case}");
        }
        assert_eq!(proxy.snapshot().pool.opened, 1, "{case}");
    }
}

type Upload = Channel<Bytes, std::io::Error>;

fn post(body: Upload) -> Request<Upload> {
    let request = Request::post("/").header("host", "client.test");
    request.body(body).unwrap()
}

/// The end of an upload, as its origin sees it: its trailers, or `None` if it was cut off.
type End = Option<HeaderMap>;

/// A proxy to an origin that answers at once with this status, and hands on how uploads end.
async fn watched(up: Upstream, status: StatusCode) -> (OriginProxy, mpsc::UnboundedReceiver<End>) {
    let (sender, ends) = mpsc::unbounded_channel();
    let answer = move |request: Request<Incoming>| {
        let sender = sender.clone();
        tokio::spawn(async move {
            let end = request.into_body().collect().await.ok();
            let end = end.map(|body| body.trailers().cloned().unwrap_or_default());
            let _ = sender.send(end);
        });
        let frames: BoxStream<'static, _> = match status {
            // The stream ends with a frame of its own.
            StatusCode::NO_CONTENT => futures_util::stream::empty().boxed(),
            // hyper's server reports the end of a body only while its response lasts.
            _ => futures_util::stream::iter([Ok::<_, Infallible>(Frame::data("answer".into()))])
                .chain(futures_util::stream::pending())
                .boxed(),
        };
        let response = Response::builder().status(status);
        response.body(StreamBody::new(frames)).unwrap()
    };
    (OriginProxy::new(serving(up, answer).await), ends)
}

#[tokio::test]
async fn trailers_of_an_upload_follow_its_early_response() {
    for up in UPSTREAMS {
        let (proxy, mut ends) = watched(up, StatusCode::OK).await;
        let (mut sender, body) = Upload::new(1);
        let mut response = send(&proxy, post(body)).await;
        sender.send_data(Bytes::from_static(b"late")).await.unwrap();
        let trailers =
            HeaderMap::from_iter([("x-checksum".parse().unwrap(), HeaderValue::from_static("1"))]);
        sender.send_trailers(trailers).await.unwrap();
        drop(sender);
        let end = timeout(PATIENCE, ends.recv()).await.unwrap().unwrap();
        assert!(end.unwrap().contains_key("x-checksum"), "{up:?}");
        assert!(
            response
                .body_mut()
                .frame()
                .await
                .unwrap()
                .unwrap()
                .is_data()
        );
    }
}

#[tokio::test]
async fn an_upload_goes_on_after_a_response_without_content_whose_stream_ends_later() {
    let up = Upstream::HttpsHttp2;
    let (proxy, mut ends) = watched(up, StatusCode::NO_CONTENT).await;
    let (mut sender, body) = Upload::new(1);
    let response = send(&proxy, post(body)).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    drop(response);
    // Its response follows the end of the stream, on the same connection.
    let (_held, other) = Upload::new(1);
    let _other = send(&proxy, post(other)).await;
    sender.send_data(Bytes::from_static(b"late")).await.unwrap();
    drop(sender);
    let end = timeout(PATIENCE, ends.recv()).await.unwrap();
    assert!(end.unwrap().is_some());
}

#[tokio::test]
async fn an_upload_that_fails_after_its_early_response_is_not_taken_for_a_whole_one() {
    for up in UPSTREAMS {
        let (proxy, mut ends) = watched(up, StatusCode::OK).await;
        let (mut sender, body) = Upload::new(1);
        let response = send(&proxy, post(body)).await;
        sender.send_data(Bytes::from_static(b"late")).await.unwrap();
        sender.abort(std::io::ErrorKind::ConnectionReset.into());
        let end = timeout(PATIENCE, ends.recv()).await.unwrap();
        assert_eq!(end, Some(None), "{up:?}");
        drop(response);
    }
}

/// A proxy in memory whose origin answers at once, and hands on how much it has read when the
/// connection ends.
fn answering_at_once() -> (OriginProxy, mpsc::UnboundedReceiver<usize>) {
    let (sender, read) = mpsc::unbounded_channel();
    let proxy = to_connections(move |mut stream| {
        let sender = sender.clone();
        async move {
            read_head(&mut stream).await;
            write_text(
                &mut stream,
                "HTTP/1.1 202 Accepted\r\ncontent-length: 6\r\n\r\nanswer",
            )
            .await;
            sender.send(read_to_end(&mut stream).await).unwrap();
        }
    });
    (proxy, read)
}

const PAUSE: Duration = Duration::from_secs(20);

#[tokio::test(start_paused = true)]
async fn an_upload_may_pause_after_the_response_for_as_long_as_before_it() {
    let (proxy, mut read) = answering_at_once();
    let proxy = proxy.limits(Limits::default().response_timeout(PAUSE));
    let (mut sender, body) = Upload::new(1);
    let response = send(&proxy, post(body)).await;
    assert_eq!(text(response).await, "answer");
    for _ in 0..5 {
        tokio::time::sleep(PAUSE - Duration::from_secs(1)).await;
        sender.send_data(Bytes::from_static(b"part")).await.unwrap();
    }
    let start = Instant::now();
    let chunk = "4\r\npart\r\n".len();
    assert_eq!(read.recv().await, Some(5 * chunk));
    assert!(start.elapsed() >= PAUSE, "{:?}", start.elapsed());
    assert_eq!(proxy.snapshot().pool.closed(CloseReason::Cancelled), 1);
}

#[tokio::test(start_paused = true)]
async fn limits_of_a_slow_client_end_with_the_head_of_the_response_also_beyond_the_buffer() {
    const FRAMES: usize = 20;
    let proxy = || {
        to_connections(|mut stream| async move {
            read_head(&mut stream).await;
            let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
            write_text(&mut stream, head).await;
            for _ in 0..FRAMES {
                tokio::time::sleep(Duration::from_secs(1)).await;
                write_text(&mut stream, "4\r\npart\r\n").await;
            }
            write_text(&mut stream, "0\r\n\r\n").await;
            read_to_end(&mut stream).await;
        })
    };
    let idle = Limits::default().body_idle_timeout(Duration::from_secs(5));
    let slow = Limits::default().min_upload_rate(1000, Duration::from_secs(5));
    for limits in [idle, slow] {
        for buffer in [0, 4] {
            let limits = limits.clone().buffer_requests(buffer);
            let (mut sender, body) = Upload::new(1);
            sender.send_data(Bytes::from_static(b"part")).await.unwrap();
            let response = send(&proxy().limits(limits), post(body)).await;
            assert_eq!(text(response).await, "part".repeat(FRAMES), "{buffer}");
            drop(sender);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_has_been_sent_makes_room_for_the_next_before_its_response_ends() {
    let proxy = to_connections(|mut stream| async move {
        read_head(&mut stream).await;
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        write_text(&mut stream, head).await;
        read_to_end(&mut stream).await;
    });
    let proxy = proxy.pool(PoolSettings::default().max_uploads(1));
    let mut responses = Vec::new();
    for _ in 0..3 {
        let (mut sender, body) = Upload::new(1);
        sender.send_data(Bytes::from_static(b"part")).await.unwrap();
        drop(sender);
        let response = send(&proxy, post(body)).await;
        assert_eq!(response.status(), StatusCode::OK);
        responses.push(response);
    }
    assert_eq!(proxy.snapshot().pool.open, 3);
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_reads_no_more_stops_the_upload_and_the_rest_is_discarded() {
    let proxy = to_connections(|mut stream| async move {
        read_head(&mut stream).await;
        write_text(
            &mut stream,
            "HTTP/1.1 202 Accepted\r\ncontent-length: 6\r\n\r\nanswer",
        )
        .await;
        std::future::pending().await
    });
    let proxy = proxy.limits(Limits::default().response_timeout(PAUSE));
    let (mut sender, body) = Upload::new(1);
    let response = send(&proxy, post(body)).await;
    assert_eq!(text(response).await, "answer");
    let start = Instant::now();
    for _ in 0..100 {
        sender
            .send_data(Bytes::from(vec![b'x'; 1000]))
            .await
            .unwrap();
    }
    assert!(start.elapsed() >= PAUSE);
    assert_eq!(proxy.snapshot().pool.open, 0);
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_an_upload_that_has_its_response() {
    let (proxy, _read) = answering_at_once();
    let (mut sender, body) = Upload::new(1);
    let response = send(&proxy, post(body)).await;
    assert_eq!(text(response).await, "answer");
    assert_eq!(proxy.snapshot().pool.in_flight, 1);
    let mut drained = std::pin::pin!(proxy.drain());
    assert!(
        timeout(Duration::from_secs(5), drained.as_mut())
            .await
            .is_err()
    );
    sender.send_data(Bytes::from_static(b"part")).await.unwrap();
    drop(sender);
    drained.await;
    assert_eq!(proxy.snapshot().pool.in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn an_upload_has_its_share_of_the_connections_until_it_is_sent() {
    let (proxy, _read) = answering_at_once();
    let settings = PoolSettings::default().max_uploads(1);
    let proxy = proxy.pool(settings.queue_timeout(Duration::from_secs(2)));
    let (first, body) = Upload::new(1);
    assert_eq!(text(send(&proxy, post(body)).await).await, "answer");
    let (_second, body) = Upload::new(1);
    let response = send(&proxy, post(body)).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    first.abort(std::io::ErrorKind::ConnectionReset.into());
    let (_third, body) = Upload::new(1);
    let response = send(&proxy, post(body)).await;
    assert_eq!(response.status(), StatusCode::ACCEPTED);
}

#[tokio::test(start_paused = true)]
async fn a_response_may_be_dropped_outside_of_a_runtime_before_its_upload_has_ended() {
    let (proxy, mut read) = answering_at_once();
    let (_sender, body) = Upload::new(1);
    let response = send(&proxy, post(body)).await;
    quiet().await;
    std::thread::spawn(move || drop(response)).join().unwrap();
    // Its connection closes.
    assert_eq!(read.recv().await, Some(0));
    assert_eq!(proxy.snapshot().pool.open, 0);
}

#[tokio::test]
async fn a_client_that_waits_for_100_gets_the_answer_and_sends_no_body() {
    let (proxy, _read) = answering_at_once();
    let address = serve(proxy).await;
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head =
        "POST / HTTP/1.1\r\nhost: client.test\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = super::client::read_answer(&mut stream).await.unwrap();
    assert_eq!(
        (answer.status, &*answer.text),
        (StatusCode::ACCEPTED, "answer")
    );
    assert!(answer.head.contains("connection: close"), "{}", answer.head);
}
