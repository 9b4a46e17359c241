//! Request bodies whose end arrives while their last data is being sent.
//!
//! A server's body learns of END_STREAM in another task: it may deny its end at one moment, and
//! report it at the next.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::Router;
use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, OriginProxy, observe::ExchangeOutcome, proxy::Limits};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Notify, mpsc},
};

use crate::{
    frames::{
        DATA, END_HEADERS, END_STREAM, HEADERS, Peer, RST_STREAM, connector_to_peers, to_peers,
    },
    memory::{send, to},
    observe::Seen,
    support::Site,
};

/// Data whose end arrives after the body was asked for it this many times.
struct LateEnd {
    data: Option<Bytes>,
    asked: AtomicUsize,
    ends_at: usize,
}

impl Body for LateEnd {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.data.take().map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.data.is_none() && self.asked.fetch_add(1, SeqCst) >= self.ends_at
    }
}

/// More than any part asks between two frames.
const MOST_ASKED: usize = 8;

async fn upload(proxy: &OriginProxy, ends_at: usize) -> StatusCode {
    let body = LateEnd {
        data: Some(Bytes::from_static(b"whole")),
        asked: AtomicUsize::new(0),
        ends_at,
    };
    let request = Request::post("/").header("host", "client.test");
    send(proxy, request.body(body).unwrap()).await.status()
}

fn limits() -> Limits {
    Limits::default().response_timeout(Duration::from_secs(2))
}

#[tokio::test]
async fn an_http_2_origin_gets_the_end_of_a_body_whenever_it_arrives() {
    let (proxy, _) = to_peers(|_, mut peer: Peer| async move {
        while let Some(head) = peer.next().await {
            if head.kind == DATA && head.ends_stream() {
                peer.answer_whole(head.stream).await;
            }
        }
    });
    let proxy = proxy.limits(limits());
    for ends_at in 0..MOST_ASKED {
        assert_eq!(upload(&proxy, ends_at).await, StatusCode::OK, "{ends_at}");
    }
}

#[tokio::test]
async fn an_http_1_origin_gets_the_end_of_a_body_whenever_it_arrives() {
    let proxy = to(|request| async move {
        let content = request.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(content, "whole");
        Response::new(Full::<Bytes>::default())
    });
    let proxy = proxy.limits(limits());
    for ends_at in 0..MOST_ASKED {
        assert_eq!(upload(&proxy, ends_at).await, StatusCode::OK, "{ends_at}");
    }
}

/// `:status: 200` and `content-length: 2` (RFC 7541 appendix A).
const OK_OF_TWO: &[u8] = &[0x88, 0x0f, 0x0d, 1, b'2'];

/// An origin that announces two bytes, and ends each stream when it is told. It reports the content
/// that it has read of each request, or that its stream was reset.
fn ending_late(
    ends: Arc<Notify>,
    report: mpsc::UnboundedSender<Option<usize>>,
) -> CdnOriginConnector {
    connector_to_peers(move |_, mut peer: Peer| {
        let (ends, report) = (ends.clone(), report.clone());
        async move {
            let (mut received, mut stream) = (0, 0);
            loop {
                let head = tokio::select! {
                    () = ends.notified() => {
                        peer.send_frame(DATA, END_STREAM, stream, &[]).await;
                        continue;
                    }
                    head = peer.next() => head,
                };
                let Some(head) = head else { return };
                match head.kind {
                    HEADERS => {
                        stream = head.stream;
                        peer.send_frame(HEADERS, END_HEADERS, stream, OK_OF_TWO)
                            .await;
                        peer.send_frame(DATA, 0, stream, b"ok").await;
                    }
                    DATA => received += peer.carried().len(),
                    RST_STREAM => report.send(None).unwrap(),
                    _ => {}
                }
                if matches!(head.kind, HEADERS | DATA) && head.ends_stream() {
                    report.send(Some(received)).unwrap();
                }
            }
        }
    })
}

/// A server of HTTP/1 takes no more of a response than its announced length.
#[tokio::test]
async fn a_response_of_the_announced_length_is_complete_before_its_stream_ends() {
    let (report, _reports) = mpsc::unbounded_channel();
    let seen = Seen::default();
    let proxy = seen.proxy(&ending_late(Arc::new(Notify::new()), report));
    let site = Site::serve(Router::new().fallback_service(proxy)).await;
    let mut client = TcpStream::connect(site.address()).await.unwrap();
    for _ in 0..2 {
        let head = b"GET / HTTP/1.1\r\nhost: client.test\r\n\r\n";
        client.write_all(head).await.unwrap();
        assert!(read_to(&mut client, "\r\n\r\nok").await);
        while seen.exchanges().is_empty() {
            tokio::task::yield_now().await;
        }
        let outcome = seen.take_only().outcome();
        assert_eq!(outcome, Some(ExchangeOutcome::Complete));
    }
}

#[tokio::test]
async fn an_upload_goes_on_after_a_response_of_the_announced_length() {
    let (ends, (report, mut reports)) = (Arc::new(Notify::new()), mpsc::unbounded_channel());
    let proxy = OriginProxy::new(ending_late(ends.clone(), report));
    let site = Site::serve(Router::new().fallback_service(proxy)).await;
    let mut client = TcpStream::connect(site.address()).await.unwrap();
    let head = b"POST / HTTP/1.1\r\nhost: client.test\r\ncontent-length: 10\r\n\r\nfirst";
    client.write_all(head).await.unwrap();
    assert!(read_to(&mut client, "\r\n\r\nok").await);
    ends.notify_one();
    client.write_all(b"other").await.unwrap();
    assert_eq!(reports.recv().await, Some(Some(10)));
}

async fn read_to(client: &mut TcpStream, end: &str) -> bool {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        if client.read_buf(&mut read).await.unwrap() == 0 {
            return false;
        }
    }
    true
}
