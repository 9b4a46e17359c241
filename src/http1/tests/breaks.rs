//! Streams that fail, and how a connection is closed.
//!
//! The streams here do what a socket does rarely: fail a write after a response was sent, accept
//! half of each write, or count shutdowns. Time is paused, so the wait of one second takes none.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http::HeaderMap;
use http_body::{Body, Frame};
use http_body_util::{Full, StreamBody};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex};

use crate::http1::{
    AddedFields, Http1Error, SharedState,
    connection::{Connection, IdleState},
    request_writer::RequestWriter,
};

use super::{MAX_HEAD, get, head, pair, post, post_of};

/// An origin that sends a response and accepts no more bytes.
struct Deaf {
    answer: &'static [u8],
    has_request: Arc<AtomicBool>,
}

impl AsyncRead for Deaf {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.answer.is_empty() || !self.has_request.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        buf.put_slice(self.answer);
        self.answer = b"";
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Deaf {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        self.has_request.store(true, Ordering::Relaxed);
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_is_read_after_a_write_error() {
    for answer in [
        &b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n"[..],
        b"",
    ] {
        let has_request = Arc::new(AtomicBool::new(false));
        let origin = Deaf {
            answer,
            has_request: has_request.clone(),
        };
        let mut connection = Connection::new(origin, MAX_HEAD, Arc::default());
        assert!(
            connection
                .begin(
                    &mut post_of("3", Full::from("abc")),
                    &AddedFields::default(),
                    None
                )
                .is_ok()
        );
        let outcome = poll_fn(|cx| connection.poll_head(&mut HeaderMap::new(), cx)).await;
        assert!(has_request.load(Ordering::Relaxed));
        match answer.is_empty() {
            true => assert!(matches!(outcome, Err(Http1Error::Io(_)))),
            false => {
                assert_eq!(outcome.unwrap().status.as_u16(), 413);
                assert_eq!(connection.make_idle(), IdleState::Closed);
            }
        }
    }
}

#[tokio::test]
async fn a_connection_is_shut_down_unless_its_request_is_incomplete() {
    struct Polite(Arc<AtomicBool>);
    impl AsyncRead for Polite {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }
    impl AsyncWrite for Polite {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(buf.len()))
        }
        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.0.store(true, Ordering::Relaxed);
            Poll::Ready(Ok(()))
        }
    }
    for (is_begun, is_sent) in [(false, false), (true, false), (true, true)] {
        let is_shut_down = Arc::new(AtomicBool::new(false));
        let mut connection =
            Connection::new(Polite(is_shut_down.clone()), MAX_HEAD, Arc::default());
        if is_begun {
            assert!(
                connection
                    .begin(&mut get(), &AddedFields::default(), None)
                    .is_ok()
            );
        }
        if is_sent {
            let head = poll_fn(|cx| connection.poll_head(&mut HeaderMap::new(), cx));
            assert!(head.now_or_never().is_none());
        }
        drop(connection);
        assert_eq!(is_shut_down.load(Ordering::Relaxed), is_sent || !is_begun);
    }
}

#[tokio::test]
async fn bytes_before_the_request_are_not_its_response() {
    let (mut connection, mut origin) = pair(1024);
    origin
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .await
        .unwrap();
    let error = connection
        .begin(&mut get(), &AddedFields::default(), None)
        .err()
        .unwrap();
    assert!(matches!(error, Http1Error::Unsolicited(_)));
    assert!(head(&mut connection).await.is_err());
    drop(connection);
    let mut written = Vec::new();
    origin.read_to_end(&mut written).await.unwrap();
    assert!(written.is_empty());
}

#[tokio::test]
async fn a_connection_that_ends_unused_keeps_the_request_for_another_only_if_it_was_idle() {
    for had_rested in [false, true] {
        let shared = Arc::new(SharedState::default());
        let (ours, origin) = duplex(1024);
        let mut connection = Connection::new(ours, MAX_HEAD, shared.clone());
        if had_rested {
            assert_eq!(connection.check_idle(), IdleState::Open);
        }
        drop(origin);
        if had_rested {
            shared.readable.notified().await;
        }
        let mut request = post(Full::from("abc"));
        let error = connection
            .begin(&mut request, &AddedFields::default(), None)
            .err()
            .unwrap();
        match had_rested {
            true => assert!(matches!(error, Http1Error::ClosedBeforeWrite)),
            false => assert!(matches!(error, Http1Error::NoResponse)),
        }
        assert!(!request.body().is_end_stream());
    }
}

/// An origin that accepts half of each write.
struct Slow(usize);

impl AsyncWrite for Slow {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = buf.len().div_ceil(2);
        self.0 += taken;
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn an_upload_is_not_buffered_without_bound_for_an_origin_that_accepts_half_of_each_write() {
    const FRAMES: usize = 4096;
    let frame = || Ok(Frame::data(Bytes::from_static(&[b'x'; 1024])));
    let body = StreamBody::new(stream::iter((0..FRAMES).map(move |_| frame())));
    let mut request = post(body);
    let body = std::mem::take(request.body_mut());
    let mut writer = RequestWriter::new(&request, &AddedFields::default(), body)
        .unwrap_or_else(|_| unreachable!());
    let mut origin = Slow(0);
    let sent = poll_fn(|cx| writer.poll_send(Pin::new(&mut origin), cx)).await;
    assert!(sent.is_ok());
    assert!(origin.0 > FRAMES * 1024);
    assert!(writer.buffered() < 128 * 1024, "{}", writer.buffered());
}
