//! The client's body, of which nothing stays unread on the client's connection.
//!
//! What becomes of a body that is dropped before its end:
//!
//! ```text
//! ClientBody dropped ──┬── at its end, or failed ──────────────────> nothing to do
//!                      ├── of HTTP/2 ──────────────────────────────> the server resets the stream
//!                      ├── it was polled, or no Expect ────────────> discard() in a task at once
//!                      └── unread, the client awaits 100 ──> slot ──> discard() in a task
//!                                                                    once the head was sent
//! discard() ends: end or error of the body, 256 MiB, 30 s in total, 5 s of silence
//! ```
//!
//! A body that has not ended by then is dropped, and the server in front closes the connection.
//!
//! Over HTTP/2, the server sends RST_STREAM with NO_ERROR once the response has ended, which asks
//! the client to stop (RFC 9113 section 8.1). So do nginx, Envoy and Go.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Buf;
use http::{Request, Version, header::EXPECT};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::{runtime::Handle, time::timeout};

use super::stream_end::StreamEnd;

/// How many bytes of a dropped body are discarded.
///
/// More than that costs more than a client that loses its response.
const MAX_DISCARDED: u64 = 256 * 1024 * 1024;

/// How long a dropped body is read. nginx calls this `lingering_time`.
const MAX_DISCARD_TIME: Duration = Duration::from_secs(30);

/// How long the client may be silent meanwhile. nginx calls it `lingering_timeout`.
///
/// Counted for each frame.
const MAX_DISCARD_SILENCE: Duration = Duration::from_secs(5);

/// The body of a client. If that of an HTTP/1 client is dropped before its end, a task reads and
/// discards what the client still sends, within bounds.
///
/// A server that closes a connection with unread bytes resets it (RFC 9112 section 9.6). A client
/// that sends its whole request before it reads would lose the response.
pub(crate) struct ClientBody<B>
where
    B: Body + Send + 'static,
{
    /// Absent after the end.
    ///
    /// Boxed, so that it can be moved into the task.
    body: Option<Pin<Box<B>>>,
    /// Where the body goes if it is dropped unread. Absent once a frame was polled, and if the
    /// client does not wait for 100 (Continue).
    ///
    /// Shared with [`BodyAwaitingContinue`], which the caller keeps until the head was sent.
    awaiting_continue: Option<Arc<DiscardSlot>>,
    /// Absent for a request of HTTP/1. The stream of any other may be reset by either side.
    stream: Option<StreamEnd>,
}

/// The body of a client that waits for 100 (Continue), if it was dropped unread. A task discards it
/// when this is dropped.
///
/// The server in front sends 100 (Continue) if the body is read before the response. So this is
/// dropped only when the head of the response has been sent. A client may send its body by then, if
/// it stopped waiting.
///
/// It is kept in the response's body.
pub(crate) struct BodyAwaitingContinue(Arc<DiscardSlot>);

/// Where the body goes, as the future that discards it.
type DiscardSlot = Mutex<Option<Discarding>>;

type Discarding = Pin<Box<dyn Future<Output = ()> + Send>>;

impl<B> ClientBody<B>
where
    B: Body + Send + 'static,
{
    /// Wraps the body of a request. Also returns where the body goes if it is dropped unread while
    /// the client waits for 100 (Continue).
    ///
    /// A request of HTTP/2 has no such problem: RST_STREAM with NO_ERROR stops its body (RFC 9113
    /// section 8.1).
    pub(crate) fn of(request: Request<B>) -> (Request<Self>, Option<BodyAwaitingContinue>) {
        let is_stream = request.version() > Version::HTTP_11;
        let waits =
            !request.body().is_end_stream() && !is_stream && request.headers().contains_key(EXPECT);
        let awaiting_continue = waits.then(Arc::<DiscardSlot>::default);
        let request = request.map(|body| Self {
            body: (!body.is_end_stream()).then(|| Box::pin(body)),
            awaiting_continue: awaiting_continue.clone(),
            stream: is_stream.then(StreamEnd::default),
        });
        (request, awaiting_continue.map(BodyAwaitingContinue))
    }
}

impl<B> Body for ClientBody<B>
where
    B: Body + Send + 'static,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.awaiting_continue = None;
        let Self { body, stream, .. } = &mut *self;
        let Some(inner) = body else {
            if let Some(stream) = stream {
                ready!(stream.poll_released(cx));
            }
            return Poll::Ready(None);
        };
        if let Some(stream) = stream {
            stream.note_poll(cx);
        }
        let frame = ready!(inner.as_mut().poll_frame(cx));
        let may_be_reset = frame.is_none() && !inner.is_end_stream();
        // After an error, the client sends no more.
        if !matches!(frame, Some(Ok(_))) {
            *body = None;
        }
        match stream {
            Some(stream) if may_be_reset => {
                stream.hold(cx);
                Poll::Pending
            }
            _ => Poll::Ready(frame),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Some(body) => body.is_end_stream(),
            // Not even after the end: whether that counts depends on the response.
            None => !self.stream.as_ref().is_some_and(StreamEnd::may_be_reset),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Some(body) => body.size_hint(),
            None if self.stream.as_ref().is_some_and(StreamEnd::is_held) => SizeHint::default(),
            None => SizeHint::with_exact(0),
        }
    }
}

impl<B> Drop for ClientBody<B>
where
    B: Body + Send + 'static,
{
    fn drop(&mut self) {
        let is_left = |body: &Pin<Box<B>>| !body.is_end_stream();
        let Some(body) = self.body.take().filter(is_left) else {
            return;
        };
        if self.stream.is_some() {
            return;
        }
        match self.awaiting_continue.take() {
            Some(awaiting_continue) => *lock(&awaiting_continue) = Some(Box::pin(discard(body))),
            None => spawn_discard(discard(body)),
        }
    }
}

