//! Bodies that are awaited before their requests are forwarded: buffered ones, and small ones.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    Error,
    error::{ErrorKind, Fault},
    pool::PoolSettings,
    proxy::{ClientDeadline, Limits},
};
use http::{Method, Request, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::Channel;
use tokio::time::Instant;

use crate::{
    fair_shares::{OfLength, proxy, send_piece, upload, upload_of},
    memory::{quiet, read_head, read_to_end, send, text, to_connections, write_text},
};

#[tokio::test(start_paused = true)]
async fn a_buffered_upload_takes_its_connection_when_it_is_complete() {
    let proxy = proxy().limits(Limits::default().buffer_requests(1000));
    let (mut sender, response) = upload(&proxy);
    for _ in 0..5 {
        assert!(send_piece(&mut sender, 100).await);
        quiet().await;
        assert_eq!(proxy.snapshot().pool.opened, 0);
    }
    drop(sender);
    // And has a length.
    assert_eq!(text(response.await.unwrap()).await, "500 none 500");
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_too_large_for_the_buffer_is_streamed() {
    let proxy = proxy().limits(Limits::default().buffer_requests(1000));
    let (mut sender, response) = upload(&proxy);
    for _ in 0..3 {
        assert!(send_piece(&mut sender, 600).await);
        quiet().await;
    }
    assert_eq!(proxy.snapshot().pool.opened, 1);
    drop(sender);
    assert_eq!(text(response.await.unwrap()).await, "none chunked 1800");
}

#[tokio::test(start_paused = true)]
async fn the_memory_of_buffers_is_bounded_and_comes_back() {
    // 64 MiB together.
    let proxy = proxy().limits(Limits::default().buffer_requests(32 * 1024 * 1024));
    let buffered: Vec<_> = (0..2).map(|_| upload(&proxy)).collect();
    quiet().await;
    assert_eq!(proxy.snapshot().pool.opened, 0);
    let (_streaming, _third) = upload(&proxy);
    quiet().await;
    assert_eq!(proxy.snapshot().pool.opened, 1);
    for (sender, response) in buffered {
        drop(sender);
        assert_eq!(response.await.unwrap().status(), StatusCode::OK);
    }
    let opened = proxy.snapshot().pool.opened;
    let (_sender, _fourth) = upload(&proxy);
    quiet().await;
    assert_eq!(proxy.snapshot().pool.opened, opened);
}

#[tokio::test(start_paused = true)]
async fn a_buffered_body_keeps_no_more_memory_than_it_needs() {
    let silent = to_connections(|stream| async move {
        let _stream = stream;
        std::future::pending().await
    });
    let limits = Limits::default().buffer_requests(32 * 1024 * 1024);
    let proxy = silent.limits(limits.response_timeout(Duration::from_secs(600)));
    let uploads: Vec<_> = (0..2).map(|_| upload(&proxy)).collect();
    let mut sent = Vec::new();
    for (mut sender, response) in uploads {
        assert!(send_piece(&mut sender, 5).await);
        sent.push(response);
    }
    quiet().await;
    assert_eq!(proxy.snapshot().pool.opened, 2);
    // Half of the memory is free.
    let (_sender, _third) = upload(&proxy);
    quiet().await;
    assert_eq!(proxy.snapshot().pool.opened, 2);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_request_runs_while_its_body_is_buffered() {
    let limits = Limits::default().buffer_requests(1000);
    let timed = limits.clone().request_timeout(Duration::from_secs(30));
    let client = |time| ClientDeadline::after(Duration::from_secs(time));
    for (limits, deadline, seconds) in [(timed, client(600), 30), (limits, client(20), 20)] {
        let proxy = proxy().limits(limits);
        let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
        let request = Request::post("/").header("host", "client.test");
        let request = request.extension(deadline).body(body).unwrap();
        let response = {
            let proxy = proxy.clone();
            tokio::spawn(async move { send(&proxy, request).await })
        };
        while send_piece(&mut sender, 1).await {
            tokio::time::sleep(Duration::from_secs(7)).await;
        }
        let response = response.await.unwrap();
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        let error: &Error = response.extensions().get().unwrap();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.fault(), Fault::Client);
        let passed = Duration::from_secs(seconds);
        assert_eq!(error.facts().deadline(), Some(passed));
        assert_eq!(proxy.snapshot().pool.opened, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_here_waits_for_no_upload() {
    let proxy = to_connections(|mut stream| async move {
        read_head(&mut stream).await;
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate";
        tokio::time::sleep(Duration::from_secs(20)).await;
        write_text(&mut stream, answer).await;
        read_to_end(&mut stream).await;
    });
    let limits = Limits::default().buffer_requests(64 * 1024);
    let proxy = proxy.limits(limits);
    let proxy = proxy.pool(PoolSettings::default().max_uploads(1));
    let uploads = (0..3).map(|_| async {
        let (mut sender, response) = upload(&proxy);
        assert!(send_piece(&mut sender, 20_000).await);
        drop(sender);
        text(response.await.unwrap()).await
    });
    let answers = futures_util::future::join_all(uploads).await;
    assert_eq!(answers, ["late"; 3]);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_request_ends_the_wait_for_its_small_body() {
    let limits = || Limits::default();
    let half = Duration::from_millis(500);
    for (limits, client, method, length) in [
        (limits().request_timeout(half), None, Method::POST, Some(10)),
        (limits(), Some(half), Method::POST, Some(10)),
        (limits().request_timeout(half / 5), None, Method::GET, None),
    ] {
        let proxy = proxy().limits(limits);
        let (_sender, body) = Channel::<Bytes, Infallible>::new(1);
        let mut request = Request::builder()
            .method(method)
            .header("host", "client.test");
        if let Some(time) = client {
            request = request.extension(ClientDeadline::after(time));
        }
        let start = Instant::now();
        let response = match length {
            Some(left) => send(&proxy, request.body(OfLength { body, left }).unwrap()).await,
            None => send(&proxy, request.body(body).unwrap()).await,
        };
        assert!(start.elapsed() < half + half / 10, "{:?}", start.elapsed());
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        let error: &Error = response.extensions().get().unwrap();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.fault(), Fault::Client);
        assert_eq!(proxy.snapshot().pool.opened, 0);
    }
}

/// A body of this length whose end does not come with its content, as over HTTP/2 without
/// END_STREAM.
struct Withheld(Channel<Bytes, Infallible>, u64);

impl Body for Withheld {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = ready!(Pin::new(&mut self.0).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            self.1 -= frame.data_ref().unwrap().len() as u64;
        }
        Poll::Ready(frame)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.1)
    }
}

#[tokio::test(start_paused = true)]
async fn content_without_the_end_of_its_stream_is_an_upload() {
    for length in [0, 1] {
        let proxy = proxy().pool(PoolSettings::default().max_uploads(1));
        let (_holding, _first) = upload(&proxy);
        quiet().await;
        let send_withheld = || {
            let (sender, body) = Channel::<Bytes, Infallible>::new(1);
            let request = Request::post("/").header("host", "client.test");
            let request = request.body(Withheld(body, length)).unwrap();
            let proxy = proxy.clone();
            let response = tokio::spawn(async move { send(&proxy, request).await });
            (sender, response)
        };
        // It ends within a second: all of it is here.
        let (mut sender, response) = send_withheld();
        assert!(length == 0 || send_piece(&mut sender, length as usize).await);
        quiet().await;
        assert!(!response.is_finished());
        drop(sender);
        let expected = format!("{length} none {length}");
        assert_eq!(text(response.await.unwrap()).await, expected);
        // It does not: it waits for its share.
        let (mut sender, response) = send_withheld();
        assert!(length == 0 || send_piece(&mut sender, length as usize).await);
        let response = response.await.unwrap();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_to_read_a_body_is_a_part_of_the_time_of_its_request() {
    let silent = to_connections(|stream| async move {
        let _stream = stream;
        std::future::pending().await
    });
    let limits = Limits::default().request_timeout(Duration::from_secs(30));
    for limits in [limits.clone(), limits.buffer_requests(20_000)] {
        let proxy = silent.clone().limits(limits);
        let start = Instant::now();
        let (mut sender, response) = upload_of(&proxy, 1000);
        assert!(send_piece(&mut sender, 1).await);
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert!(send_piece(&mut sender, 999).await);
        let response = response.await.unwrap();
        assert_eq!(response.status(), StatusCode::GATEWAY_TIMEOUT);
        assert_eq!(start.elapsed().as_secs(), 30);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stalls_or_leaves_while_its_upload_is_buffered_reaches_no_origin() {
    let limits = Limits::default().buffer_requests(1000);
    let proxy = proxy().limits(limits.body_idle_timeout(Duration::from_secs(3)));
    let (_sender, stalled) = upload(&proxy);
    let response = stalled.await.unwrap();
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    let (_sender, left) = upload(&proxy);
    quiet().await;
    left.abort();
    quiet().await;
    assert_eq!(proxy.snapshot().pool.opened, 0);
}
