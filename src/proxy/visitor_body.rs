//! The visitor's body, within its limits.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower::BoxError;

use crate::error::{Error, ErrorKind, Facts, Stage};

use super::{limits::Limits, trailers, watch::Watch};

pin_project! {
    /// A body that may neither grow too large nor keep silent too long, and whose trailers are clean.
    pub(super) struct VisitorBody<B> {
        #[pin]
        inner: B,
        watch: Watch,
        left: u64,
    }
}

impl<B> VisitorBody<B> {
    pub(super) fn new(inner: B, limits: &Limits) -> Self {
        Self {
            inner,
            watch: Watch::new(limits.body_idle, None),
            left: limits.request_body,
        }
    }
}

impl<B> Body for VisitorBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let this = self.project();
        let Poll::Ready(frame) = this.inner.poll_frame(cx) else {
            let deadline = ready!(this.watch.poll_passed(cx));
            let facts = Facts {
                deadline: Some(deadline.after),
                ..Facts::default()
            };
            let error = Error::new(ErrorKind::TimedOut, Stage::Send, facts);
            return Poll::Ready(Some(Err(error.into())));
        };
        this.watch.moved();
        Poll::Ready(frame.map(|frame| judge(frame.map_err(Into::into)?, this.left)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn judge<D: Buf>(mut frame: Frame<D>, left: &mut u64) -> Result<Frame<D>, BoxError> {
    if let Some(trailers) = frame.trailers_mut() {
        trailers::clean(trailers);
    }
    let size = frame.data_ref().map_or(0, |data| data.remaining() as u64);
    match left.checked_sub(size) {
        Some(rest) => {
            *left = rest;
            Ok(frame)
        }
        None => {
            let kind = ErrorKind::RequestBodyTooLarge;
            Err(Error::new(kind, Stage::Send, Facts::default()).into())
        }
    }
}
