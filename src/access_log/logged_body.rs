//! The body of a logged response.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::observe::ExchangeOutcome;

use super::pending_entry::PendingEntry;

pin_project! {
    /// The body of a response that is logged when the body is dropped.
    pub struct LoggedBody<B> {
        // Dropped first, as above.
        #[pin]
        inner: B,
        pending: Option<PendingEntry>,
    }
}

impl<B> LoggedBody<B> {
    pub(super) fn new(inner: B, pending: Option<PendingEntry>) -> Self {
        Self { inner, pending }
    }
}

impl<B: Body> Body for LoggedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        if let Some(pending) = this.pending {
            let entry = &mut pending.entry;
            match &frame {
                Some(Ok(frame)) => entry.add_bytes(frame.data_ref().map_or(0, Buf::remaining)),
                Some(Err(_)) => entry.end(ExchangeOutcome::Failed),
                None => entry.end(ExchangeOutcome::Complete),
            }
            if this.inner.is_end_stream() {
                entry.end(ExchangeOutcome::Complete);
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B: Default> Default for LoggedBody<B> {
    /// An empty body, which is not logged.
    fn default() -> Self {
        Self {
            inner: B::default(),
            pending: None,
        }
    }
}

impl<B> fmt::Debug for LoggedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoggedBody").finish_non_exhaustive()
    }
}
