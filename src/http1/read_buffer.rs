//! A stream, and what has been read from it.
//!
//! The buffers' sizes are no multiples of a page. Of blocks that lie next to each other in memory,
//! one would begin a few bytes behind the other modulo 4096, and AMD's processors copy between two
//! such blocks twenty times slower where libc does so by `rep movsb` (glibc before 2.39, its bug
//! 30994).

use std::{
    io, mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;

use super::buffer_pool::{BUFFERS, LARGE_BUFFER};

/// The first buffer takes a whole record of TLS (RFC 8446 section 5.1): what is left in the session
/// would keep memory there, too.
const FIRST_BUFFER: usize = 17 * 1024;

/// With less room than this, another buffer is taken.
const LEAST_ROOM: usize = 2 * 1024;

/// After so much, whoever writes what was read gets a turn.
const TURN: usize = 4 * LARGE_BUFFER;

/// Where the buffer comes from.
#[derive(PartialEq)]
enum Source {
    /// There is none: the connection rested.
    None,
    Own,
    Spares,
}

/// A stream with a buffer for what comes in.
pub(crate) struct ReadBuffer<S> {
    pub(crate) stream: S,
    pub(crate) bytes: BytesMut,
    source: Source,
    /// How much has been read in this turn.
    in_turn: usize,
}

impl<S> ReadBuffer<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            bytes: BytesMut::new(),
            source: Source::None,
            in_turn: 0,
        }
    }

    /// Reads what there is, and tells how much that was: nothing at the end of the stream.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        ready!(self.poll_room(cx));
        let read = poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.bytes);
        match &read {
            Poll::Ready(Ok(length)) => self.in_turn += length,
            Poll::Ready(Err(_)) | Poll::Pending => self.in_turn = 0,
        }
        read
    }

    /// Sees to it that there is room. A buffer whose bytes have been written is filled again: it is
    /// still in the processor's caches. An origin that is never waited for would have new ones
    /// taken until the writer has enough.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let room = self.bytes.capacity() - self.bytes.len();
        let is_large = self.source == Source::Spares;
        if room >= LEAST_ROOM || (is_large && self.bytes.try_reclaim(LARGE_BUFFER)) {
            return Poll::Ready(());
        }
        if self.in_turn >= TURN {
            self.in_turn = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.source == Source::None {
            self.bytes.reserve(FIRST_BUFFER);
            self.source = Source::Own;
        } else {
            self.next_buffer();
        }
        Poll::Ready(())
    }

    /// Goes on in another buffer. What is left of a line or a head goes with it.
    fn next_buffer(&mut self) {
        let left = self.bytes.split();
        self.give_back();
        if left.len() + LEAST_ROOM > LARGE_BUFFER {
            self.bytes = left;
            self.bytes.reserve(LARGE_BUFFER);
            self.source = Source::Own;
        } else {
            self.bytes = BUFFERS.take();
            self.bytes.extend_from_slice(&left);
            self.source = Source::Spares;
        }
    }

    /// Reads what should not be there, and tells whether there is any of it. Nothing is there at
    /// the end of the stream.
    pub(crate) fn poll_unasked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(!buffer.filled().is_empty()))
    }

    /// The connection rests, without a buffer.
    pub(crate) fn release(&mut self) {
        self.give_back();
        self.source = Source::None;
        self.in_turn = 0;
    }

    fn give_back(&mut self) {
        let buffer = mem::take(&mut self.bytes);
        if self.source == Source::Spares {
            BUFFERS.give(buffer);
        }
    }
}
