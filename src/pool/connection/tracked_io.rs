//! `TrackedIo`: the stream of a connection, with the permit to have it open.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::connector::{ConnectionInfo, OriginStream};

use crate::pool::{
    checkout::ConnectionPermit, connection::CloseReason, pool_lock::assert_unlocked,
};

use super::peek_before_write::PeekBeforeWrite;

/// A stream that holds its connection's permit, and notes when a read fails.
///
/// Both protocols speak through it. The permit is returned when the socket is closed.
pub(crate) struct TrackedIo {
    stream: OriginStream,
    permit: ConnectionPermit,
    peek: PeekBeforeWrite,
}

impl TrackedIo {
    pub(super) fn new(
        stream: OriginStream,
        permit: ConnectionPermit,
        peek: PeekBeforeWrite,
    ) -> Self {
        Self {
            stream,
            permit,
            peek,
        }
    }

    /// Replaces the facts that the stream holds.
    pub(super) fn set_info(&mut self, info: ConnectionInfo) {
        self.stream.set_info(info);
    }

    /// Checks the socket, if that is due. Fails if the connection has ended.
    pub(super) fn peek(&self) -> io::Result<()> {
        self.peek.run(&self.stream)
    }

    fn stream(self: Pin<&mut Self>) -> Pin<&mut OriginStream> {
        assert_unlocked();
        Pin::new(&mut self.get_mut().stream)
    }
}

impl AsyncRead for TrackedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = AsyncRead::poll_read(self.as_mut().stream(), cx, buf);
        if let Poll::Ready(Err(error)) = &read {
            // The origin closed the connection without close_notify, which is common.
            self.permit.life().note(match error.kind() {
                io::ErrorKind::UnexpectedEof => CloseReason::Origin,
                _ => CloseReason::Error,
            });
        }
        read
    }
}

impl AsyncWrite for TrackedIo {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.peek()?;
        AsyncWrite::poll_write(self.stream(), cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.peek()?;
        AsyncWrite::poll_write_vectored(self.stream(), cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        AsyncWrite::is_write_vectored(&self.stream)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_flush(self.stream(), cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        AsyncWrite::poll_shutdown(self.stream(), cx)
    }
}

impl Drop for TrackedIo {
    fn drop(&mut self) {
        assert_unlocked();
    }
}
