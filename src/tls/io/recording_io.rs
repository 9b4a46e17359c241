//! The stream under a TLS session. It records the first bytes and reads ahead.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{first_bytes::FirstBytes, read_ahead::ReadAhead};

/// A stream that records the first bytes read, and reads ahead while much data arrives.
#[derive(Debug)]
pub(crate) struct RecordingIo<IO> {
    io: IO,
    ahead: ReadAhead,
    /// `None` after the handshake: only its failure needs them.
    first: Option<FirstBytes>,
}

impl<IO> RecordingIo<IO> {
    pub(in crate::tls) fn new(io: IO) -> Self {
        Self {
            io,
            ahead: ReadAhead::default(),
            first: Some(FirstBytes::default()),
        }
    }

    /// The stream under this one.
    pub(crate) fn get_ref(&self) -> &IO {
        &self.io
    }

    /// The first bytes, which this stream goes on to record.
    pub(in crate::tls) fn first_bytes(&self) -> FirstBytes {
        self.first.clone().unwrap_or_default()
    }

    /// Stops recording, and frees what was recorded.
    pub(in crate::tls) fn stop_recording(&mut self) {
        self.first = None;
    }
}

impl<IO: AsyncRead + Unpin> AsyncRead for RecordingIo<IO> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(this.ahead.poll_read(Pin::new(&mut this.io), cx, buf))?;
        if let Some(first) = &this.first {
            first.note(&buf.filled()[before..]);
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for RecordingIo<IO> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}
