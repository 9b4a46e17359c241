//! One request and its response, both of which may be under way at the same time.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Sleep, sleep},
};

use crate::upload::{ContinueSignal, RequestBody};

use super::{
    Http1Error,
    chunked::{ChunkedDecoder, Piece, at_most},
    framing::{Framing, keeps_alive},
    read_buffer::ReadBuffer,
    request_writer::RequestWriter,
    response_head::{ResponseHead, ResponseHeadReader},
};

/// How long it takes at most until an answer is noticed that came before its connection broke.
const LAST_WORDS: Duration = Duration::from_secs(1);

const CONTINUE: u16 = 100;

const SWITCHING_PROTOCOLS: u16 = 101;

/// A request and its response.
pub(crate) struct Exchange {
    method: Method,
    /// What is still to be sent.
    outgoing: Option<RequestWriter<RequestBody>>,
    sent: bool,
    /// Why the origin did not take all of the request.
    not_taken: Option<NotTaken>,
    /// To be told when the origin wants the content.
    told: Option<ContinueSignal>,
    heads: ResponseHeadReader,
    /// How large the heads may be that are still to come: interim (1xx) responses and the final one
    /// share the limit of one head.
    head_left: usize,
    /// Something of the response has come.
    heard: bool,
    keeps_alive: bool,
    incoming: Incoming,
}

/// An origin takes no more of the request.
struct NotTaken {
    error: io::Error,
    /// Over when nothing more is to be heard of it.
    last_words: Pin<Box<Sleep>>,
}

impl NotTaken {
    fn because(error: io::Error) -> Self {
        Self {
            error,
            last_words: Box::pin(sleep(LAST_WORDS)),
        }
    }
}

/// What of the response is still to come.
enum Incoming {
    Head,
    Bytes(u64),
    Chunks(ChunkedDecoder),
    UntilClose,
    Nothing,
}

impl Exchange {
    /// # Errors
    ///
    /// If the request makes no sense. Nothing of it has been written then.
    pub(crate) fn new<B>(
        head: &Request<B>,
        body: RequestBody,
        told: Option<ContinueSignal>,
        max_head: usize,
    ) -> Result<Self, Http1Error> {
        Ok(Self {
            outgoing: Some(RequestWriter::new(head, body)?),
            method: head.method().clone(),
            sent: false,
            not_taken: None,
            told,
            heads: ResponseHeadReader::default(),
            head_left: max_head,
            heard: false,
            keeps_alive: false,
            incoming: Incoming::Head,
        })
    }

    /// Nothing is to be sent: it was, in early data.
    pub(crate) fn note_sent(&mut self) {
        self.outgoing = None;
        self.sent = true;
    }

    /// Sends the request and reads the head of the final response. That may come before all of the
    /// request is sent.
    pub(crate) fn poll_head<S>(
        &mut self,
        input: &mut ReadBuffer<S>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<ResponseHead, Http1Error>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.send(input, cx)?;
        loop {
            while let Some(head) = self.next_head(input)? {
                if head.status.is_informational() {
                    self.interim(head.status)?;
                } else {
                    return Poll::Ready(self.accept(head));
                }
            }
            match input.poll_fill(cx).map_err(Http1Error::Io)? {
                Poll::Ready(0) => return Poll::Ready(Err(self.early_end())),
                Poll::Ready(_) => self.heard = true,
                Poll::Pending => return self.poll_last_words(cx),
            }
        }
    }

