//! Speaks HTTP/1 on a stream, in the task of whoever asks: one request and its response at a time,
//! then the connection rests.

use std::{
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::Request;
use http_body::{Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
};

use crate::upload::{ContinueSignal, RequestBody};

use super::{
    Http1Error, exchange::Exchange, idle_waker::IdleWaker, read_buffer::ReadBuffer,
    response_head::ResponseHead,
};

/// A connection that speaks HTTP/1. While it rests it has no buffers.
pub(crate) struct Connection<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    input: ReadBuffer<S>,
    max_head: usize,
    rest: Arc<IdleWaker>,
    past: FirstRequest,
    /// What was seen last. A connection that has ended once does not come back.
    seen: IdleState,
    /// Absent while the connection rests.
    exchange: Option<Exchange>,
}

/// What has been before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum FirstRequest {
    /// Nobody has looked yet whether anything has arrived.
    NotBegun,
    /// The first request has been sent already.
    SentEarly,
    Begun,
}

/// How a connection looks that was asked nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum IdleState {
    Open,
    /// The origin has closed it, or is about to.
    Closed,
    /// It failed, or the origin speaks out of turn.
    Broken,
}

impl<S> Connection<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// A fresh connection, whose response heads may have so many bytes. The reaper is told when
    /// something arrives while it rests.
    pub(crate) fn new(stream: S, max_head: usize, reaper: Arc<Notify>) -> Self {
        Self {
            input: ReadBuffer::new(stream),
            max_head,
            rest: IdleWaker::new(reaper),
            past: FirstRequest::NotBegun,
            seen: IdleState::Open,
            exchange: None,
        }
    }

    /// The first request has been sent already, before the handshake had ended.
    pub(crate) fn already_asked(mut self) -> Self {
        self.past = FirstRequest::SentEarly;
        self
    }

    /// Begins an exchange, which takes the request's body.
    ///
    /// # Errors
    ///
    /// If the connection is closed, or the request makes no sense. Nothing of it has been written.
    /// The request is left whole on a connection that has ended
    /// ([`Http1Error::ClosedBeforeWrite`]), but not on one that was no good from the start: another
    /// would be no better.
    pub(crate) fn begin(
        &mut self,
        request: &mut Request<RequestBody>,
        told: Option<ContinueSignal>,
    ) -> Result<(), Http1Error> {
        let past = mem::replace(&mut self.past, FirstRequest::Begun);
        match past {
            FirstRequest::NotBegun => self.first_look()?,
            // The answer may have come.
            FirstRequest::SentEarly => {}
            FirstRequest::Begun if self.looks() == IdleState::Open => {}
            FirstRequest::Begun => return Err(Http1Error::ClosedBeforeWrite),
        }
        let body = mem::take(request.body_mut());
        let exchange = Exchange::new(request, body, told, self.max_head)?;
        let exchange = self.exchange.insert(exchange);
        if past == FirstRequest::SentEarly {
            exchange.note_sent();
        }
        Ok(())
    }

    /// Sends the request and reads the head of the final response. The request may go on being sent
    /// after that.
    pub(crate) fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<ResponseHead, Http1Error>> {
        match &mut self.exchange {
            Some(exchange) => exchange.poll_head(&mut self.input, cx),
            None => Poll::Ready(Err(Http1Error::ClosedBeforeWrite)),
        }
    }

    /// Sends what can be sent of the request.
    pub(crate) fn poll_request(&mut self, cx: &mut Context<'_>) -> Result<(), Http1Error> {
        match &mut self.exchange {
            Some(exchange) => exchange.send(&mut self.input, cx),
            None => Ok(()),
        }
    }

    /// Sends what is left of the request, and reads the next frame of the response.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Http1Error>>> {
        match &mut self.exchange {
            Some(exchange) => exchange.poll_frame(&mut self.input, cx),
            None => Poll::Ready(None),
        }
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        let exchange = self.exchange.as_ref();
        exchange.map_or_else(|| SizeHint::with_exact(0), Exchange::size_hint)
    }

    /// Whether all of the request has been sent.
    pub(crate) fn is_sent(&self) -> bool {
        self.exchange.as_ref().is_none_or(Exchange::is_sent)
    }

    /// Whether some of the request may still be sent.
    pub(crate) fn is_sending(&self) -> bool {
        self.exchange.as_ref().is_some_and(Exchange::is_sending)
    }

    /// Whether all of the response has been read.
    pub(crate) fn is_answered(&self) -> bool {
        self.exchange.as_ref().is_none_or(Exchange::is_answered)
    }

    /// Whether a byte of the response has come.
    pub(crate) fn is_heard(&self) -> bool {
        self.exchange.as_ref().is_some_and(Exchange::is_heard)
    }

    /// Lays the connection to rest after its exchange, if it may be used again: both sides have
    /// said all that they had to say, and the origin no more than that.
    pub(crate) fn rest(&mut self) -> IdleState {
        let exchange = self.exchange.as_ref();
        if exchange.is_some_and(|exchange| !exchange.leaves_the_connection()) {
            return IdleState::Closed;
        }
        if !self.input.bytes.is_empty() {
            return IdleState::Broken;
        }
        self.exchange = None;
        self.input.release();
        self.listen()
    }

    /// How the connection rests. Asks the stream only if something has arrived.
    pub(crate) fn looks(&mut self) -> IdleState {
        match self.past {
            // What will come is for nobody else.
            FirstRequest::SentEarly => IdleState::Broken,
            FirstRequest::Begun if !self.rest.is_stirred() => self.seen,
            FirstRequest::NotBegun | FirstRequest::Begun => self.listen(),
        }
    }

    #[cfg(test)]
    pub(crate) fn is_stirred(&self) -> bool {
        self.rest.is_stirred()
    }

    #[cfg(test)]
    pub(crate) fn buffered(&self) -> usize {
        self.input.bytes.capacity()
    }

    fn listen(&mut self) -> IdleState {
        if self.seen != IdleState::Open {
            return self.seen;
        }
        self.seen = match self.ask() {
            Poll::Pending => IdleState::Open,
            Poll::Ready(Ok(false)) => IdleState::Closed,
            Poll::Ready(Ok(true) | Err(_)) => IdleState::Broken,
        };
        self.seen
    }

    /// Whoever speaks before it is asked does not speak HTTP, or means to answer a request that it
    /// has not seen.
    fn first_look(&mut self) -> Result<(), Http1Error> {
        match self.ask() {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(true)) => Err(Http1Error::Unasked),
            Poll::Ready(Ok(false)) => Err(Http1Error::Unanswered),
            Poll::Ready(Err(error)) => Err(Http1Error::Io(error)),
        }
    }

    /// Whether something has arrived that was not asked for. If nothing has, the mark is left that
    /// tells when something does.
    fn ask(&mut self) -> Poll<io::Result<bool>> {
        self.past = FirstRequest::Begun;
        let waker = self.rest.waker();
        self.input.poll_unasked(&mut Context::from_waker(&waker))
    }
}

impl<S> Drop for Connection<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Says goodbye, as far as that needs no waiting, unless a request would look whole by it: TLS
    /// has a word for it (RFC 8446 section 6.1). OpenSSL resumes no session that ends without.
    fn drop(&mut self) {
        if self.is_sent() {
            let mut cx = Context::from_waker(Waker::noop());
            let _ = Pin::new(&mut self.input.stream).poll_shutdown(&mut cx);
        }
    }
}
