//! The request body as the pool sends it.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, combinators::UnsyncBoxBody};
use tokio::{sync::oneshot, time::Instant};
use tower::BoxError;

use crate::error::{Error, ErrorKind, Facts, Stage};

use super::expect::GoAhead;

/// A visitor's body of any kind, or none. None is not boxed.
pub(crate) struct RequestBody {
    body: Option<UnsyncBoxBody<Bytes, Error>>,
    progress: Progress,
    /// Ends the body when whoever holds the other end lets go.
    tether: Option<oneshot::Receiver<()>>,
    /// What comes before the first frame.
    go_ahead: Option<GoAhead>,
}

/// How a body is getting on. None is at its end from the start.
#[derive(Clone, Default)]
pub(super) struct Progress(Option<Arc<Marks>>);

#[derive(Default)]
struct Marks {
    /// When a frame was last taken.
    moved_at: Mutex<Option<Instant>>,
    /// The last that was heard of the visitor is that more is to come.
    waiting: AtomicBool,
    ended: AtomicBool,
}

impl Progress {
    fn of_some_body() -> Self {
        Self(Some(Arc::default()))
    }

    /// When a frame was last taken.
    pub(super) fn moved_at(&self) -> Option<Instant> {
        let marks = self.0.as_ref()?;
        *marks.moved_at()
    }

    /// Whether it is the visitor who is waited for.
    pub(super) fn is_waiting(&self) -> bool {
        let marks = self.0.as_ref();
        marks.is_some_and(|marks| marks.waiting.load(Ordering::Relaxed))
    }

    /// Whether the body has been taken to its end.
    pub(super) fn has_ended(&self) -> bool {
        let marks = self.0.as_ref();
        marks.is_none_or(|marks| marks.ended.load(Ordering::Relaxed))
    }

    fn note(&self, frame_is_ready: bool, ended: bool) {
        let Some(marks) = &self.0 else {
            return;
        };
        marks.waiting.store(!frame_is_ready, Ordering::Relaxed);
        if frame_is_ready {
            *marks.moved_at() = Some(Instant::now());
        }
        if ended {
            marks.ended.store(true, Ordering::Relaxed);
        }
    }
}

impl Marks {
    fn moved_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.moved_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RequestBody {
    pub(crate) fn new<B>(body: B) -> Self
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        if body.is_end_stream() {
            return Self {
                body: None,
                progress: Progress::default(),
                tether: None,
                go_ahead: None,
            };
        }
        let body = body
            .map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
            .map_err(spoilt);
        Self {
            body: Some(body.boxed_unsync()),
            progress: Progress::of_some_body(),
            tether: None,
            go_ahead: None,
        }
    }

    /// Keeps the visitor's body unasked until then.
    pub(super) fn wait_for(&mut self, go_ahead: Option<GoAhead>) {
        self.go_ahead = go_ahead;
    }

    /// Ties the body to its exchange: dropped before the body has ended, what is returned ends it with an error. The visitor may
    /// have stopped sending long ago, and nothing else would tell the origin.
    pub(super) fn tie(&mut self) -> Option<oneshot::Sender<()>> {
        self.body.as_ref()?;
        let (sender, receiver) = oneshot::channel();
        self.tether = Some(receiver);
        Some(sender)
    }

    pub(crate) fn empty() -> Self {
        Self::new(Empty::<Bytes>::new())
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

/// The proxy's own word on the body, or else the visitor's failure.
fn spoilt(error: impl Into<BoxError>) -> Error {
    match error.into().downcast::<Error>() {
        Ok(ours) => *ours,
        Err(error) => {
            let facts = Facts::default();
            Error::with_source(ErrorKind::RequestBody, Stage::Send, facts, error)
        }
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
            let facts = Facts::default();
            let error = Error::new(ErrorKind::RequestBody, Stage::Send, facts);
            return Poll::Ready(Some(Err(error)));
        }
        if let Some(waiting) = go_ahead {
            ready!(waiting.as_mut().poll(cx));
            *go_ahead = None;
        }
        let frame = Pin::new(&mut *body).poll_frame(cx);
        // A body of known length is not asked again after its last frame.
        let ended = matches!(frame, Poll::Ready(None)) || body.is_end_stream();
        progress.note(frame.is_ready(), ended);
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(|| SizeHint::with_exact(0), Body::size_hint)
    }
}

impl fmt::Debug for RequestBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestBody(..)")
    }
}
