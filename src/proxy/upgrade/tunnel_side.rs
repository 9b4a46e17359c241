//! `TunnelSide`: the connection of one side of a tunnel, which notes what passes and what fails.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::traffic::{Side, Traffic};

/// The connection of one side.
pub(super) struct TunnelSide {
    pub(super) io: TokioIo<Upgraded>,
    pub(super) side: Side,
    pub(super) traffic: Arc<Traffic>,
}

impl TunnelSide {
    fn io(&mut self) -> Pin<&mut TokioIo<Upgraded>> {
        Pin::new(&mut self.io)
    }

    /// Notes an error.
    fn noted<T>(&self, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        outcome.map_err(|error| {
            self.traffic.failed(self.side);
            error
        })
    }
}

impl AsyncRead for TunnelSide {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.io().poll_read(cx, buffer);
        if matches!(read, Poll::Ready(Ok(()))) {
            self.traffic.read();
        }
        self.noted(read)
    }
}

impl AsyncWrite for TunnelSide {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = self.io().poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.traffic.written(self.side, count);
        }
        self.noted(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = self.io().poll_flush(cx);
        self.noted(flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut_down = self.io().poll_shutdown(cx);
        self.noted(shut_down)
    }
}
