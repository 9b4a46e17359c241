//! The response body: the origin's, or a short text of the proxy's own.

use std::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::runtime::Handle;

use crate::{error::Error, observe::ExchangeOutcome, upload::BodyAwaitingContinue};

use super::{origin_body::OriginBody, slow_reader::GuardedBody};

/// The body of a proxied response.
pub struct ProxyBody {
    source: BodySource,
    /// Dropped when the head of the response has been sent.
    awaiting_continue: Option<BodyAwaitingContinue>,
}

enum BodySource {
    Own(Option<Bytes>),
    /// Boxed, because servers move bodies.
    Origin(Box<OriginBody>),
    Guarded(GuardedBody),
    /// The body has failed; the error is not yielded yet.
    Failed(Option<Box<Error>>),
    /// No content. The length is not zero: the head of the response may announce one.
    Nothing,
}

impl ProxyBody {
    fn of(source: BodySource) -> Self {
        Self {
            source,
            awaiting_continue: None,
        }
    }

    pub(in crate::proxy) fn own(text: impl Into<Bytes>) -> Self {
        Self::of(BodySource::Own(Some(text.into())))
    }

    pub(in crate::proxy) fn empty() -> Self {
        Self::of(BodySource::Own(None))
    }

    pub(in crate::proxy) fn origin(body: Box<OriginBody>) -> Self {
        Self::of(BodySource::Origin(body))
    }

    /// The body of an HTTP/2 response, guarded from the start: with no flow-control window, a
    /// server does not ask for the first frame (RFC 9113 section 5.2).
    pub(in crate::proxy) fn origin_of_stream(body: Box<OriginBody>) -> Self {
        let mut source = BodySource::Origin(body);
        source.guard();
        Self::of(source)
    }

    pub(in crate::proxy) fn nothing() -> Self {
        Self::of(BodySource::Nothing)
    }

    /// Puts another body in place of this one, which the client does not get. The exchange counts
    /// as complete.
    pub(in crate::proxy) fn replace(&mut self, body: Self) {
        self.end_record(ExchangeOutcome::Complete);
        self.source = body.source;
    }

    /// Drops the body of a response that the client does not get: another origin is tried.
    pub(crate) fn discard(mut self) {
        self.end_record(ExchangeOutcome::Discarded);
    }

    fn end_record(&mut self, outcome: ExchangeOutcome) {
        match &mut self.source {
            BodySource::Origin(body) => body.record.end(outcome),
            BodySource::Guarded(body) => body.end_record(outcome),
            BodySource::Own(_) | BodySource::Failed(_) | BodySource::Nothing => {}
        }
    }

    /// Calls `hook` if the origin's body is aborted. Drops it when the body has ended, or is
    /// dropped.
    pub(crate) fn on_abort(&mut self, hook: impl FnOnce(&Error) + Send + 'static) {
        match &mut self.source {
            BodySource::Origin(body) if !body.body.is_end_stream() => {
                body.on_abort = Some(Box::new(hook));
            }
            BodySource::Guarded(body) => body.on_abort(Box::new(hook)),
            BodySource::Origin(_)
            | BodySource::Own(_)
            | BodySource::Failed(_)
            | BodySource::Nothing => {}
        }
    }

    /// Discards the client's body that awaits 100 (Continue) when the head of the response is sent.
    pub(crate) fn with_body_awaiting_continue(
        self,
        awaiting_continue: BodyAwaitingContinue,
    ) -> Self {
        Self {
            awaiting_continue: Some(awaiting_continue),
            ..self
        }
    }
}

impl Body for ProxyBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Self {
            source,
            awaiting_continue,
        } = self.get_mut();
        *awaiting_continue = None;
        match source {
            BodySource::Own(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            BodySource::Origin(body) => {
                let frame = ready!(body.poll_frame(cx));
                if body.needs_guard() {
                    source.guard();
                }
                source.pass(frame, cx)
            }
            BodySource::Guarded(body) => {
                let frame = ready!(body.poll_frame(cx));
                source.pass(frame, cx)
            }
            BodySource::Failed(error) => Poll::Ready(error.take().map(|error| Err(*error))),
            BodySource::Nothing => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            BodySource::Own(text) => text.is_none(),
            BodySource::Origin(body) => body.body.is_end_stream(),
            BodySource::Guarded(body) => body.is_end_stream(),
            BodySource::Failed(error) => error.is_none(),
            BodySource::Nothing => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            BodySource::Own(text) => {
                SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64)
            }
            BodySource::Origin(body) => body.body.size_hint(),
            BodySource::Guarded(body) => body.size_hint(),
            BodySource::Failed(_) | BodySource::Nothing => SizeHint::default(),
        }
    }
}

impl BodySource {
    /// Starts the slow-reader guard. Outside of a runtime there is none.
    fn guard(&mut self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        *self = match mem::replace(self, Self::Nothing) {
            Self::Origin(body) if body.connection.is_some() => {
                Self::Guarded(GuardedBody::new(body, &runtime))
            }
            other => other,
        };
    }

    fn pass(
        &mut self,
        frame: Option<Result<Frame<Bytes>, Error>>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(Err(error)) = frame else {
            return Poll::Ready(frame);
        };
        // Drops the body, which frees the connection even if the server keeps this one.
        *self = Self::Failed(Some(Box::new(error)));
        // A server flushes its buffer on `Pending`, and drops it when the body fails. A client that
        // gets nothing at all may take the connection for a closed idle one, and send its request
        // again, even if that is not idempotent.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl fmt::Debug for ProxyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            BodySource::Own(_) => f.write_str("ProxyBody(Own)"),
            BodySource::Origin(_) | BodySource::Guarded(_) | BodySource::Failed(_) => {
                f.write_str("ProxyBody(Origin)")
            }
            BodySource::Nothing => f.write_str("ProxyBody(Nothing)"),
        }
    }
}
