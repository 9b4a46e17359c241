//! A request and its response, which make progress independently of each other.
//!
//! Each poll sends first and reads then, in the same task. Both directions of the stream register
//! the waker of that task, so a poll that waits for the response also continues the request when
//! the origin reads again. `exchange_state.rs` has the states of the two sides.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::upload::{ContinueSignal, RequestBody};

use super::{
    Http1Error,
    added_fields::AddedFields,
    chunked_decoder::{ChunkedDecoder, Piece},
    exchange_state::{RequestState, ResponseState, WriteError},
    framing::ResponseFraming,
    head_builder::ResponseHead,
    persistence::keeps_alive,
    read_buffer::ReadBuffer,
    request_writer::RequestWriter,
    response_head::{HeadMemory, ResponseHeadReader},
    shared_state::SharedState,
};

/// A request and its response.
///
/// It does not own the stream: each call borrows the connection's read buffer. The parsers it calls
/// are pure.
pub(super) struct Exchange {
    /// The request's method, which decides whether the response has content.
    ///
    /// A response to HEAD has no content, and a response to CONNECT is not supported (RFC 9112
    /// section 6.3).
    method: Method,
    /// Independent of `response`: either may end first.
    request: RequestState,
    response: ResponseState,
    /// Notified when the origin sends 100 (Continue).
    ///
    /// Taken by the first 100 (Continue), and by the final response.
    continue_signal: Option<ContinueSignal>,
    /// The connection was open before this request.
    ///
    /// If so, a first write that fails means that the origin has closed the idle connection
    /// meanwhile, and that it has seen nothing of the request.
    was_open_before: bool,
    head_reader: ResponseHeadReader,
    /// How many bytes of heads may still arrive. Interim (1xx) responses and the final one share
    /// the limit of one head.
    ///
    /// Zero is not an error as such: the next head fails with [`Http1Error::HeadTooLarge`] then.
    head_left: usize,
    /// Some of the response has been read.
    ///
    /// Set by any byte, be it an interim response: the origin has seen the request.
    received_any: bool,
    /// The head of the final response permits reuse.
    ///
    /// False until the final head has arrived, and false again after an error.
    keeps_alive: bool,
}

impl Exchange {
    /// Encodes the head of a request, with the added fields.
    ///
    /// # Errors
    ///
    /// Fails if the request cannot be encoded. Nothing has been written.
    pub(super) fn new<B>(
        head: &Request<B>,
        added: &AddedFields,
        body: RequestBody,
        continue_signal: Option<ContinueSignal>,
        max_head: usize,
    ) -> Result<Self, Http1Error> {
        Ok(Self {
            request: RequestState::Sending(RequestWriter::new(head, added, body)?),
            method: head.method().clone(),
            response: ResponseState::Head,
            continue_signal,
            was_open_before: false,
            head_reader: ResponseHeadReader::default(),
            head_left: max_head,
            received_any: false,
            keeps_alive: false,
        })
    }

    /// Marks the connection as open before this request: it may have ended before it.
    pub(super) fn on_open_connection(&mut self) {
        self.was_open_before = true;
    }

    /// Marks the request as sent: TLS early data carried it.
    pub(super) fn request_already_sent(&mut self) {
        self.request = RequestState::Sent;
    }

