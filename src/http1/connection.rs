//! An HTTP/1 connection: one request and its response at a time, then idle.
//!
//! The connection decides *when* the stream may be used: whether it takes a request, whose bytes
//! the arriving ones are, and how it is closed. What is written and read is decided by
//! [`Exchange`](super::exchange::Exchange).
//!
//! Who wakes whom: during an exchange, the stream holds the waker of the task that polls the
//! exchange. On an idle connection it holds the [`IdleWaker`], and no task waits. Each poll of the
//! stream replaces the earlier waker, so the two never mix.

use std::{
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::upload::{ContinueSignal, RequestBody};

use super::{
    AddedFields, Http1Error, UnexpectedBytes, exchange::Exchange, head_builder::ResponseHead,
    idle_waker::IdleWaker, read_buffer::ReadBuffer, shared_state::SharedState,
};

/// An HTTP/1 connection. It holds no buffers while it is idle.
///
/// The caller drives it: [`begin`](Self::begin), then [`poll_head`](Self::poll_head), then
/// [`poll_frame`](Self::poll_frame) until the end, then [`make_idle`](Self::make_idle). Dropping it
/// closes the stream.
pub(crate) struct Connection<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// The stream, and the bytes read from it.
    ///
    /// It is polled with the idle waker in between exchanges, and with the task's waker during one.
    input: ReadBuffer<S>,
    /// The limit of a response head in bytes.
    ///
    /// Interim responses count, too: the heads of one exchange together stay within it.
    max_head: usize,
    /// Sets a flag and notifies the reaper when the idle stream becomes readable.
    idle_waker: Arc<IdleWaker>,
    /// Decides what bytes mean that arrive before anything was sent.
    first_request: FirstRequest,
    /// The last known idle state. `Closed` and `Broken` are final.
    ///
    /// `Open` may be outdated: only a poll of the stream shows an end that has arrived since.
    idle_state: IdleState,
    /// Absent while the connection is idle.
    exchange: Option<Exchange>,
}

/// Whether a request has been sent on this connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum FirstRequest {
    /// None has. The stream has not been polled for bytes yet.
    ///
    /// An origin that speaks first now is no HTTP/1 server, or the stream was used by someone else
    /// before.
    NotBegun,
    /// TLS early data carried the first one. Its response may arrive at any time.
    ///
    /// [`Connection::begin`] then encodes the request only to check it, and marks it as sent.
    SentEarly,
    /// At least one has, or the stream was polled for bytes.
    Begun,
}

/// The state of a connection without an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum IdleState {
    /// The connection takes a request.
    Open,
    /// The origin has closed it, or is about to.
    Closed,
    /// The stream failed, or the origin sent bytes without a request.
    Broken,
}

