//! Writes a request, its head and its body, in as few writes as possible.
//!
//! A small request is one write: head and body are encoded into one buffer, which is one TLS record
//! and one packet. Large frames are written from where they are, by a vectored write together with
//! what precedes them.
//!
//! ```text
//! body ──poll_frame──> push_frame ──up to 4 KiB──> buffer ──┐
//!                          └────────larger───────> data ────┴──> poll_write(_vectored) ──> stream
//!
//! pending:   buffer[written..]  |  data  |  data_end
//!            head, chunk sizes     one      CRLF of the
//!            and small frames      frame    chunk
//! ```
//!
//! While `data` is pending, no further frame is read, so at most 16 KiB and one frame are held.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http::{HeaderMap, Method, Request};
use http_body::{Body, Frame};
use tokio::io::AsyncWrite;

use crate::upload::RequestBody;

use super::{
    Http1Error,
    added_fields::AddedFields,
    buffer_pool::WriteBuffer,
    encode_request::{self, CRLF},
    framing::RequestFraming,
};

/// Data of up to this many bytes is copied into the write buffer. Larger data is written from where
/// it is, without a copy.
///
/// Below that, a copy costs less than a second slice in the write.
const MAX_COPIED: usize = 4 * 1024;

/// The write buffer is written once it holds this many bytes.
///
/// A single frame may exceed it by [`MAX_COPIED`].
const MAX_BUFFERED: usize = 16 * 1024;

/// The maximum size of one write: the content of a TLS record (RFC 8446 section 5.1). If the first
/// write fails, the peer has received no complete record, so nothing that it can read.
///
/// It is compared with all that was offered to the first write, in
/// [`is_unwritten`](RequestWriter::is_unwritten).
const MAX_RECORD: usize = 16 * 1024;

/// Encodes the head of a request without content, for TLS early data.
///
/// # Errors
///
/// Fails if the request cannot be encoded.
///
/// A request in early data has no body: it may be replayed by an attacker (RFC 8446 section 8), and
/// only safe methods are sent in it.
pub(crate) fn head_without_body<B>(
    request: &Request<B>,
    added: &AddedFields,
) -> Result<Vec<u8>, Http1Error> {
    let mut head = Vec::new();
    encode_request::head(request, added, Some(0), &mut head)?;
    Ok(head)
}

/// Writes one request. What is pending is `buffer[written..]`, then `data`, then `data_end`.
pub(super) struct RequestWriter {
    body: RequestBody,
    body_state: BodyState,
    buffer: WriteBuffer,
    /// `buffer` is the head: nothing of it is written, and no data was read.
    ///
    /// The head ends with `transfer-encoding: chunked` then, and that can still be replaced.
    is_head_alone: bool,
    method: Method,
    /// How many bytes of `buffer` have been written.
    written: usize,
    /// A large frame, which is not copied.
    data: Bytes,
    /// The CRLF after `data`, in chunked coding.
    data_end: &'static [u8],
    /// The stream accepts nothing for now.
    is_blocked: bool,
    /// A TLS stream holds records back until it is flushed.
    is_flushed: bool,
    /// The stream has accepted a byte.
    ///
    /// Once it has, an error no longer proves that the origin received nothing.
    has_written: bool,
}

/// What remains to be read of the body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum BodyState {
    /// This many bytes, as announced by `Content-Length`.
    ///
    /// More data than that is an error, and so is an end before it.
    Length(u64),
    /// Frames, each of which is written as a chunk.
    Chunked,
    /// Nothing.
    ///
    /// The body is not polled any longer.
    Ended,
}

impl RequestWriter {
    /// Encodes the head of a request whose content is `body`.
    ///
    /// # Errors
    ///
    /// Fails if head and body contradict each other, or the request cannot be encoded. Nothing has
    /// been written.
    pub(super) fn new<H>(
        head: &Request<H>,
        added: &AddedFields,
        body: RequestBody,
    ) -> Result<Self, Http1Error> {
        let exact = match body.is_end_stream() {
            true => Some(0),
            false => body.size_hint().exact(),
        };
        let mut buffer = WriteBuffer::take();
        let framing = encode_request::head(head, added, exact, &mut buffer)?;
        Ok(Self {
            body,
            body_state: match framing {
                RequestFraming::Empty | RequestFraming::Length(0) => BodyState::Ended,
                RequestFraming::Length(length) => BodyState::Length(length),
                RequestFraming::Chunked => BodyState::Chunked,
            },
            buffer,
            is_head_alone: true,
            method: head.method().clone(),
            written: 0,
            data: Bytes::new(),
            data_end: &[],
            is_blocked: false,
            is_flushed: false,
            has_written: false,
        })
    }

