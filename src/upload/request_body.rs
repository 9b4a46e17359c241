//! The request body as the pool sends it, and how far the upload has come.
//!
//! [`UploadProgress`] is the side channel of a body that was given to an exchange. Each fact in it
//! is an atomic, or is set once, so it can be read while another task polls the body:
//!
//! | who asks | what |
//! |---|---|
//! | timeouts | when the body last returned a frame, and whether the client is the slower one |
//! | the response's body | whether the origin has answered while the client still sends |
//! | the log | how many bytes were received |
//! | an error | whether the client's body was the cause |

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::time::Instant;

use crate::error::{Error, ErrorKind, Facts, RequestProblem, Stage};

use super::{
    expect_continue::ContinueWait,
    replay::{Replay, ReplayBody, Superseded},
};

/// A client's request body, or none. The default is no body, which needs no allocation.
#[derive(Default)]
pub(crate) struct RequestBody {
    body: Option<ReplayBody>,
    progress: UploadProgress,
    /// The wait for 100 (Continue), before the first frame.
    continue_wait: Option<ContinueWait>,
}

/// How far an upload has come. Shared by the body and the timeouts that watch it.
#[derive(Clone, Default)]
pub(crate) struct UploadProgress(Option<Arc<Tracked>>);

/// What is recorded of one body.
#[derive(Default)]
struct Tracked {
    /// When the body last returned a frame. `None` before the first.
    last_frame_at: Mutex<Option<Instant>>,
    /// The last poll returned `Pending`.
    ///
    /// The body may still be sent to the origin then; it says that the client is the slower one.
    awaits_client: AtomicBool,
    /// The body waits for 100 (Continue).
    awaits_continue: AtomicBool,
    /// The origin has sent the head of its response.
    has_response: AtomicBool,
    /// The error that the body failed with.
    ///
    /// It is the client's fault or the proxy's limit, and takes precedence over what the origin's
    /// side reports as a consequence.
    failure: OnceLock<Error>,
    /// The bytes that were read from the client.
    ///
    /// HTTP framing does not count, and the bytes are those that the server in front has decoded.
    received: AtomicU64,
}

impl UploadProgress {
    /// The progress of a body that has not been polled. The default value tracks nothing.
    ///
    /// The body shares it; clones are cheap.
    pub(crate) fn tracked() -> Self {
        Self(Some(Arc::default()))
    }

    /// Whether there is a body to track.
    ///
    /// False for a request without content.
    pub(crate) fn is_tracked(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the origin has sent the head of its response. The client may have stopped sending to
    /// read it.
    pub(crate) fn has_response(&self) -> bool {
        let tracked = self.0.as_ref();
        tracked.is_some_and(|tracked| tracked.has_response.load(Ordering::Relaxed))
    }

    /// Records the head of the origin's response.
    pub(crate) fn note_response(&self) {
        if let Some(tracked) = &self.0 {
            tracked.has_response.store(true, Ordering::Relaxed);
        }
    }

    /// The error that the body failed with.
    ///
    /// `None` while the body is healthy, and if it is not tracked.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.0.as_ref()?.failure.get().cloned()
    }

    /// Records the error that the body failed with.
    fn note_failure(&self, error: &Error) {
        if let Some(tracked) = &self.0 {
            // The first error counts: a body fails once.
            let _ = tracked.failure.set(error.clone());
        }
    }

    /// When the body last returned a frame.
    ///
    /// `None` before the first frame: the wait for 100 (Continue) does not count as movement.
    pub(crate) fn last_frame_at(&self) -> Option<Instant> {
        let tracked = self.0.as_ref()?;
        *tracked.last_frame_at()
    }

    /// The number of bytes that were read from the client. Replays do not count.
    pub(crate) fn received(&self) -> u64 {
        let tracked = self.0.as_ref();
        tracked.map_or(0, |tracked| tracked.received.load(Ordering::Relaxed))
    }