impl BodyAwaitingContinue {
    /// Whether the body was dropped unread.
    ///
    /// The proxy announces `Connection: close` if so, because the server in front could not read
    /// the next request.
    pub(crate) fn is_unread(&self) -> bool {
        lock(&self.0).is_some()
    }
}

impl Drop for BodyAwaitingContinue {
    fn drop(&mut self) {
        if let Some(discarding) = lock(&self.0).take() {
            spawn_discard(discarding);
        }
    }
}

/// Held for an assignment only, so poisoning is ignored.
fn lock(slot: &DiscardSlot) -> MutexGuard<'_, Option<Discarding>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Discards a body in a task. Without a runtime, there is no server whose connection is at stake.
///
/// The task belongs to no scope: it ends by its own bounds.
fn spawn_discard(discarding: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(discarding);
    }
}

/// Reads and discards the rest of a body, until it ends, fails or reaches a bound.
///
/// A frame beyond the limit ends it; its bytes have been read by then.
async fn discard<B: Body>(mut body: Pin<Box<B>>) {
    let read = async {
        let mut left = MAX_DISCARDED;
        // If a body ends after its response, hyper's server reports the end only with the next
        // request. But it reports at once that no length is left.
        while !body.is_end_stream()
            && let Ok(Some(Ok(frame))) = timeout(MAX_DISCARD_SILENCE, body.frame()).await
        {
            let size = frame.data_ref().map_or(0, |data| data.remaining() as u64);
            match left.checked_sub(size) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    let _ = timeout(MAX_DISCARD_TIME, read).await;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use futures_util::stream;
    use http_body_util::StreamBody;
    use tokio::{
        sync::oneshot,
        time::{Instant, sleep},
    };
    use tokio_test::task;

    use super::*;

    /// A body with a frame of this size after each pause. Also resolves when it is dropped.
    fn endless(
        size: usize,
        pause: Duration,
    ) -> (
        impl Body<Data = Bytes, Error = Infallible> + Send + 'static,
        oneshot::Receiver<()>,
    ) {
        let (sender, dropped) = oneshot::channel();
        let data = Bytes::from(vec![b'x'; size]);
        let frames = stream::unfold(sender, move |sender: oneshot::Sender<()>| {
            let data = data.clone();
            async move {
                sleep(pause).await;
                Some((Ok(Frame::data(data)), sender))
            }
        });
        (StreamBody::new(Box::pin(frames)), dropped)
    }

    /// How long a dropped body is read.
    async fn discarded_for(size: usize, pause: Duration) -> Duration {
        let (body, dropped) = endless(size, pause);
        let (request, awaiting_continue) = ClientBody::of(Request::new(body));
        assert!(awaiting_continue.is_none());
        let start = Instant::now();
        drop(request);
        assert!(dropped.await.is_err());
        start.elapsed()
    }

    /// As hyper's body of a stream that was reset with NO_ERROR.
    #[tokio::test]
    async fn an_end_without_end_stream_counts_at_the_next_poll() {
        for (version, is_stream) in [(Version::HTTP_11, false), (Version::HTTP_2, true)] {
            let body = StreamBody::new(stream::empty::<Result<Frame<Bytes>, Infallible>>());
            let mut request = Request::new(body);
            *request.version_mut() = version;
            let (request, _) = ClientBody::of(request);
            let mut body = request.into_body();
            let mut first = task::spawn(body.frame());
            assert_eq!(first.poll().is_pending(), is_stream);
            assert_eq!(first.is_woken(), is_stream);
            drop(first);
            assert!(body.frame().await.is_none());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_without_end_stream_counts_later_in_another_task() {
        let data = Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"half")));
        let mut request = Request::new(StreamBody::new(stream::iter([data])));
        *request.version_mut() = Version::HTTP_2;
        let (request, _) = ClientBody::of(request);
        let mut body = request.into_body();
        assert!(body.frame().await.is_some());
        let mut last = task::spawn(body.frame());
        for _ in 0..2 {
            assert!(last.poll().is_pending());
            assert!(!last.is_woken());
        }
        assert!(last.await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_body_is_read_for_a_bounded_time() {
        let slow = discarded_for(1, Duration::from_secs(4)).await;
        assert_eq!(slow, MAX_DISCARD_TIME);
        let silent = discarded_for(1, Duration::from_secs(6)).await;
        assert_eq!(silent, MAX_DISCARD_SILENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bounded_number_of_bytes_is_read_of_a_dropped_body() {
        const PIECE: usize = 16 * 1024 * 1024;
        let second = Duration::from_secs(1);
        let pieces = MAX_DISCARDED / PIECE as u64;
        let fast = discarded_for(PIECE, second).await;
        assert_eq!(fast.as_secs(), pieces + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_awaits_continue_is_read_after_the_response() {
        let (body, mut dropped) = endless(1, Duration::from_secs(4));
        let request = Request::post("/").header(EXPECT, "100-continue").body(body);
        let (request, awaiting_continue) = ClientBody::of(request.unwrap());
        let awaiting_continue = awaiting_continue.unwrap();
        assert!(!awaiting_continue.is_unread());
        drop(request);
        assert!(awaiting_continue.is_unread());
        assert!(
            dropped
                .try_recv()
                .is_err_and(|error| error == oneshot::error::TryRecvError::Empty)
        );
        let start = Instant::now();
        drop(awaiting_continue);
        assert!(dropped.await.is_err());
        assert_eq!(start.elapsed(), MAX_DISCARD_TIME);
    }
}