    /// Sends the request and reads the head of the final response. That may arrive before the whole
    /// request is sent.
    ///
    /// Interim responses are consumed here (RFC 9110 section 15.2). 101 is an error: upgrades use
    /// dedicated connections.
    ///
    /// `shared` lends the previous head. A success may take the memory of `map`, the request's.
    pub(super) fn poll_head<S>(
        &mut self,
        input: &mut ReadBuffer<S>,
        shared: &SharedState,
        map: &mut HeaderMap,
        cx: &mut Context<'_>,
    ) -> Poll<Result<ResponseHead, Http1Error>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.send(input, cx)?;
        loop {
            while let Some(head) = self.next_head(input, shared, map)? {
                if head.status.is_informational() {
                    self.on_interim(head.status)?;
                } else {
                    let head = self.on_final(head);
                    input.move_small_content(self.size_hint().exact());
                    return Poll::Ready(head);
                }
            }
            match input.poll_fill(cx).map_err(Http1Error::Io)? {
                Poll::Ready(0) => return Poll::Ready(Err(self.end_of_stream())),
                Poll::Ready(_) => self.received_any = true,
                Poll::Pending => return self.poll_read_deadline(cx).map(Err),
            }
        }
    }

    /// Sends the rest of the request, and reads the next frame of the response. Returns no frame
    /// after an error.
    ///
    /// The error is returned once. After that the response counts as complete, so that a caller
    /// that polls again sees the end and not a second error.
    pub(super) fn poll_frame<S>(
        &mut self,
        input: &mut ReadBuffer<S>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Http1Error>>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let frame = ready!(self.poll_next(input, cx));
        if let Some(Err(_)) = &frame {
            self.keeps_alive = false;
            self.response = ResponseState::Complete;
        }
        Poll::Ready(frame)
    }

    /// Reads the next frame. Unlike [`poll_frame`](Self::poll_frame), does not remember an error.
    ///
    /// EOF ends content of the `UntilClose` kind, and truncates all other content.
    fn poll_next<S>(
        &mut self,
        input: &mut ReadBuffer<S>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Http1Error>>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.send(input, cx)?;
        loop {
            match self.next_piece(input)? {
                Piece::Data(data) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Piece::Trailers(fields) => return Poll::Ready(Some(Ok(Frame::trailers(fields)))),
                Piece::End => return Poll::Ready(None),
                Piece::Missing => {}
            }
            let read = ready!(input.poll_fill(cx)).map_err(Http1Error::Io)?;
            match (read, &self.response) {
                (0, ResponseState::UntilClose) => self.response = ResponseState::Complete,
                (0, _) => return Poll::Ready(Some(Err(Http1Error::Incomplete))),
                _ => {}
            }
        }
    }

    /// Whether the whole response has been read.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.response, ResponseState::Complete)
    }

    /// Whether the whole request has been sent.
    pub(super) fn is_sent(&self) -> bool {
        matches!(self.request, RequestState::Sent)
    }

    /// Whether the rest of the request is still being sent.
    pub(super) fn is_sending(&self) -> bool {
        matches!(self.request, RequestState::Sending(_))
    }

    /// Whether the connection can be reused (RFC 9112 section 9.3).
    ///
    /// Three conditions: the response ended where its framing says, the request is sent to its last
    /// byte, and the head does not say `close`. `Connection::make_idle` adds a fourth: no bytes are
    /// left over.
    pub(super) fn permits_reuse(&self) -> bool {
        self.is_complete() && self.is_sent() && self.keeps_alive
    }

    /// Whether any byte of the response has been read.
    pub(super) fn received_any(&self) -> bool {
        self.received_any
    }

    /// The size of the content that is still to come.
    ///
    /// Exact for a response with a length, and unknown for chunks and content until close.
    pub(super) fn size_hint(&self) -> SizeHint {
        match &self.response {
            ResponseState::Length(left) => SizeHint::with_exact(*left),
            ResponseState::Complete => SizeHint::with_exact(0),
            ResponseState::Head | ResponseState::Chunked(_) | ResponseState::UntilClose => {
                SizeHint::default()
            }
        }
    }

    /// Sends as much of the request as the stream accepts.
    ///
    /// A write error is kept: an origin that stops reading may have sent a response, such as 413
    /// (Content Too Large).
    pub(super) fn send<S>(
        &mut self,
        input: &mut ReadBuffer<S>,
        cx: &mut Context<'_>,
    ) -> Result<(), Http1Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let RequestState::Sending(writer) = &mut self.request else {
            return Ok(());
        };
        let outcome = match writer.poll_send(Pin::new(&mut input.stream), cx) {
            Poll::Pending => return Ok(()),
            Poll::Ready(outcome) => outcome,
        };
        // In each case the writer is dropped. A failed body must not be polled again: it might
        // report its end, and a truncated request would look complete.
        let (state, outcome) = match outcome {
            Ok(()) => (RequestState::Sent, Ok(())),
            Err(Http1Error::Io(error)) if self.was_open_before && writer.is_unwritten(&error) => {
                (RequestState::Stopped, Err(Http1Error::NotWritten(error)))
            }
            Err(Http1Error::Io(error)) => {
                (RequestState::WriteFailed(WriteError::new(error)), Ok(()))
            }
            Err(error) => (RequestState::Stopped, Err(error)),
        };
        self.request = state;
        outcome
    }

    /// Waits for a response after a write error. Returns the write error when the wait is over.
    ///
    /// A response that the origin sent before it closed may be in the socket, and the runtime may
    /// not have noticed yet (RFC 9112 section 9.5).
    ///
    /// Registers the timer's waker. The caller has polled the stream before, so a response wakes
    /// the task as well.
    fn poll_read_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Http1Error> {
        match &mut self.request {
            RequestState::WriteFailed(write_error) => {
                ready!(write_error.read_deadline.as_mut().poll(cx));
            }
            RequestState::Sending(_) | RequestState::Sent | RequestState::Stopped => {
                return Poll::Pending;
            }
        }
        Poll::Ready(self.take_write_error().unwrap_or(Http1Error::NoResponse))
    }

    /// The write error, if there was one. The request is stopped afterwards.
    ///
    /// Can be taken once. The caller falls back to [`Http1Error::NoResponse`] after that.
    fn take_write_error(&mut self) -> Option<Http1Error> {
        match mem::replace(&mut self.request, RequestState::Stopped) {
            RequestState::WriteFailed(write_error) => Some(Http1Error::Io(write_error.error)),
            RequestState::Sending(_) | RequestState::Sent | RequestState::Stopped => None,
        }
    }

    /// The next interim or final head in the read buffer, or `None` if it is incomplete.
    ///
    /// Leaves bytes behind the head in place: they are the next head, or content.
    fn next_head<S>(
        &mut self,
        input: &mut ReadBuffer<S>,
        shared: &SharedState,
        map: &mut HeaderMap,
    ) -> Result<Option<ResponseHead>, Http1Error> {
        let bytes = &mut input.bytes;
        let before = bytes.len();
        if before == 0 {
            return Ok(None);
        }
        let head = shared.with_head_cache(|cache| {
            let memory = &mut HeadMemory { cache, map };
            self.head_reader.read(bytes, self.head_left, memory)
        })?;
        // Empty lines before a head count too, so the subtraction could underflow.
        self.head_left = self.head_left.saturating_sub(before - input.bytes.len());
        Ok(head)
    }

    /// Handles an interim response (RFC 9110 section 15.2). All but 100 (Continue) are dropped.
    ///
    /// The server in front has sent its own 100 to the client when the body was first polled, and
    /// 103 (Early Hints) is not forwarded.
    fn on_interim(&mut self, status: StatusCode) -> Result<(), Http1Error> {
        // The pool upgrades on dedicated connections only.
        if status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(Http1Error::UnexpectedUpgrade);
        }
        if status == StatusCode::CONTINUE
            && let Some(signal) = self.continue_signal.take()
        {
            signal.notify();
        }
        Ok(())
    }

    /// Decides from the final response's head how its content is read.
    ///
    /// Runs once in an exchange. If the framing is ambiguous it fails, and neither content nor
    /// connection is used.
    fn on_final(&mut self, mut head: ResponseHead) -> Result<ResponseHead, Http1Error> {
        let framing = ResponseFraming::of(&mut head, &self.method)?;
        // The origin answered instead of 100 (Continue). It does not want the content, and the
        // connection cannot be reused: the head has announced content.
        let withholds_content = self.continue_signal.take();
        let withholds_content = withholds_content.is_some_and(|signal| signal.is_awaited());
        if withholds_content && self.is_sending() {
            self.request = RequestState::Stopped;
        }
        self.keeps_alive = keeps_alive(&head, &self.method, framing);
        self.response = match framing {
            ResponseFraming::Length(0) => ResponseState::Complete,
            ResponseFraming::Length(length) => ResponseState::Length(length),
            ResponseFraming::Chunked => ResponseState::Chunked(ChunkedDecoder::default()),
            ResponseFraming::UntilClose => ResponseState::UntilClose,
        };
        Ok(head)
    }

    /// The next piece of content in the read buffer.
    ///
    /// Does not read from the stream. [`Piece::Missing`] asks the caller to do so.
    fn next_piece<S>(&mut self, input: &mut ReadBuffer<S>) -> Result<Piece, Http1Error> {
        let piece = match &mut self.response {
            ResponseState::Chunked(decoder) => decoder.read(&mut input.bytes)?,
            ResponseState::Complete | ResponseState::Head => return Ok(Piece::End),
            _ if input.bytes.is_empty() => Piece::Missing,
            ResponseState::UntilClose => Piece::Data(input.bytes.split().freeze()),
            ResponseState::Length(left) => {
                let data = input.split_content(*left);
                *left -= data.len() as u64;
                Piece::Data(data)
            }
        };
        let is_complete = match &self.response {
            ResponseState::Length(left) => *left == 0,
            ResponseState::Chunked(decoder) => decoder.has_ended(),
            ResponseState::Head | ResponseState::UntilClose | ResponseState::Complete => false,
        };
        if is_complete {
            self.response = ResponseState::Complete;
        }
        Ok(piece)
    }

    /// Why the stream ended before the head of the final response.
    ///
    /// A write error explains the end better than the end itself, so it takes precedence if nothing
    /// was read.
    fn end_of_stream(&mut self) -> Http1Error {
        if self.received_any {
            return Http1Error::Incomplete;
        }
        self.take_write_error().unwrap_or(Http1Error::NoResponse)
    }
}
