//! Sends a request, its head and its body, in as few writes as possible.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use http::{HeaderMap, Request};
use http_body::{Body, Frame};
use tokio::io::AsyncWrite;

use super::{
    Http1Error,
    encode::{self, CRLF},
    framing::Sending,
};

/// Data up to this size is copied behind what is to be written anyway. Larger data is written from
/// where it is.
const MOST_COPIED: usize = 4 * 1024;

/// As much is collected before it is written.
const MOST_COLLECTED: usize = 16 * 1024;

/// The head of a request without content, as it is sent.
///
/// # Errors
///
/// If it cannot be written down.
pub(crate) fn head_alone<B>(request: &Request<B>) -> Result<Vec<u8>, Http1Error> {
    encode::head(request, Sending::of(request.headers(), Some(0))?)
}

/// A request on its way.
pub(crate) struct RequestWriter<B> {
    body: B,
    left: Left,
    /// What is collected, and how much of it is written.
    collected: Vec<u8>,
    written: usize,
    /// What comes behind it, and behind that.
    data: Bytes,
    after: &'static [u8],
    flushed: bool,
}

/// What of the body is still to be collected.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Left {
    Bytes(u64),
    ChunkedDecoder,
    Nothing,
}

impl<B> RequestWriter<B>
where
    B: Body<Data = Bytes, Error = crate::error::Error> + Unpin,
{
    /// # Errors
    ///
    /// If the head and the body do not fit together, or the request cannot be written down. Nothing
    /// of it has been written then.
    pub(crate) fn new<H>(head: &Request<H>, body: B) -> Result<Self, Http1Error> {
        let exact = match body.is_end_stream() {
            true => Some(0),
            false => body.size_hint().exact(),
        };
        let sending = Sending::of(head.headers(), exact)?;
        Ok(Self {
            body,
            left: match sending {
                Sending::Nothing | Sending::Length(0) => Left::Nothing,
                Sending::Length(length) => Left::Bytes(length),
                Sending::Chunked => Left::ChunkedDecoder,
            },
            collected: encode::head(head, sending)?,
            written: 0,
            data: Bytes::new(),
            after: &[],
            flushed: false,
        })
    }

    /// Sends what there is. Ready when all has left.
    pub(crate) fn poll_send<S>(
        &mut self,
        mut stream: Pin<&mut S>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Http1Error>>
    where
        S: AsyncWrite,
    {
        loop {
            let collected = self.poll_collect(cx)?;
            if self.has_written_all() {
                if !self.flushed {
                    ready!(stream.poll_flush(cx)).map_err(Http1Error::Io)?;
                    self.flushed = true;
                }
                return collected.map(Ok);
            }
            ready!(self.poll_write(stream.as_mut(), cx)).map_err(Http1Error::Io)?;
        }
    }

    /// Collects as much of the body as there is room for. Ready if nothing more can be had for now;
    /// pending if the body is to come.
    fn poll_collect(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, Http1Error> {
        while self.left != Left::Nothing && self.has_room() {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Pending => return Ok(Poll::Pending),
                Poll::Ready(None) => self.end(&HeaderMap::new())?,
                Poll::Ready(Some(Err(error))) => return Err(Http1Error::Body(error)),
                Poll::Ready(Some(Ok(frame))) => self.frame(frame)?,
            }
        }
        Ok(Poll::Ready(()))
    }

    fn frame(&mut self, frame: Frame<Bytes>) -> Result<(), Http1Error> {
        match frame.into_data() {
            // A chunk of no size would end the content.
            Ok(data) if data.is_empty() => Ok(()),
            Ok(data) => self.data(data),
            Err(frame) => match frame.into_trailers() {
                Ok(trailers) => self.end(&trailers),
                Err(_unknown) => Ok(()),
            },
        }
    }

    fn data(&mut self, data: Bytes) -> Result<(), Http1Error> {
        self.flushed = false;
        let mut after: &[u8] = &[];
        match &mut self.left {
            Left::Bytes(left) => {
                *left = left
                    .checked_sub(data.len() as u64)
                    .ok_or(Http1Error::BodyLength)?;
                if *left == 0 {
                    self.left = Left::Nothing;
                    self.expect_no_more()?;
                }
            }
            Left::ChunkedDecoder => {
                encode::chunk_size(data.len(), &mut self.collected);
                after = CRLF;
            }
            Left::Nothing => return Err(Http1Error::BodyLength),
        }
        if data.len() <= MOST_COPIED {
            self.collected.extend_from_slice(&data);
            self.collected.extend_from_slice(after);
        } else {
            (self.data, self.after) = (data, after);
        }
        Ok(())
    }

    /// A body that knows of more than was said is not what was said.
    fn expect_no_more(&self) -> Result<(), Http1Error> {
        match self.body.size_hint().lower() {
            0 => Ok(()),
            _ => Err(Http1Error::BodyLength),
        }
    }

    /// The body has ended. Trailers need chunks around them (RFC 9112 section 7.1.2); otherwise
    /// they are left out.
    fn end(&mut self, trailers: &HeaderMap) -> Result<(), Http1Error> {
        match self.left {
            Left::Bytes(_) => return Err(Http1Error::BodyLength),
            Left::ChunkedDecoder => {
                self.flushed = false;
                encode::last_chunk(trailers, &mut self.collected);
            }
            Left::Nothing => {}
        }
        self.left = Left::Nothing;
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn buffered(&self) -> usize {
        self.collected.capacity()
    }

    fn has_room(&self) -> bool {
        let waiting = self.collected.len() - self.written;
        self.data.is_empty() && self.after.is_empty() && waiting < MOST_COLLECTED
    }

    fn has_written_all(&self) -> bool {
        self.collected.is_empty() && self.data.is_empty() && self.after.is_empty()
    }

    fn poll_write<S>(&mut self, stream: Pin<&mut S>, cx: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        S: AsyncWrite,
    {
        let collected = &self.collected[self.written..];
        let written = match self.data.is_empty() && self.after.is_empty() {
            true => ready!(stream.poll_write(cx, collected))?,
            false => {
                let all = [collected, &self.data, self.after];
                // A stream that takes one slice at a time takes the first that is not empty.
                ready!(stream.poll_write_vectored(cx, &all.map(IoSlice::new)))?
            }
        };
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.advance(written);
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, written: usize) {
        let of_collected = written.min(self.collected.len() - self.written);
        self.written += of_collected;
        if self.written == self.collected.len() {
            self.collected.clear();
            self.written = 0;
        } else if self.written >= MOST_COLLECTED {
            // A stream that never takes all of it would have it grow without end.
            self.collected.drain(..self.written);
            self.written = 0;
        }
        let behind = written - of_collected;
        let of_data = behind.min(self.data.len());
        self.data.advance(of_data);
        if self.data.is_empty() {
            // Not a view of what the client sent any more.
            self.data = Bytes::new();
        }
        self.after = &self.after[behind - of_data..];
    }
}
