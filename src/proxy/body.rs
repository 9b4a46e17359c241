//! The response body: the origin's, or a short text of the proxy's own.

use std::{
    fmt, mem,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::runtime::Handle;

use crate::{
    error::{Error, ErrorKind, Facts, Stage},
    pool::{PooledConnection, ResponseBody, explain_body},
    response_diagnosis::PeekedBody,
};

use super::{
    log,
    queue::RequestPermit,
    trailers,
    unread::Shared,
    watch::{Deadline, Watch},
};

/// The body of a proxied response.
pub struct ProxyBody(Source);

enum Source {
    Own(Option<Bytes>),
    /// Boxed, because servers move bodies about.
    Origin(Box<OriginBody>),
    Shared(Shared),
    /// It has failed, which is still to be told.
    Failed(Option<Box<Error>>),
    /// That of a response which has none. The length is not zero: it may be that of the content
    /// which another request would get.
    Nothing,
}

/// The origin's body.
pub(super) struct OriginBody {
    /// The connection, until the body has ended. Dropped before the body, it says why the stream is
    /// closed that the body holds.
    pub(super) lease: Option<PooledConnection>,
    pub(super) body: PeekedBody<ResponseBody>,
    pub(super) watch: Watch,
    /// Whether the client is told trailers (RFC 9110 section 6.5.1).
    pub(super) trailers: bool,
    /// Held for as long as the response is under way.
    pub(super) place: Option<RequestPermit>,
    /// For how long it may be left unread.
    pub(super) patience: Duration,
    /// How many frames have been read, or a few.
    pub(super) read: u8,
}

/// A body that has not ended with so many frames is shared with a task. A server takes as many of
/// them without a client that reads: hyper's has room for 16, and for 400 KiB. Of most responses
/// there is one, and another look where the end is a chunk.
const FRAMES_ALONE: u8 = 2;

impl ProxyBody {
    pub(super) fn own(text: impl Into<Bytes>) -> Self {
        Self(Source::Own(Some(text.into())))
    }

    pub(super) fn empty() -> Self {
        Self(Source::Own(None))
    }

    pub(super) fn origin(body: Box<OriginBody>) -> Self {
        Self(Source::Origin(body))
    }

    /// One of which a server may not even ask for the first frame: a client of HTTP/2 says when
    /// (RFC 9113 section 5.2).
    pub(super) fn origin_of_stream(body: Box<OriginBody>) -> Self {
        let mut source = Source::Origin(body);
        source.share();
        Self(source)
    }

    pub(super) fn nothing() -> Self {
        Self(Source::Nothing)
    }
}

impl Body for ProxyBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let source = &mut self.get_mut().0;
        match source {
            Source::Own(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Source::Origin(body) => {
                let frame = ready!(body.poll_frame(cx));
                if body.lasts() {
                    source.share();
                }
                source.pass(frame, cx)
            }
            Source::Shared(body) => {
                let frame = ready!(body.poll_frame(cx));
                source.pass(frame, cx)
            }
            Source::Failed(error) => Poll::Ready(error.take().map(|error| Err(*error))),
            Source::Nothing => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Own(text) => text.is_none(),
            Source::Origin(body) => body.body.is_end_stream(),
            Source::Shared(body) => body.is_end_stream(),
            Source::Failed(error) => error.is_none(),
            Source::Nothing => true,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Own(text) => SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64),
            Source::Origin(body) => body.body.size_hint(),
            Source::Shared(body) => body.size_hint(),
            Source::Failed(_) | Source::Nothing => SizeHint::default(),
        }
    }
}

