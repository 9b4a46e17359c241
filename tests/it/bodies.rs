//! Streamed bodies: backpressure, and clients and origins that close early.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use cdn_origin::OriginProxy;
use http::{Request, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Channel};
use tokio::{io::AsyncWriteExt, sync::watch};

use crate::memory::{get, quiet, read_head, read_to_end, send, text, to_connections, write_text};

/// What may be under way between two ends that are connected by pipes of one KiB.
const BOUND: usize = 1 << 20;

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_stops_the_origin() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = sent.clone();
    let proxy = to_connections(move |mut stream| {
        let count = count.clone();
        async move {
            read_head(&mut stream).await;
            write_text(&mut stream, "HTTP/1.1 200 OK\r\n\r\n").await;
            while stream.write_all(&[b'x'; 1024]).await.is_ok() {
                count.fetch_add(1024, Ordering::SeqCst);
            }
        }
    });
    let mut body = send(&proxy, get(&[])).await.into_body();
    quiet().await;
    let at_rest = sent.load(Ordering::SeqCst);
    assert!(at_rest < BOUND, "{at_rest}");
    quiet().await;
    assert_eq!(sent.load(Ordering::SeqCst), at_rest);
    // And it goes on when the client does.
    while sent.load(Ordering::SeqCst) < 3 * BOUND {
        body.frame().await.unwrap().unwrap();
    }
}

/// A body without end that counts what was taken of it.
struct Endless(Arc<AtomicUsize>);

impl Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.fetch_add(1024, Ordering::SeqCst);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1024])))))
    }
}

fn upload<B>(body: B) -> Request<B> {
    let request = Request::post("/").header("host", "client.test");
    request.body(body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_does_not_read_stops_the_client() {
    let proxy = to_connections(|stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    });
    let taken = Arc::new(AtomicUsize::new(0));
    let body = Endless(taken.clone());
    let sending = tokio::spawn(async move { send(&proxy, upload(body)).await });
    quiet().await;
    let at_rest = taken.load(Ordering::SeqCst);
    assert!(at_rest < BOUND, "{at_rest}");
    quiet().await;
    assert_eq!(taken.load(Ordering::SeqCst), at_rest);
    sending.abort();
}

/// A proxy to an origin that reads a head, says something, and tells when the connection has ended.
fn telling_the_end(words: &'static str) -> (OriginProxy, watch::Receiver<bool>) {
    let (ended, end) = watch::channel(false);
    let proxy = to_connections(move |mut stream| {
        let ended = ended.clone();
        async move {
            read_head(&mut stream).await;
            write_text(&mut stream, words).await;
            read_to_end(&mut stream).await;
            ended.send_replace(true);
        }
    });
    (proxy, end)
}

async fn ends(mut end: watch::Receiver<bool>, proxy: &OriginProxy) {
    end.wait_for(|ended| *ended).await.unwrap();
    quiet().await;
    assert_eq!(proxy.snapshot().pool.open, 0);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_before_the_head_frees_the_connection() {
    let (proxy, end) = telling_the_end("");
    let visit = tokio::spawn({
        let proxy = proxy.clone();
        async move { send(&proxy, get(&[])).await }
    });
    quiet().await;
    assert_eq!(proxy.snapshot().pool.open, 1);
    visit.abort();
    ends(end, &proxy).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_within_its_upload_frees_the_connection() {
    let (proxy, end) = telling_the_end("");
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    sender.send_data(Bytes::from_static(b"part")).await.unwrap();
    let visit = tokio::spawn({
        let proxy = proxy.clone();
        async move { send(&proxy, upload(body)).await }
    });
    quiet().await;
    assert_eq!(proxy.snapshot().pool.open, 1);
    visit.abort();
    ends(end, &proxy).await;
    drop(sender);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_within_the_response_frees_the_connection() {
    let (proxy, end) = telling_the_end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart");
    let mut body = send(&proxy, get(&[])).await.into_body();
    body.frame().await.unwrap().unwrap();
    assert_eq!(proxy.snapshot().pool.open, 1);
    drop(body);
    ends(end, &proxy).await;
}

#[tokio::test(start_paused = true)]
async fn an_early_answer_passes_and_its_connection_is_not_used_again() {
    let (proxy, end) =
        telling_the_end("HTTP/1.1 413 Content Too Large\r\ncontent-length: 4\r\n\r\nmuch");
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    sender.send_data(Bytes::from_static(b"part")).await.unwrap();
    let response = send(&proxy, upload(body)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(text(response).await, "much");
    // The client is still about to send.
    ends(end, &proxy).await;
    drop(sender);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_ends_too_early_ends_in_an_error() {
    let framings = [
        "content-length: 9\r\n\r\npart",
        "transfer-encoding: chunked\r\n\r\n4\r\npart\r\n",
    ];
    for framing in framings {
        let proxy = to_connections(move |mut stream| async move {
            read_head(&mut stream).await;
            write_text(&mut stream, &format!("HTTP/1.1 200 OK\r\n{framing}")).await;
        });
        let mut body = send(&proxy, get(&[])).await.into_body();
        let part = body.frame().await.unwrap().unwrap();
        assert_eq!(part.into_data().unwrap(), "part");
        assert!(body.frame().await.unwrap().is_err(), "{framing}");
    }
}