impl<S> Connection<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Starts HTTP/1 on a new stream. A response head may have up to `max_head` bytes. `shared`
    /// is notified when an idle connection becomes readable.
    ///
    /// Neither polls the stream nor allocates a buffer, so a connection that is never used costs
    /// nothing.
    pub(crate) fn new(stream: S, max_head: usize, shared: Arc<SharedState>) -> Self {
        Self {
            input: ReadBuffer::new(stream),
            max_head,
            idle_waker: IdleWaker::new(shared),
            first_request: FirstRequest::NotBegun,
            idle_state: IdleState::Open,
            exchange: None,
        }
    }

    /// Declares that TLS early data carried the first request.
    pub(crate) fn request_already_sent(mut self) -> Self {
        self.first_request = FirstRequest::SentEarly;
        self
    }

    /// Begins an exchange with the added fields, and takes the request's body.
    ///
    /// # Errors
    ///
    /// [`Http1Error::ClosedBeforeWrite`] if an idle connection has ended. The request keeps its
    /// body, so that it can be sent on another connection.
    ///
    /// Another error if a new connection was unusable from the start, or the request cannot be
    /// encoded. A retry would fail in the same way. In all cases nothing has been written.
    pub(crate) fn begin(
        &mut self,
        request: &mut Request<RequestBody>,
        added: &AddedFields,
        continue_signal: Option<ContinueSignal>,
    ) -> Result<(), Http1Error> {
        let first_request = mem::replace(&mut self.first_request, FirstRequest::Begun);
        match first_request {
            FirstRequest::NotBegun => self.check_new()?,
            // Readable bytes are the response.
            FirstRequest::SentEarly => {}
            FirstRequest::Begun if self.check_idle() == IdleState::Open => {}
            FirstRequest::Begun => return Err(Http1Error::ClosedBeforeWrite),
        }
        let body = mem::take(request.body_mut());
        let exchange = Exchange::new(request, added, body, continue_signal, self.max_head)?;
        let exchange = self.exchange.insert(exchange);
        match first_request {
            FirstRequest::NotBegun => {}
            FirstRequest::SentEarly => exchange.request_already_sent(),
            FirstRequest::Begun => exchange.on_open_connection(),
        }
        Ok(())
    }

    /// Sends the request and reads the head of the final response. The rest of the request may be
    /// sent after that. A success takes the memory of `map`, the fields of the request.
    ///
    /// Cancellation: a caller that stops polling must drop the connection. A part of the request
    /// may have been written, and no other request can follow it.
    ///
    /// EOF before the final head is [`Http1Error::NoResponse`] if no byte has arrived, and
    /// [`Http1Error::Incomplete`] after that. Only the first may be retried.
    pub(crate) fn poll_head(
        &mut self,
        map: &mut HeaderMap,
        cx: &mut Context<'_>,
    ) -> Poll<Result<ResponseHead, Http1Error>> {
        let shared = self.idle_waker.shared();
        match &mut self.exchange {
            Some(exchange) => exchange.poll_head(&mut self.input, shared, map, cx),
            None => Poll::Ready(Err(Http1Error::ClosedBeforeWrite)),
        }
    }

    /// Sends as much of the request as the stream accepts.
    ///
    /// Does not read. It is used while the client has no room for more of the response, so that the
    /// request still makes progress.
    ///
    /// Fails as [`poll_head`](Self::poll_head) does for the request: if its body fails or has
    /// another length than announced. A write error is no failure here, because the response may be
    /// there.
    pub(super) fn poll_request(&mut self, cx: &mut Context<'_>) -> Result<(), Http1Error> {
        match &mut self.exchange {
            Some(exchange) => exchange.send(&mut self.input, cx),
            None => Ok(()),
        }
    }

    /// Sends the rest of the request after the end of the response. Ready when it is sent.
    ///
    /// # Errors
    ///
    /// Fails if the body or the stream fails, or if the origin closes the connection or sends more
    /// than its response. It reads no more of the request then (RFC 9112 section 9.6).
    pub(super) fn poll_rest_of_request(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Http1Error>> {
        self.poll_request(cx)?;
        if !self.is_sending() {
            return Poll::Ready(Ok(()));
        }
        match ready!(self.input.poll_unsolicited(cx)) {
            Ok(Some(bytes)) => Poll::Ready(Err(Http1Error::Unsolicited(bytes))),
            Ok(None) => Poll::Ready(Err(Http1Error::Incomplete)),
            Err(error) => Poll::Ready(Err(Http1Error::Io(error))),
        }
    }

    /// Sends the rest of the request, and reads the next frame of the response.
    ///
    /// `None` is the end of the content. After an error it returns `None`, and the connection
    /// cannot be reused.
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Http1Error>>> {
        match &mut self.exchange {
            Some(exchange) => exchange.poll_frame(&mut self.input, cx),
            None => Poll::Ready(None),
        }
    }

    /// The size of the response content that is still to come.
    pub(super) fn size_hint(&self) -> SizeHint {
        let exchange = self.exchange.as_ref();
        exchange.map_or_else(|| SizeHint::with_exact(0), Exchange::size_hint)
    }

    /// The stream. It must not be polled by the caller.
    pub(crate) fn stream_mut(&mut self) -> &mut S {
        &mut self.input.stream
    }

    /// Whether the whole request has been sent.
    ///
    /// Also true without an exchange: nothing is unsent on an idle connection.
    pub(crate) fn is_sent(&self) -> bool {
        self.exchange.as_ref().is_none_or(Exchange::is_sent)
    }

    /// Whether the rest of the request is still being sent.
    pub(super) fn is_sending(&self) -> bool {
        self.exchange.as_ref().is_some_and(Exchange::is_sending)
    }

    /// Whether the whole response has been read.
    pub(super) fn is_complete(&self) -> bool {
        self.exchange.as_ref().is_none_or(Exchange::is_complete)
    }

    /// Whether any byte of the response has been read.
    ///
    /// A request whose response has begun must not be retried: the origin has processed it. False
    /// without an exchange.
    pub(crate) fn received_any(&self) -> bool {
        self.exchange.as_ref().is_some_and(Exchange::received_any)
    }

    /// Ends the exchange and frees the buffers, if the connection can be reused.
    ///
    /// Returns `Closed` if request or response are incomplete or the head forbids reuse, and
    /// `Broken` if the origin sent more than the response.
    ///
    /// On `Closed` and `Broken`, the caller drops the connection. On `Open`, the idle waker is
    /// registered with the stream, and the caller may put the connection into the pool.
    pub(crate) fn make_idle(&mut self) -> IdleState {
        let exchange = self.exchange.as_ref();
        if exchange.is_some_and(|exchange| !exchange.permits_reuse()) {
            return IdleState::Closed;
        }
        if !self.input.bytes.is_empty() {
            return IdleState::Broken;
        }
        self.exchange = None;
        self.input.release();
        self.poll_idle_state()
    }

    /// Whether an idle connection is still open. Polls the stream only if it became readable.
    ///
    /// Costs an atomic load if nothing has happened, which is nearly always. A wake-up without an
    /// end is common, too: TLS 1.3 session tickets make the stream readable, and the poll finds no
    /// bytes.
    pub(crate) fn check_idle(&mut self) -> IdleState {
        match self.first_request {
            // The response to the early request arrives here, and only that request may read it.
            FirstRequest::SentEarly => IdleState::Broken,
            FirstRequest::Begun if !self.idle_waker.is_readable() => self.idle_state,
            FirstRequest::NotBegun | FirstRequest::Begun => self.poll_idle_state(),
        }
    }

    /// Whether [`check_idle`](Self::check_idle) may find that the connection is not open. Polls
    /// nothing.
    ///
    /// The pool calls it under its lock, where a stream must not be polled.
    pub(crate) fn needs_idle_check(&self) -> bool {
        let is_known_open =
            self.first_request == FirstRequest::Begun && self.idle_state == IdleState::Open;
        !is_known_open || self.idle_waker.is_readable()
    }

    /// Whether the idle waker was woken.
    #[cfg(test)]
    pub(super) fn is_readable(&self) -> bool {
        self.idle_waker.is_readable()
    }

    /// The capacity of the read buffer.
    #[cfg(test)]
    pub(super) fn buffered(&self) -> usize {
        self.input.bytes.capacity()
    }

    /// Polls the stream, unless the connection is known to have ended.
    ///
    /// A TLS stream that ends without close_notify counts as closed and not as broken: for an idle
    /// connection there is nothing that truncation could cut.
    fn poll_idle_state(&mut self) -> IdleState {
        if self.idle_state != IdleState::Open {
            return self.idle_state;
        }
        self.idle_state = match self.poll_unsolicited() {
            Poll::Pending => IdleState::Open,
            Poll::Ready(Ok(None)) => IdleState::Closed,
            // TLS ended without close_notify, which is common.
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                IdleState::Closed
            }
            Poll::Ready(Ok(Some(_)) | Err(_)) => IdleState::Broken,
        };
        self.idle_state
    }

    /// Refuses a new connection on which the origin has sent something already. It speaks another
    /// protocol, or the bytes are a response to somebody else's request.
    fn check_new(&mut self) -> Result<(), Http1Error> {
        match self.poll_unsolicited() {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(Some(bytes))) => Err(Http1Error::Unsolicited(bytes)),
            Poll::Ready(Ok(None)) => Err(Http1Error::NoResponse),
            Poll::Ready(Err(error)) => Err(Http1Error::Io(error)),
        }
    }

    /// The bytes that have arrived without a request; `None` at the end of the stream. If nothing
    /// has, the idle waker is registered.
    fn poll_unsolicited(&mut self) -> Poll<io::Result<Option<UnexpectedBytes>>> {
        self.first_request = FirstRequest::Begun;
        let waker = self.idle_waker.waker();
        let mut cx = Context::from_waker(&waker);
        self.input.poll_unsolicited(&mut cx)
    }
}

impl<S> Drop for Connection<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Sends `close_notify` if that needs no wait (RFC 8446 section 6.1). OpenSSL resumes no
    /// session that ends without it.
    ///
    /// A connection with an unsent request is cut off instead: an orderly end could make a
    /// truncated request look complete.
    fn drop(&mut self) {
        if self.is_sent() {
            let mut cx = Context::from_waker(Waker::noop());
            let _ = Pin::new(&mut self.input.stream).poll_shutdown(&mut cx);
        }
    }
}
