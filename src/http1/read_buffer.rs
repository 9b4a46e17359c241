//! A stream with a read buffer.
//!
//! Buffer sizes are not multiples of a page. Otherwise, adjacent blocks would begin at nearly the
//! same offset modulo 4096, and AMD processors copy between such blocks 20 times slower with `rep
//! movsb` (glibc before 2.39, bug 30994).
//!
//! A response passes through up to three kinds of buffers:
//!
//! ```text
//! None ──first read──> First (17 KiB, of this thread) ──full──> Pool (63 KiB, shared)
//!  ^                                                             │ ├──reclaimed: filled again
//!  │                                                             │ └──full: the pool's next one
//!  │                                                             v
//!  └────────── release() ──────────────── Allocated (a head or line of more than 61 KiB,
//!                                                    or a whole content of up to 1 KiB)
//! ```
//!
//! Content is split off as `Bytes` without a copy. Only what is not parsed yet, the start of a head
//! or of a line, is copied into the next buffer.

use std::{
    io, mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;

use super::{
    UnexpectedBytes,
    buffer_pool::{BUFFERS, LARGE_BUFFER, first_buffer, return_first_buffer},
    chunked_decoder::split_up_to,
    unexpected_bytes,
};

/// The next buffer is used when less room than this is left.
///
/// Reads into less room would be many small ones.
const MIN_ROOM: usize = 2 * 1024;

/// Content of up to this many bytes is moved out of the first buffer. glibc caches free blocks of
/// this size for each thread.
const MAX_MOVED: usize = 1024;

/// The task yields after it has read this many bytes, so that what was read can be written.
///
/// It is counted from the last yield or `Pending`, so a slow origin never causes one.
const YIELD_AFTER: usize = 4 * LARGE_BUFFER;

/// Where the current buffer comes from.
#[derive(PartialEq)]
enum BufferSource {
    /// There is no buffer: the connection is idle.
    None,
    /// It is the first buffer of a response.
    First,
    /// It was allocated for this connection.
    Allocated,
    /// It was taken from the pool of large buffers, and is returned to it.
    Pool,
}

/// A stream with a buffer for the bytes read from it.
pub(super) struct ReadBuffer<S> {
    /// The stream, which the request is written to.
    ///
    /// The request writer borrows it. Reads go through [`poll_fill`](Self::poll_fill) alone.
    pub(super) stream: S,
    /// What was read and not parsed yet.
    pub(super) bytes: BytesMut,
    source: BufferSource,
    /// How many bytes were read since the stream last returned `Pending` or the task last yielded.
    since_yield: usize,
}

impl<S> ReadBuffer<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Wraps a stream. Allocates nothing.
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            bytes: BytesMut::new(),
            source: BufferSource::None,
            since_yield: 0,
        }
    }

    /// Reads into the buffer, and returns how many bytes. Zero is the end of the stream.
    ///
    /// Never called with a full buffer: [`poll_room`](Self::poll_room) makes room first. What a
    /// caller does not parse stays, and the caller's limits bound how much that can be.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        ready!(self.poll_room(cx));
        let read = poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.bytes);
        match &read {
            Poll::Ready(Ok(length)) => self.since_yield += length,
            Poll::Ready(Err(_)) | Poll::Pending => self.since_yield = 0,
        }
        read
    }

    /// Makes room in the buffer.
    ///
    /// A pooled buffer whose bytes have been written is filled again: it is still in the
    /// processor's caches. With a fast origin, the task must yield for that: otherwise it would
    /// take buffer after buffer before any of them is written.
    ///
    /// Pending only as a yield. The waker has been woken then, and the stream was not polled.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let room = self.bytes.capacity() - self.bytes.len();
        let is_large = self.source == BufferSource::Pool;
        if room >= MIN_ROOM || (is_large && self.bytes.try_reclaim(LARGE_BUFFER)) {
            return Poll::Ready(());
        }
        if self.since_yield >= YIELD_AFTER {
            self.since_yield = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.source == BufferSource::None {
            self.bytes = first_buffer();
            self.source = BufferSource::First;
        } else {
            self.next_buffer();
        }
        Poll::Ready(())
    }

    /// Replaces the buffer, and moves the rest of a line or a head into the new one.
    ///
    /// Content is never moved: the caller has split it off before it asks for more.
    fn next_buffer(&mut self) {
        let left = self.bytes.split();
        self.return_to_pool();
        if left.len() + MIN_ROOM > LARGE_BUFFER {
            self.bytes = left;
            self.bytes.reserve(LARGE_BUFFER);
            self.source = BufferSource::Allocated;
        } else {
            self.bytes = BUFFERS.take();
            self.bytes.extend_from_slice(&left);
            self.source = BufferSource::Pool;
        }
    }

    /// Reads on a connection without an exchange. Returns the bytes that arrived; `None` is the end
    /// of the stream.
    ///
    /// Reads into a small array on the stack, so that a check of an idle connection allocates
    /// nothing. A connection on which bytes arrived is closed, so those that do not fit are not
    /// missed.
    pub(super) fn poll_unsolicited(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Option<UnexpectedBytes>>> {
        let mut bytes = [0; unexpected_bytes::CAPACITY];
        let mut buffer = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        let received = buffer.filled();
        Poll::Ready(Ok(
            (!received.is_empty()).then(|| UnexpectedBytes::new(received))
        ))
    }
}

impl<S> ReadBuffer<S> {
    /// Moves the content of a response out of the first buffer, if all of it is there and it is
    /// small.
    ///
    /// Many responses may wait for their clients. Each would hold 17 KiB, and leave a gap of this
    /// size among the blocks of its connection, which live longer.
    pub(super) fn move_small_content(&mut self, length: Option<u64>) {
        let read = self.bytes.len();
        if self.source == BufferSource::First && read <= MAX_MOVED && length == Some(read as u64) {
            let content = BytesMut::from(&self.bytes[..]);
            self.return_to_pool();
            self.bytes = content;
            self.source = BufferSource::Allocated;
        }
    }

    /// Splits off up to `length` bytes of content.
    pub(super) fn split_content(&mut self, length: u64) -> Bytes {
        match self.source == BufferSource::Allocated && length == self.bytes.len() as u64 {
            // A buffer of its own need not be shared.
            true => mem::take(&mut self.bytes).freeze(),
            false => split_up_to(length, &mut self.bytes),
        }
    }

    /// Frees the buffer of a connection that becomes idle.
    ///
    /// `bytes` must be empty.
    pub(super) fn release(&mut self) {
        self.return_to_pool();
        self.source = BufferSource::None;
        self.since_yield = 0;
    }

    /// Returns a buffer to where it was taken from, or frees it.
    fn return_to_pool(&mut self) {
        let buffer = mem::take(&mut self.bytes);
        match self.source {
            BufferSource::None | BufferSource::Allocated => {}
            BufferSource::First => return_first_buffer(buffer),
            BufferSource::Pool => BUFFERS.put(buffer),
        }
    }
}
