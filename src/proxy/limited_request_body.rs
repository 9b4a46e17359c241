//! The request body and its limits: size, idle time, trailers.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use pin_project_lite::pin_project;
use tower::BoxError;

use crate::{
    error::{
        Error, ErrorKind, ExceededLimit, ExceededSize, Facts, LimitSource, RequestProblem, Stage,
    },
    upload::{RequestBody, UploadProgress},
};

use super::{
    Limits, deadline::IdleDeadline, min_rate::MinRate, min_upload_rate::MinUploadRate, trailers,
};

pin_project! {
    /// A request body that ends in an error if it is too large or idle for too long. Trailers that
    /// must not pass are removed.
    pub(super) struct LimitedRequestBody<B> {
        #[pin]
        inner: B,
        deadline: IdleDeadline,
        pace: Option<MinUploadRate>,
        left: u64,
        limit: u64,
        progress: UploadProgress,
    }
}

/// Wraps the body of a client for the origin. `track` begins its progress.
pub(super) fn limited<B>(
    limits: &Limits,
    rate: Option<MinRate>,
    track: fn() -> UploadProgress,
    body: B,
) -> RequestBody
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    if body.is_end_stream() {
        return RequestBody::default();
    }
    let progress = track();
    let body = LimitedRequestBody {
        progress: progress.clone(),
        ..LimitedRequestBody::new(limits, rate, body)
    };
    RequestBody::new(body, progress)
}

/// The same body, with frames and errors of one type.
pub(super) fn to_bytes<B>(body: B) -> impl Body<Data = Bytes, Error = BoxError> + Send + 'static
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<BoxError>,
{
    let body =
        body.map_frame(|frame| frame.map_data(|mut data| data.copy_to_bytes(data.remaining())));
    body.map_err(Into::into)
}

impl<B> LimitedRequestBody<B> {
    /// A body that is read before there is a response.
    pub(super) fn new(limits: &Limits, rate: Option<MinRate>, inner: B) -> Self {
        Self {
            inner,
            deadline: IdleDeadline::new(limits.body_idle_timeout, None),
            pace: rate.map(MinUploadRate::new),
            left: limits.max_request_body,
            limit: limits.max_request_body,
            progress: UploadProgress::default(),
        }
    }
}

impl<B> Body for LimitedRequestBody<B>
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
        let mut this = self.project();
        let Poll::Ready(frame) = this.inner.as_mut().poll_frame(cx) else {
            // Once the response has begun, it is too late for a 408, and the client may only read.
            // The idle deadline of the response counts then.
            if this.progress.has_response() {
                this.deadline.restart();
                return Poll::Pending;
            }
            let pace = this.pace.as_mut();
            let too_slow = pace.map_or(Poll::Pending, |pace| pace.poll_too_slow(cx));
            let passed = match too_slow {
                Poll::Ready(passed) => passed,
                Poll::Pending => loop {
                    let passed = ready!(this.deadline.poll_passed(cx));
                    if this.progress.is_client_late() {
                        break passed;
                    }
                    // The timeout of the response counts instead.
                    this.deadline.restart();
                },
            };
            let facts = passed.added_to(Facts::default());
            let error = Error::new(ErrorKind::TimedOut, Stage::Send, facts);
            return Poll::Ready(Some(Err(error)));
        };
        // After the response, no server drops the body of a stream that was reset: an end without
        // END_STREAM could be one. The request is not complete then (RFC 9113 section 8.1).
        if frame.is_none() && this.progress.has_response_ended() && !this.inner.is_end_stream() {
            return Poll::Ready(Some(Err(cut_off())));
        }
        this.deadline.restart();
        if let (Some(pace), Some(Ok(frame))) = (this.pace, &frame) {
            let data = frame.data_ref();
            pace.received(data.map_or(0, |data| data.remaining() as u64));
        }
        Poll::Ready(frame.map(|frame| {
            let before = *this.left;
            let frame = check(frame.map_err(body_error)?, this.left, *this.limit);
            this.progress.note_received(before - *this.left);
            frame
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The error of a body that may have been cut off.
fn cut_off() -> Error {
    let problem = RequestProblem::BodyFailed;
    Error::new(ErrorKind::Request(problem), Stage::Send, Facts::default())
}

/// The error of this crate that a layer in front put into the body, else the client's failure.
fn body_error(error: impl Into<BoxError>) -> Error {
    match error.into().downcast::<Error>() {
        Ok(ours) => *ours,
        Err(error) => {
            let facts = Facts::default();
            Error::with_source(
                ErrorKind::Request(RequestProblem::BodyFailed),
                Stage::Send,
                facts,
                error,
            )
        }
    }
}

fn check<D: Buf>(frame: Frame<D>, left: &mut u64, limit: u64) -> Result<Frame<Bytes>, Error> {
    let mut frame = frame.map_data(|mut data| data.copy_to_bytes(data.remaining()));
    if let Some(trailers) = frame.trailers_mut() {
        trailers::clean(trailers);
    }
    let size = frame.data_ref().map_or(0, |data| data.len() as u64);
    match left.checked_sub(size) {
        Some(remaining) => {
            *left = remaining;
            Ok(frame)
        }
        None => {
            let exceeded = ExceededLimit {
                size: ExceededSize::MoreThanLimit,
                limit,
                source: LimitSource::RequestBody,
            };
            let problem = RequestProblem::BodyTooLarge;
            Err(Error::too_large(problem, Stage::Send, exceeded))
        }
    }
}
