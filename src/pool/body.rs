//! The request body as the pool sends it.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Empty, combinators::UnsyncBoxBody};
use tokio::sync::oneshot;
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

/// How a body is getting on.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<Marks>);

#[derive(Default)]
struct Marks {
    /// A frame was taken since this was last asked.
    moved: AtomicBool,
    /// The last that was heard of the visitor is that more is to come.
    waiting: AtomicBool,
    ended: AtomicBool,
}

impl Progress {
    /// Whether a frame was taken since this was last asked.
    pub(super) fn moved(&self) -> bool {
        self.0.moved.swap(false, Ordering::Relaxed)
    }

    /// Whether it is the visitor who is waited for.
    pub(super) fn is_waiting(&self) -> bool {
        self.0.waiting.load(Ordering::Relaxed)
    }

    /// Whether the body has been taken to its end.
    pub(super) fn has_ended(&self) -> bool {
        self.0.ended.load(Ordering::Relaxed)
    }

    fn note(&self, ready: bool) {
        self.0.waiting.store(!ready, Ordering::Relaxed);
        if ready {
            self.0.moved.store(true, Ordering::Relaxed);
        }
    }
}

impl RequestBody {
    pub(crate) fn new<B>(body: B) -> Self
    where
        B: Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<BoxError>,
    {
        let progress = Progress::default();
        if body.is_end_stream() {
            progress.0.ended.store(true, Ordering::Relaxed);
            return Self {
                body: None,
                progress,
                tether: None,
                go_ahead: None,
            };
        }
        let body = body
            .map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
            .map_err(spoilt);
        Self {
            body: Some(body.boxed_unsync()),
            progress,
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
        progress.note(frame.is_ready());
        // A body of known length is not asked again after its last frame.
        if matches!(frame, Poll::Ready(None)) || body.is_end_stream() {
            progress.0.ended.store(true, Ordering::Relaxed);
        }
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