    /// Whether this write error means that the peer received nothing of the request.
    ///
    /// `NotConnected` comes from a stream that has found its connection ended before it wrote
    /// anything.
    pub(super) fn is_unwritten(&self, error: &io::Error) -> bool {
        let offered = self.buffer.len() + self.data.len() + self.data_end.len();
        let is_unconnected = error.kind() == io::ErrorKind::NotConnected;
        !self.has_written && (is_unconnected || offered <= MAX_RECORD)
    }

    /// Writes as much as the stream accepts. Ready when the whole request is written and flushed.
    ///
    /// Cancel safe: what was read of the body is in `buffer` or `data`. After an error the writer
    /// must be dropped, since the body must not be polled again.
    ///
    /// A body that is not ready does not hold back what was read before it: that is written and
    /// flushed, and `Pending` is returned then.
    pub(super) fn poll_send<S>(
        &mut self,
        mut stream: Pin<&mut S>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Http1Error>>
    where
        S: AsyncWrite,
    {
        loop {
            let filled = self.poll_fill_buffer(cx)?;
            let is_written = self.has_written_all();
            let moved = match is_written {
                true => self.poll_flush(stream.as_mut(), cx),
                false => self.poll_write(stream.as_mut(), cx),
            };
            self.note_blocked(moved.is_pending());
            ready!(moved).map_err(Http1Error::Io)?;
            if is_written {
                return filled.map(Ok);
            }
        }
    }

    /// Records in the progress of the body whether the origin keeps what was read from the client
    /// from being written.
    fn note_blocked(&mut self, is_blocked: bool) {
        if self.is_blocked != is_blocked {
            self.is_blocked = is_blocked;
            self.body.note_blocked(is_blocked);
        }
    }

    fn poll_flush<S>(&mut self, stream: Pin<&mut S>, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        S: AsyncWrite,
    {
        if !self.is_flushed {
            ready!(stream.poll_flush(cx))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads as much of the body as the buffer has room for. Pending if the body is not ready.
    ///
    /// Stops at a large frame, or once 16 KiB are pending.
    fn poll_fill_buffer(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, Http1Error> {
        while self.body_state != BodyState::Ended && self.has_room() {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(None) => self.push_end(&HeaderMap::new())?,
                Poll::Ready(Some(Err(error))) => return Err(Http1Error::RequestBody(error)),
                Poll::Ready(Some(Ok(frame))) => self.push_frame(frame)?,
            }
        }
        Ok(Poll::Ready(()))
    }

    /// Adds a frame of the body to what is pending.
    ///
    /// Frames that are neither data nor trailers are dropped: HTTP/1.1 cannot express them.
    fn push_frame(&mut self, frame: Frame<Bytes>) -> Result<(), Http1Error> {
        match frame.into_data() {
            // A chunk of size zero would end the content.
            Ok(data) if data.is_empty() => Ok(()),
            Ok(data) => self.push_data(data),
            Err(frame) => match frame.into_trailers() {
                Ok(trailers) => self.push_end(&trailers),
                Err(_unknown) => Ok(()),
            },
        }
    }

    /// Adds data, with a chunk size before it in chunked coding.
    ///
    /// # Errors
    ///
    /// [`Http1Error::RequestBodyLength`] if the body is longer than its announced length.
    fn push_data(&mut self, data: Bytes) -> Result<(), Http1Error> {
        self.is_flushed = false;
        self.is_head_alone = false;
        let mut data_end: &[u8] = &[];
        match &mut self.body_state {
            BodyState::Length(left) => {
                *left = left
                    .checked_sub(data.len() as u64)
                    .ok_or(Http1Error::RequestBodyLength)?;
                if *left == 0 {
                    self.body_state = BodyState::Ended;
                    self.expect_body_end()?;
                    self.body.note_end();
                }
            }
            BodyState::Chunked => {
                encode_request::chunk_size(data.len(), &mut self.buffer);
                data_end = CRLF;
            }
            BodyState::Ended => return Err(Http1Error::RequestBodyLength),
        }
        if data.len() <= MAX_COPIED {
            self.buffer.extend_from_slice(&data);
            self.buffer.extend_from_slice(data_end);
        } else {
            (self.data, self.data_end) = (data, data_end);
        }
        Ok(())
    }

    /// Fails if the body announces more data than the request's length.
    ///
    /// The lower bound is what the body promises. Without this check, the surplus would go
    /// unnoticed: the body is not polled after its announced length.
    fn expect_body_end(&self) -> Result<(), Http1Error> {
        match self.body.size_hint().lower() {
            0 => Ok(()),
            _ => Err(Http1Error::RequestBodyLength),
        }
    }

    /// Ends the content. Trailers need the chunked coding (RFC 9112 section 7.1.2), and are dropped
    /// without it.
    ///
    /// Fails if less than the announced length was read: the origin must not take the next request
    /// for the rest of this one.
    fn push_end(&mut self, trailers: &HeaderMap) -> Result<(), Http1Error> {
        match self.body_state {
            BodyState::Length(_) => return Err(Http1Error::RequestBodyLength),
            // The body has ended before the head was written: there is no content to announce.
            BodyState::Chunked if trailers.is_empty() && self.is_head_alone => {
                encode_request::without_chunks(&self.method, &mut self.buffer);
            }
            BodyState::Chunked => {
                self.is_flushed = false;
                encode_request::last_chunk(trailers, &mut self.buffer);
            }
            BodyState::Ended => {}
        }
        self.body_state = BodyState::Ended;
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn buffered(&self) -> usize {
        self.buffer.capacity()
    }

    /// Whether more of the body may be read before the next write.
    ///
    /// A frame is read only if it can be placed behind everything that is pending.
    fn has_room(&self) -> bool {
        let unwritten = self.buffer.len() - self.written;
        self.data.is_empty() && self.data_end.is_empty() && unwritten < MAX_BUFFERED
    }

    /// Whether nothing is pending.
    fn has_written_all(&self) -> bool {
        self.buffer.is_empty() && self.data.is_empty() && self.data_end.is_empty()
    }

    /// Writes pending bytes once.
    ///
    /// A write of zero bytes is an error: the stream takes nothing further.
    fn poll_write<S>(&mut self, stream: Pin<&mut S>, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        S: AsyncWrite,
    {
        let buffered = &self.buffer[self.written..];
        let written = match self.data.is_empty() && self.data_end.is_empty() {
            true => ready!(stream.poll_write(cx, buffered))?,
            false => {
                let all = [buffered, &self.data, self.data_end];
                // A stream without vectored writes writes the first slice that is not empty.
                ready!(stream.poll_write_vectored(cx, &all.map(IoSlice::new)))?
            }
        };
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.has_written = true;
        self.body.note_accepted();
        self.advance(written);
        Poll::Ready(Ok(()))
    }

    /// Removes `written` bytes from the front of what is pending.
    ///
    /// `written` may end in any of the three parts.
    fn advance(&mut self, written: usize) {
        self.is_head_alone = false;
        let from_buffer = written.min(self.buffer.len() - self.written);
        self.written += from_buffer;
        if self.written == self.buffer.len() {
            self.buffer.clear();
            self.written = 0;
        } else if self.written >= MAX_BUFFERED {
            // With a stream that never accepts all of it, the buffer would grow without bound.
            self.buffer.drain(..self.written);
            self.written = 0;
        }
        let remaining = written - from_buffer;
        let from_data = remaining.min(self.data.len());
        self.data.advance(from_data);
        if self.data.is_empty() {
            // Even an empty view would keep the client's buffer alive.
            self.data = Bytes::new();
        }
        self.data_end = &self.data_end[remaining - from_data..];
    }
}