    /// Counts bytes that were read from the client.
    pub(crate) fn note_received(&self, bytes: u64) {
        if let Some(tracked) = &self.0 {
            tracked.received.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Whether the body waits for 100 (Continue), for as long as it does by itself.
    pub(crate) fn awaits_continue(&self) -> bool {
        let tracked = self.0.as_ref();
        tracked.is_some_and(|tracked| tracked.awaits_continue.load(Ordering::Relaxed))
    }

    fn note_continue_wait(&self, waits: bool) {
        if let Some(tracked) = &self.0 {
            tracked.awaits_continue.store(waits, Ordering::Relaxed);
        }
    }

    /// Whether the upload waits for the client rather than for the origin.
    pub(crate) fn awaits_client(&self) -> bool {
        let tracked = self.0.as_ref();
        tracked.is_some_and(|tracked| tracked.awaits_client.load(Ordering::Relaxed))
    }

    /// Records a poll of the client's body.
    ///
    /// Called after each poll of the client's body, and not while 100 (Continue) is awaited.
    fn note_poll(&self, is_ready: bool) {
        let Some(tracked) = &self.0 else {
            return;
        };
        tracked.awaits_client.store(!is_ready, Ordering::Relaxed);
        if is_ready {
            *tracked.last_frame_at() = Some(Instant::now());
        }
    }
}

impl Tracked {
    fn last_frame_at(&self) -> MutexGuard<'_, Option<Instant>> {
        let last_frame_at = self.last_frame_at.lock();
        last_frame_at.unwrap_or_else(PoisonError::into_inner)
    }
}

impl RequestBody {
    /// Wraps a client's body, and records its progress.
    pub(crate) fn new<B>(body: B, progress: UploadProgress) -> Self
    where
        B: Body<Data = Bytes, Error = Error> + Send + 'static,
    {
        let body = ReplayBody::new(body.boxed_unsync());
        Self::with_replay_body(body, progress)
    }

    /// A body that waits for nothing.
    fn with_replay_body(body: ReplayBody, progress: UploadProgress) -> Self {
        Self {
            body: Some(body),
            progress,
            continue_wait: None,
        }
    }

    /// Keeps up to `limit` bytes of what is read from now on. `None` if there is no body.
    ///
    /// Call it before the body is given to an exchange.
    pub(crate) fn keep_replay(&self, limit: usize) -> Option<Replay> {
        self.body.as_ref().map(|body| body.keep(limit))
    }

    /// The same body from its start, or `None` if the replay is incomplete.
    ///
    /// Supersedes the attempt before, whose body fails from then on.
    pub(crate) fn replayed(replay: &Replay, progress: UploadProgress) -> Option<Self> {
        Some(Self::with_replay_body(replay.restart()?, progress))
    }

    /// Delays the first poll of the client's body until `wait` completes.
    ///
    /// The client's body is not polled meanwhile, so the server in front sends no 100 (Continue).
    pub(crate) fn wait_for_continue(&mut self, wait: Option<ContinueWait>) {
        self.progress.note_continue_wait(wait.is_some());
        self.continue_wait = wait;
    }

    /// The progress of this body.
    pub(crate) fn progress(&self) -> UploadProgress {
        self.progress.clone()
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Self {
            body,
            progress,
            continue_wait,
        } = &mut *self;
        let Some(body) = body else {
            return Poll::Ready(None);
        };
        if let Some(wait) = continue_wait {
            ready!(wait.as_mut().poll(cx));
            // Dropped here, so that `ContinueSignal::is_awaited` is false.
            *continue_wait = None;
            progress.note_continue_wait(false);
        }
        let frame = match body.poll_frame(cx) {
            Ok(frame) => frame,
            Err(Superseded) => return Poll::Ready(Some(Err(abandoned()))),
        };
        progress.note_poll(frame.is_ready());
        if let Poll::Ready(Some(Err(error))) = &frame {
            progress.note_failure(error);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(ReplayBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), ReplayBody::size_hint)
    }
}

/// The error of a body whose exchange was given up.
///
/// It is seen by an exchange that was given up, and by nothing else.
fn abandoned() -> Error {
    Error::new(
        ErrorKind::Request(RequestProblem::BodyFailed),
        Stage::Send,
        Facts::default(),
    )
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestBody(..)")
    }
}
