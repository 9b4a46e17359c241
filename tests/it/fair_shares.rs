//! Slow uploads, and what they leave to other requests.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    Error, OriginProxy,
    error::{ErrorKind, Stage},
    pool::PoolSettings,
    proxy::{Limits, ProxyBody},
};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Channel, Full, channel::Sender};
use tokio::task::JoinHandle;

use crate::memory::{
    get, quiet, read_head, read_to_end, send, text, to, to_connections, write_text,
};

/// Answers with the framing of the request and the length of its content.
pub(crate) fn proxy() -> OriginProxy {
    to(|request| async {
        let field = |name: &str| {
            let value = request.headers().get(name);
            value
                .map_or("none", |value| value.to_str().unwrap())
                .to_owned()
        };
        let (length, coding) = (field("content-length"), field("transfer-encoding"));
        let content = request.into_body().collect().await;
        let received = content.map_or(0, |content| content.to_bytes().len());
        let answer = format!("{length} {coding} {received}");
        Response::new(Full::<Bytes>::from(answer))
    })
}

pub(crate) type Upload = Sender<Bytes, Infallible>;

/// A body of this length.
pub(crate) struct OfLength {
    pub(crate) body: Channel<Bytes, Infallible>,
    pub(crate) left: u64,
}

impl Body for OfLength {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            self.left -= frame.data_ref().unwrap().len() as u64;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// An upload of this length, which its sender continues.
pub(crate) fn upload_of(
    proxy: &OriginProxy,
    length: u64,
) -> (Upload, JoinHandle<Response<ProxyBody>>) {
    let (sender, body) = Channel::<Bytes, Infallible>::new(1);
    let request = Request::post("/").header("host", "client.test");
    let body = OfLength { body, left: length };
    let request = request.body(body).unwrap();
    let proxy = proxy.clone();
    (
        sender,
        tokio::spawn(async move { send(&proxy, request).await }),
    )
}

/// An upload without a length, which its sender continues.
pub(crate) fn upload(proxy: &OriginProxy) -> (Upload, JoinHandle<Response<ProxyBody>>) {
    let (sender, body) = Channel::<Bytes, Infallible>::new(1);
    let request = Request::post("/").header("host", "client.test");
    let request = request.body(body).unwrap();
    let proxy = proxy.clone();
    (
        sender,
        tokio::spawn(async move { send(&proxy, request).await }),
    )
}

pub(crate) async fn send_piece(upload: &mut Upload, length: usize) -> bool {
    upload.send_data(vec![b'x'; length].into()).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn slow_uploads_leave_a_quarter_of_the_connections_to_quick_requests() {
    let proxy = proxy().pool(PoolSettings::default().max_connections(4));
    let mut uploads: Vec<_> = (0..10).map(|_| upload(&proxy)).collect();
    quiet().await;
    assert_eq!(proxy.snapshot().pool.open, 3);
    // Small content with a length is no upload.
    let quick = Request::post("/").header("host", "client.test");
    let quick = quick.body(Full::<Bytes>::from("small")).unwrap();
    assert_eq!(text(send(&proxy, quick).await).await, "5 none 5");
    assert_eq!(text(send(&proxy, get(&[])).await).await, "none none 0");
    // An upload that ends, or whose client leaves, makes room for the next.
    let (sender, first) = uploads.remove(0);
    drop(sender);
    assert_eq!(first.await.unwrap().status(), StatusCode::OK);
    uploads[0].1.abort();
    quiet().await;
    let (mut sender, fifth) = uploads.remove(3);
    assert!(send_piece(&mut sender, 7).await);
    drop(sender);
    assert_eq!(text(fifth.await.unwrap()).await, "none chunked 7");
}

#[tokio::test(start_paused = true)]
async fn small_uploads_that_trickle_leave_connections_to_quick_requests_too() {
    let proxy = proxy().pool(PoolSettings::default().max_connections(4));
    let mut uploads: Vec<_> = (0..10).map(|_| upload_of(&proxy, 16_000)).collect();
    for (sender, _) in &mut uploads {
        assert!(send_piece(sender, 1).await);
    }
    // They take no connection before they have shown that they are slow.
    quiet().await;
    assert_eq!(proxy.snapshot().pool.opened, 0);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(proxy.snapshot().pool.open, 3);
    let answer = send(&proxy, get(&[])).await;
    assert_eq!(text(answer).await, "none none 0");
    // A client may need more than a packet.
    let (mut sender, response) = upload_of(&proxy, 16_000);
    for _ in 0..2 {
        assert!(send_piece(&mut sender, 8_000).await);
        quiet().await;
    }
    assert_eq!(text(response.await.unwrap()).await, "16000 none 16000");
    // A slow one arrives too.
    let (mut sender, response) = uploads.remove(0);
    assert!(send_piece(&mut sender, 15_999).await);
    assert_eq!(text(response.await.unwrap()).await, "16000 none 16000");
}

#[tokio::test(start_paused = true)]
async fn a_small_upload_whose_client_waits_for_100_counts_as_one() {
    let settings = PoolSettings::default().max_uploads(1);
    let proxy = proxy().pool(settings.queue_timeout(Duration::from_secs(2)));
    let (_holding, _first) = upload(&proxy);
    quiet().await;
    let request = Request::post("/").header("host", "client.test");
    let request = request.header("expect", "100-continue");
    let request = request.body(Full::<Bytes>::from("small")).unwrap();
    let response = send(&proxy, request).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_gets_no_connection_in_time_is_503() {
    let settings = PoolSettings::default().max_uploads(1);
    let proxy = proxy().pool(settings.queue_timeout(Duration::from_secs(2)));
    let (_holding, _first) = upload(&proxy);
    quiet().await;
    let (_sender, second) = upload(&proxy);
    let response = second.await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.kind(), ErrorKind::PoolExhausted);
}

/// Sends pieces, one in each second, until the proxy responds.
async fn trickle(proxy: &OriginProxy, piece: usize, seconds: usize) -> Response<ProxyBody> {
    let (mut sender, response) = upload(proxy);
    for _ in 0..seconds {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if response.is_finished() || !send_piece(&mut sender, piece).await {
            break;
        }
    }
    drop(sender);
    response.await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_client_that_trickles_its_upload_is_408() {
    let default = proxy();
    let limited = default
        .clone()
        .limits(Limits::default().min_upload_rate(1000, Duration::from_secs(5)));
    let response = trickle(&limited, 500, 60).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(
        (error.kind(), error.stage()),
        (ErrorKind::TimedOut, Stage::Send)
    );
    assert_eq!(error.facts().deadline(), Some(Duration::from_secs(5)));
    quiet().await;
    assert_eq!(limited.snapshot().pool.in_flight, 0);

    // There is no least rate by default.
    let response = trickle(&default, 1, 600).await;
    assert_eq!(text(response).await, "none chunked 600");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_keeps_the_rate_may_take_its_time() {
    let limited = Limits::default().min_upload_rate(1000, Duration::from_secs(5));
    let off = Limits::default().min_upload_rate(0, Duration::ZERO);
    for (limits, piece) in [(limited, 1000), (Limits::default(), 1), (off, 1)] {
        let response = trickle(&proxy().limits(limits), piece, 600).await;
        let expected = format!("none chunked {}", piece * 600);
        assert_eq!(text(response).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_costs_no_connection_if_the_rest_of_its_response_is_here() {
    // The answer of an origin, and whether its connection is kept.
    for (answer, kept) in [
        ("content-length: 4\r\n\r\nrest", true),
        (
            "transfer-encoding: chunked\r\n\r\n4\r\nrest\r\n0\r\n\r\n",
            true,
        ),
        ("content-length: 5\r\n\r\nrest", false),
        ("content-length: 1000000\r\n\r\nrest", false),
        ("connection: close\r\n\r\nrest", false),
    ] {
        let proxy = to_connections(move |mut stream| async move {
            read_head(&mut stream).await;
            write_text(&mut stream, &format!("HTTP/1.1 200 OK\r\n{answer}")).await;
            read_to_end(&mut stream).await;
        });
        let response = send(&proxy, get(&[])).await;
        quiet().await;
        drop(response);
        quiet().await;
        let pool = proxy.snapshot().pool;
        assert_eq!(pool.idle, usize::from(kept), "{answer}");
        assert_eq!(pool.open, usize::from(kept), "{answer}");
        assert_eq!(pool.in_flight, 0, "{answer}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_slow_uploads_cost_no_other_client_a_response() {
    const UPLOADS: usize = 1000;
    let proxy = proxy();
    let uploads: Vec<_> = (0..UPLOADS).map(|_| upload(&proxy)).collect();
    let trickling = uploads.into_iter().map(|(mut sender, response)| {
        tokio::spawn(async move {
            // 1 KiB in each second.
            for _ in 0..60 {
                tokio::time::sleep(Duration::from_secs(1)).await;
                if response.is_finished() || !send_piece(&mut sender, 1024).await {
                    break;
                }
            }
            drop(sender);
            response.await.unwrap().status()
        })
    });
    let trickling: Vec<_> = trickling.collect();
    quiet().await;
    assert_eq!(proxy.snapshot().pool.open, 192);
    let mut statuses = Vec::new();
    for _ in 0..60 {
        let gets = (0..50).map(|_| send(&proxy, get(&[])));
        let answers = futures_util::future::join_all(gets).await;
        statuses.extend(answers.iter().map(Response::status));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(statuses.len(), 3000);
    assert!(statuses.iter().all(|it| *it == StatusCode::OK));
    let mut uploaded = 0;
    for upload in trickling {
        uploaded += usize::from(upload.await.unwrap() == StatusCode::OK);
    }
    // The others have waited for ten seconds, and got 503.
    assert_eq!(uploaded, 192);
}
