//! Request bodies whose end arrives while their last data is being sent.
//!
//! A server's body learns of END_STREAM in another task: it may deny its end at one moment, and
//! report it at the next.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{OriginProxy, proxy::Limits};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full};

use crate::{
    frames::{DATA, Peer, to_peers},
    memory::{send, to},
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
