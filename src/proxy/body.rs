//! The response body: the origin's, or a short text of the proxy's own.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::{
    error::{Error, ErrorKind, Facts, Stage},
    pool::{Lease, explain_body},
};

/// The body of a proxied response.
pub struct ProxyBody(Source);

enum Source {
    Own(Option<Bytes>),
    Origin(OriginBody),
}

/// The origin's body, of which some frames may have been read ahead.
pub(super) struct OriginBody {
    pub(super) read_ahead: VecDeque<Result<Frame<Bytes>, hyper::Error>>,
    pub(super) rest: Incoming,
    /// The connection, until the body has ended.
    pub(super) lease: Option<Lease>,
}

impl ProxyBody {
    pub(super) fn own(text: impl Into<Bytes>) -> Self {
        Self(Source::Own(Some(text.into())))
    }

    pub(super) fn empty() -> Self {
        Self(Source::Own(None))
    }

    pub(super) fn origin(body: OriginBody) -> Self {
        Self(Source::Origin(body))
    }
}

impl Body for ProxyBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match &mut self.get_mut().0 {
            Source::Own(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Source::Origin(body) => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Source::Own(text) => text.is_none(),
            Source::Origin(body) => body.read_ahead.is_empty() && body.rest.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Source::Own(text) => SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64),
            Source::Origin(body) => body.size_hint(),
        }
    }
}

impl OriginBody {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = match self.read_ahead.pop_front() {
            Some(frame) => Some(frame),
            None => ready!(Pin::new(&mut self.rest).poll_frame(cx)),
        };
        if frame.is_none() && self.was_cut_short() {
            let facts = self
                .lease
                .take()
                .map_or_else(Facts::default, |lease| lease.info().facts().clone());
            let error = Error::new(ErrorKind::ConnectionClosed, Stage::Receive, facts);
            return Poll::Ready(Some(Err(error)));
        }
        let info = self.lease.as_ref().map(Lease::info);
        let frame = frame.map(|frame| frame.map_err(|error| explain_body(error, info)));
        // hyper knows the end of a body of unknown length only when it has been asked for more.
        let over = frame.is_none() || frame.as_ref().is_some_and(is_trailers);
        if self.read_ahead.is_empty() {
            self.finish_at_end(over);
        }
        Poll::Ready(frame)
    }

    /// RFC 9113 section 8.1: a stream that is reset is not complete, even where the reset gives no error as its reason.
    fn was_cut_short(&self) -> bool {
        let http2 = self.lease.as_ref().is_some_and(Lease::is_http2);
        http2 && !self.rest.is_end_stream()
    }

    /// Gives the connection back as soon as there is nothing more to read from it.
    pub(super) fn finish_at_end(&mut self, over: bool) {
        let ended = over || self.rest.is_end_stream();
        if let Some(lease) = self.lease.take_if(|_| ended) {
            lease.finish();
        }
    }

    fn size_hint(&self) -> SizeHint {
        let ahead: u64 = self.data_ahead().map(|data| data.len() as u64).sum();
        let mut hint = self.rest.size_hint();
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(ahead));
        }
        hint.set_lower(hint.lower().saturating_add(ahead));
        hint
    }

    pub(super) fn data_ahead(&self) -> impl Iterator<Item = &Bytes> {
        let frames = self.read_ahead.iter().flatten();
        frames.filter_map(Frame::data_ref)
    }
}

fn is_trailers(frame: &Result<Frame<Bytes>, Error>) -> bool {
    frame.as_ref().is_ok_and(Frame::is_trailers)
}

impl fmt::Debug for ProxyBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Own(_) => f.write_str("ProxyBody(Own)"),
            Source::Origin(_) => f.write_str("ProxyBody(Origin)"),
        }
    }
}
