//! The client's body, within its limits.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower::BoxError;

use crate::{
    error::{Error, ErrorKind, Facts, RequestBodyProblem, Stage},
    upload::{RequestBody, UploadProgress},
};

use super::{Limits, trailers, watch::Watch};

pin_project! {
    /// A body that may neither grow too large nor keep silent too long, and whose trailers are
    /// clean.
    struct DownstreamBody<B> {
        #[pin]
        inner: B,
        watch: Watch,
        left: u64,
        progress: UploadProgress,
    }
}

/// The body as it goes to the origin.
pub(super) fn within<B>(limits: &Limits, body: B) -> RequestBody
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    if body.is_end_stream() {
        return RequestBody::default();
    }
    let progress = UploadProgress::tracked();
    let body = DownstreamBody {
        inner: body,
        watch: Watch::new(limits.body_idle_timeout, None),
        left: limits.max_request_body,
        progress: progress.clone(),
    };
    RequestBody::new(body, progress)
}

impl<B> Body for DownstreamBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.project();
        let Poll::Ready(frame) = this.inner.poll_frame(cx) else {
            // Once there is an answer, the client may only listen, and it is too late for a 408:
            // the origin's silence is what counts.
            if this.progress.has_response() {
                this.watch.moved();
                return Poll::Pending;
            }
            let deadline = ready!(this.watch.poll_passed(cx));
            let facts = deadline.added_to(Facts::default());
            let error = Error::new(ErrorKind::TimedOut, Stage::Send, facts);
            return Poll::Ready(Some(Err(error)));
        };
        this.watch.moved();
        Poll::Ready(frame.map(|frame| judge(frame.map_err(spoilt)?, this.left)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The word of a layer of ours on the body, or else the client's failure.
fn spoilt(error: impl Into<BoxError>) -> Error {
    match error.into().downcast::<Error>() {
        Ok(ours) => *ours,
        Err(error) => {
            let facts = Facts::default();
            Error::with_source(
                ErrorKind::RequestBody(RequestBodyProblem::Failed),
                Stage::Send,
                facts,
                error,
            )
        }
    }
}

fn judge<D: Buf>(frame: Frame<D>, left: &mut u64) -> Result<Frame<Bytes>, Error> {
    let mut frame = frame.map_data(|mut data| data.copy_to_bytes(data.remaining()));
    if let Some(trailers) = frame.trailers_mut() {
        trailers::clean(trailers);
    }
    let size = frame.data_ref().map_or(0, |data| data.len() as u64);
    match left.checked_sub(size) {
        Some(rest) => {
            *left = rest;
            Ok(frame)
        }
        None => {
            let kind = ErrorKind::RequestBody(RequestBodyProblem::TooLarge);
            Err(Error::new(kind, Stage::Send, Facts::default()))
        }
    }
}
