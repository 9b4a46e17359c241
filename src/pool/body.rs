//! The request body as the pool sends it.

use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use tower::BoxError;

use crate::error::{Error, ErrorKind, Facts, Stage};

/// A visitor's body of any kind, or none. None is not boxed.
pub(crate) struct RequestBody {
    body: Option<UnsyncBoxBody<Bytes, Error>>,
    progress: Progress,
}

/// Whether a body has been moving.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<AtomicBool>);

impl Progress {
    /// Whether a frame was taken since this was last asked.
    pub(super) fn moved(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
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
            return Self {
                body: None,
                progress,
            };
        }
        let body = body
            .map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())))
            .map_err(|error| {
                let facts = Facts::default();
                Error::with_source(ErrorKind::RequestBody, Stage::Send, facts, error)
            });
        Self {
            body: Some(body.boxed_unsync()),
            progress,
        }
    }

    pub(super) fn progress(&self) -> Progress {
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
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let frame = Pin::new(body).poll_frame(cx);
        if frame.is_ready() {
            self.progress.0.store(true, Ordering::Relaxed);
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