impl Source {
    /// Shares the origin's body with a task that takes it from a client who does not read. Outside
    /// of a runtime there is none.
    fn share(&mut self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        *self = match mem::replace(self, Self::Nothing) {
            Self::Origin(body) if body.lease.is_some() => Self::Shared(Shared::new(body, &runtime)),
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
        // Frees the connection, however long the client holds on to the body.
        *self = Self::Failed(Some(Box::new(error)));
        // A server writes what it has when it is told to wait, and forgets it when the body fails.
        // A client that got nothing at all may take the connection for one that was closed while it
        // rested, and ask again, whatever it was.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl OriginBody {
    /// Whether it has just turned out to be one that lasts.
    fn lasts(&mut self) -> bool {
        self.read = self.read.saturating_add(1);
        self.read == FRAMES_ALONE
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(self.poll_next(cx));
        if let Some(Err(error)) = &frame {
            log::cut_off(error);
        }
        Poll::Ready(frame)
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.lease.is_some()
            && let Some(end) = self.watch.end_passed()
        {
            return Poll::Ready(Some(Err(self.stalled(end))));
        }
        let frame = match Pin::new(&mut self.body).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                let deadline = ready!(self.watch.poll_passed(cx));
                return Poll::Ready(Some(Err(self.stalled(deadline))));
            }
        };
        self.watch.moved();
        if frame.is_none() && self.was_cut_short() {
            let kind = ErrorKind::ConnectionClosed;
            let error = Error::new(kind, Stage::Receive, self.give_up());
            return Poll::Ready(Some(Err(error.after_answers())));
        }
        let info = self.lease.as_ref().map(PooledConnection::info);
        let frame = frame.map(|frame| frame.map_err(|error| explain_body(error, info)));
        // hyper knows the end of a body of unknown length only when it has been asked for more.
        let over = frame.is_none() || frame.as_ref().is_some_and(is_trailers);
        if let Some(lease) = self.lease.take_if(|_| matches!(frame, Some(Err(_)))) {
            lease.fail();
        }
        self.finish_at_end(over);
        Poll::Ready(self.without_foul_trailers(frame))
    }

    fn without_foul_trailers(
        &self,
        frame: Option<Result<Frame<Bytes>, Error>>,
    ) -> Option<Result<Frame<Bytes>, Error>> {
        let mut frame = frame?;
        if let Ok(frame) = &mut frame
            && let Some(fields) = frame.trailers_mut()
        {
            if !self.trailers {
                return None;
            }
            trailers::clean(fields);
        }
        Some(frame)
    }

    pub(super) fn stalled(&mut self, deadline: Deadline) -> Error {
        let facts = deadline.added_to(self.give_up());
        Error::new(ErrorKind::TimedOut, Stage::Receive, facts)
    }

    /// Gives the connection up, of which these are the facts: it is closed, and the client sees
    /// that the response has not ended.
    fn give_up(&mut self) -> Facts {
        let lease = self.lease.take();
        lease.map_or_else(Facts::default, |lease| lease.info().facts().clone())
    }

    /// RFC 9113 section 8.1: a stream that is reset is not complete, even where the reset gives no
    /// error as its reason.
    fn was_cut_short(&self) -> bool {
        let http2 = self.lease.as_ref().is_some_and(PooledConnection::is_http2);
        http2 && !self.body.is_end_stream()
    }

    /// Whether the length in the response's head is one line and a number for certain: it was
    /// needed to know where this body ends.
    pub(super) fn has_settled_length(&self) -> bool {
        matches!(self.body.unread(), ResponseBody::Http1(_))
    }

    /// Gives the connection back as soon as there is nothing more to read from it.
    pub(super) fn finish_at_end(&mut self, over: bool) {
        let ended = over || self.body.is_end_stream();
        if let Some(lease) = self.lease.take_if(|_| ended) {
            lease.finish(self.body.unread_mut());
            self.place = None;
        }
    }
}

fn is_trailers(frame: &Result<Frame<Bytes>, Error>) -> bool {
    frame.as_ref().is_ok_and(Frame::is_trailers)
}

impl fmt::Debug for ProxyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Own(_) => f.write_str("ProxyBody(Own)"),
            Source::Origin(_) | Source::Shared(_) | Source::Failed(_) => {
                f.write_str("ProxyBody(Origin)")
            }
            Source::Nothing => f.write_str("ProxyBody(Nothing)"),
        }
    }
}
