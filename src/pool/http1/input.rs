//! A stream, and what has been read from it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::io::poll_read_buf;

/// What is read at first. Nearly every head fits.
const FIRST_READ: usize = 8 * 1024;

/// What is read at most, where an origin sends faster than it is read.
const LARGEST_READ: usize = 128 * 1024;

/// With less room than this, another buffer is taken.
const LEAST_ROOM: usize = 2 * 1024;

/// A stream with a buffer for what comes in.
pub(super) struct Input<S> {
    pub(super) stream: S,
    pub(super) bytes: BytesMut,
    next_read: usize,
}

impl<S> Input<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            bytes: BytesMut::new(),
            next_read: FIRST_READ,
        }
    }

    /// Reads what there is, and tells how much that was: nothing at the end of the stream. The size of a read follows the origin's pace.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.bytes.capacity() - self.bytes.len() < LEAST_ROOM {
            self.bytes.reserve(self.next_read);
        }
        let room = self.bytes.capacity() - self.bytes.len();
        let read = ready!(poll_read_buf(
            Pin::new(&mut self.stream),
            cx,
            &mut self.bytes
        ))?;
        if read == room {
            self.next_read = (room * 2).clamp(self.next_read, LARGEST_READ);
        }
        Poll::Ready(Ok(read))
    }

    /// Reads what should not be there, and tells whether there is any of it. Nothing is there at the end of the stream.
    pub(super) fn poll_unasked(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(!buffer.filled().is_empty()))
    }

    /// Gives the buffer back.
    pub(super) fn release(&mut self) {
        self.bytes = BytesMut::new();
        self.next_read = FIRST_READ;
    }
}
