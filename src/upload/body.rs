//! The request body as the pool sends it.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::{sync::oneshot, time::Instant};

use crate::error::{Error, ErrorKind, Facts, Stage};

use super::{
    expect_continue::ContinueWait,
    replay::{Replay, Replayable, Superseded},
};

/// A client's body, or none. None is not boxed.
#[derive(Default)]
pub(crate) struct RequestBody {
    body: Option<Replayable>,
    progress: UploadProgress,
    /// Ends the body when whoever holds the other end lets go.
    tether: Option<oneshot::Receiver<()>>,
    /// What comes before the first frame.
    go_ahead: Option<ContinueWait>,
}

/// How a body is getting on, if there is one.
#[derive(Clone, Default)]
pub(crate) struct UploadProgress(Option<Arc<Marks>>);

#[derive(Default)]
struct Marks {
    /// When a frame was last taken.
    moved_at: Mutex<Option<Instant>>,
    /// The last that was heard of the client is that more is to come.
    waiting: AtomicBool,
    /// The head of the response is there.
    answered: AtomicBool,
    /// What the body ended with where that was an error.
    failure: OnceLock<Error>,
}

impl UploadProgress {
    /// That of a body of which nothing was taken.
    pub(crate) fn of_some_body() -> Self {
        Self(Some(Arc::default()))
    }

    /// Whether the origin has answered: it may be the client's turn to listen.
    pub(crate) fn is_answered(&self) -> bool {
        let marks = self.0.as_ref();
        marks.is_some_and(|marks| marks.answered.load(Ordering::Relaxed))
    }

    pub(crate) fn note_answer(&self) {
        if let Some(marks) = &self.0 {
            marks.answered.store(true, Ordering::Relaxed);
        }
    }

    /// What the body ended with where that was an error. Over HTTP/2, hyper keeps it to itself.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.0.as_ref()?.failure.get().cloned()
    }

    fn note_failure(&self, error: &Error) {
        if let Some(marks) = &self.0 {
            // A body fails once.
            let _ = marks.failure.set(error.clone());
        }
    }

    /// When a frame was last taken.
    pub(crate) fn moved_at(&self) -> Option<Instant> {
        let marks = self.0.as_ref()?;
        *marks.moved_at()
    }

    /// Whether it is the client who is waited for.
    pub(crate) fn is_waiting(&self) -> bool {
        let marks = self.0.as_ref();
        marks.is_some_and(|marks| marks.waiting.load(Ordering::Relaxed))
    }

    fn note(&self, frame_is_ready: bool) {
        let Some(marks) = &self.0 else {
            return;
        };
        marks.waiting.store(!frame_is_ready, Ordering::Relaxed);
        if frame_is_ready {
            *marks.moved_at() = Some(Instant::now());
        }
    }
}

impl Marks {
    fn moved_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.moved_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RequestBody {
    /// A body that may know of its own progress.
    pub(crate) fn new<B>(body: B, progress: UploadProgress) -> Self
    where
        B: Body<Data = Bytes, Error = Error> + Send + 'static,
    {
        Self {
            body: Some(Replayable::new(body.boxed_unsync())),
            progress,
            tether: None,
            go_ahead: None,
        }
    }

    /// Keeps as much of what is read of it as `limit`; nothing is to be kept of a body that is
    /// none.
    pub(crate) fn keep(&self, limit: usize) -> Option<Replay> {
        self.body.as_ref().map(|body| body.keep(limit))
    }

    /// The same body from its start, if it is still there.
    pub(crate) fn again(replay: &Replay, progress: UploadProgress) -> Option<Self> {
        Some(Self {
            body: Some(replay.again()?),
            progress,
            tether: None,
            go_ahead: None,
        })
    }

    /// Keeps the client's body unasked until then.
    pub(crate) fn wait_for(&mut self, go_ahead: Option<ContinueWait>) {
        self.go_ahead = go_ahead;
    }

    /// Ties the body to its exchange: dropped before the body has ended, what is returned ends it
    /// with an error. The client may have stopped sending long ago, and nothing else would tell the
    /// origin.
    pub(crate) fn tie(&mut self) -> Option<oneshot::Sender<()>> {
        self.body.as_ref()?;
        let (sender, receiver) = oneshot::channel();
        self.tether = Some(receiver);
        Some(sender)
    }

    /// Undoes that: an exchange over HTTP/1 holds the body itself.
    pub(crate) fn untie(&mut self) {
        self.tether = None;
    }

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
            tether,
            go_ahead,
        } = &mut *self;
        let Some(body) = body else {
            return Poll::Ready(None);
        };
        if let Some(tether) = tether
            && Pin::new(tether).poll(cx).is_ready()
        {
            return Poll::Ready(Some(Err(given_up())));
        }
        if let Some(waiting) = go_ahead {
            ready!(waiting.as_mut().poll(cx));
            *go_ahead = None;
        }
        let frame = match body.poll_frame(cx) {
            Ok(frame) => frame,
            Err(Superseded) => return Poll::Ready(Some(Err(given_up()))),
        };
        progress.note(frame.is_ready());
        if let Poll::Ready(Some(Err(error))) = &frame {
            progress.note_failure(error);
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Replayable::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Replayable::size_hint)
    }
}

/// What the body of an exchange ends with that nobody waits for any more.
fn given_up() -> Error {
    Error::new(ErrorKind::RequestBody, Stage::Send, Facts::default())
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestBody(..)")
    }
}