    /// Sends what is still to be sent, and reads the next frame of the response's content. After a
    /// failure there is no other.
    pub(crate) fn poll_frame<S>(
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
            self.incoming = Incoming::Nothing;
        }
        Poll::Ready(frame)
    }

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
            match (read, &self.incoming) {
                (0, Incoming::UntilClose) => self.incoming = Incoming::Nothing,
                (0, _) => return Poll::Ready(Some(Err(Http1Error::Incomplete))),
                _ => {}
            }
        }
    }

    /// Whether all of the response has been read.
    pub(crate) fn is_answered(&self) -> bool {
        matches!(self.incoming, Incoming::Nothing)
    }

    /// Whether all of the request has been sent.
    pub(crate) fn is_sent(&self) -> bool {
        self.sent
    }

    /// Whether some of the request may still be sent.
    pub(crate) fn is_sending(&self) -> bool {
        self.outgoing.is_some()
    }

    /// Whether the connection may be used again (RFC 9112 section 9.3).
    pub(crate) fn leaves_the_connection(&self) -> bool {
        self.is_answered() && self.is_sent() && self.keeps_alive
    }

    /// Whether the origin has begun to answer.
    pub(crate) fn is_heard(&self) -> bool {
        self.heard
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        match &self.incoming {
            Incoming::Bytes(left) => SizeHint::with_exact(*left),
            Incoming::Nothing => SizeHint::with_exact(0),
            Incoming::Head | Incoming::Chunks(_) | Incoming::UntilClose => SizeHint::default(),
        }
    }

    /// Sends what can be sent. An origin that does not take the whole request may still answer:
    /// that it is too large, for example.
    pub(crate) fn send<S>(
        &mut self,
        input: &mut ReadBuffer<S>,
        cx: &mut Context<'_>,
    ) -> Result<(), Http1Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Some(mut outgoing) = self.outgoing.take() else {
            return Ok(());
        };
        match outgoing.poll_send(Pin::new(&mut input.stream), cx) {
            Poll::Pending => self.outgoing = Some(outgoing),
            Poll::Ready(Ok(())) => self.sent = true,
            Poll::Ready(Err(Http1Error::Io(error))) => {
                self.not_taken = Some(NotTaken::because(error))
            }
            // A body that has failed is not asked again: it might say that it has ended.
            Poll::Ready(Err(problem)) => return Err(problem),
        }
        Ok(())
    }

    /// Nothing is there to be read. What the origin said before it broke off may be all the same:
    /// the runtime has only not noticed yet (RFC 9112 section 9.5).
    fn poll_last_words(&mut self, cx: &mut Context<'_>) -> Poll<Result<ResponseHead, Http1Error>> {
        let Some(mut not_taken) = self.not_taken.take() else {
            return Poll::Pending;
        };
        if not_taken.last_words.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(Http1Error::Io(not_taken.error)));
        }
        self.not_taken = Some(not_taken);
        Poll::Pending
    }

    fn next_head<S>(
        &mut self,
        input: &mut ReadBuffer<S>,
    ) -> Result<Option<ResponseHead>, Http1Error> {
        let before = input.bytes.len();
        let head = self.heads.read(&mut input.bytes, self.head_left)?;
        // Empty lines in front of a head may make it a little more.
        let taken = before - input.bytes.len();
        self.head_left = self.head_left.saturating_sub(taken);
        Ok(head)
    }

    /// An interim response (RFC 9110 section 15.2). All but the word to go on are of no use to one
    /// who does not wait for them.
    fn interim(&mut self, status: StatusCode) -> Result<(), Http1Error> {
        if status.as_u16() == SWITCHING_PROTOCOLS {
            return Err(Http1Error::Switched);
        }
        if status.as_u16() == CONTINUE
            && let Some(told) = self.told.take()
        {
            told.tell();
        }
        Ok(())
    }

    /// The final response's head says how its content is to be read.
    fn accept(&mut self, mut head: ResponseHead) -> Result<ResponseHead, Http1Error> {
        let framing = Framing::of(&mut head, &self.method)?;
        // An answer to the head alone: the content is not wanted, and no other request may come
        // where it was announced.
        if self.told.take().is_some_and(|told| told.is_awaited()) {
            self.outgoing = None;
        }
        self.keeps_alive = keeps_alive(&head, &self.method, framing);
        self.incoming = match framing {
            Framing::Length(0) => Incoming::Nothing,
            Framing::Length(length) => Incoming::Bytes(length),
            Framing::Chunked => Incoming::Chunks(ChunkedDecoder::default()),
            Framing::UntilClose => Incoming::UntilClose,
        };
        Ok(head)
    }

    /// The next piece of the content among what has been read.
    fn next_piece<S>(&mut self, input: &mut ReadBuffer<S>) -> Result<Piece, Http1Error> {
        let bytes = &mut input.bytes;
        let piece = match &mut self.incoming {
            Incoming::Chunks(chunks) => chunks.read(bytes)?,
            Incoming::Nothing | Incoming::Head => return Ok(Piece::End),
            Incoming::Bytes(_) | Incoming::UntilClose if bytes.is_empty() => Piece::Missing,
            Incoming::UntilClose => Piece::Data(bytes.split().freeze()),
            Incoming::Bytes(left) => {
                let data = at_most(*left, bytes);
                *left -= data.len() as u64;
                Piece::Data(data)
            }
        };
        let over = match &self.incoming {
            Incoming::Bytes(left) => *left == 0,
            Incoming::Chunks(chunks) => chunks.is_over(),
            Incoming::Head | Incoming::UntilClose | Incoming::Nothing => false,
        };
        if over {
            self.incoming = Incoming::Nothing;
        }
        Ok(piece)
    }

    fn early_end(&mut self) -> Http1Error {
        match (self.heard, self.not_taken.take()) {
            (true, _) => Http1Error::Incomplete,
            (false, Some(not_taken)) => Http1Error::Io(not_taken.error),
            (false, None) => Http1Error::Unanswered,
        }
    }
}
