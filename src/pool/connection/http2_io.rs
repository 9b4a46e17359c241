//! `Http2Io`: the stream of an HTTP/2 connection, which notices SETTINGS and can be aborted.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{Notify, oneshot},
};

use super::tracked_io::TrackedIo;

/// The size of a frame header; its first three bytes are the length of the payload (RFC 9113
/// section 4.1).
const FRAME_HEADER: usize = 9;

/// The stream of an HTTP/2 connection.
pub(crate) struct Http2Io {
    io: TrackedIo,
    /// Absent once the first frame was read.
    first_frame: Option<FirstFrame>,
    abort: Abort,
}

/// Whether the stream is to be aborted.
enum Abort {
    WhenDropped(oneshot::Receiver<()>),
    Aborted,
}

impl Http2Io {
    /// Sets `settings_received` when the peer's first frame, its SETTINGS (RFC 9113 section 3.4),
    /// was read.
    ///
    /// Once the other end of `abort` is dropped, the stream fails wherever the peer keeps it
    /// waiting.
    pub(crate) fn new(
        io: TrackedIo,
        settings_received: SettingsReceived,
        abort: oneshot::Receiver<()>,
    ) -> Self {
        let first_frame = FirstFrame {
            length: [0; 3],
            read: 0,
            settings_received,
        };
        Self {
            io,
            first_frame: Some(first_frame),
            abort: Abort::WhenDropped(abort),
        }
    }

    fn io(self: Pin<&mut Self>) -> Pin<&mut TrackedIo> {
        Pin::new(&mut self.get_mut().io)
    }

    /// The outcome of a poll; an error instead of a wait, once the stream is aborted.
    fn unless_aborted<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        match polled.is_pending() && self.is_aborted(cx) {
            true => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            false => polled,
        }
    }

    fn is_aborted(&mut self, cx: &mut Context<'_>) -> bool {
        if let Abort::WhenDropped(dropped) = &mut self.abort
            && Pin::new(dropped).poll(cx).is_ready()
        {
            self.abort = Abort::Aborted;
        }
        matches!(self.abort, Abort::Aborted)
    }

    /// Reads small pieces, so that the first frame is noticed before what follows it.
    fn read_first_frame(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut piece = [0; 256];
        let size = piece.len().min(buf.remaining());
        let mut piece = ReadBuf::new(&mut piece[..size]);
        ready!(Pin::new(&mut self.io).poll_read(cx, &mut piece))?;
        if let Some(first_frame) = &mut self.first_frame {
            first_frame.note(piece.filled());
        }
        buf.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

/// Whether an HTTP/2 peer has sent its SETTINGS.
#[derive(Clone, Default)]
pub(crate) struct SettingsReceived(Arc<SettingsSignal>);

#[derive(Default)]
struct SettingsSignal {
    is_set: AtomicBool,
    changed: Notify,
}

impl SettingsReceived {
    pub(crate) fn is_set(&self) -> bool {
        self.0.is_set.load(Ordering::Acquire)
    }

    /// Waits until the SETTINGS have arrived.
    pub(crate) async fn wait(&self) {
        while !self.is_set() {
            self.0.changed.notified().await;
        }
    }

    /// Wakes the one task that waits.
    fn set(&self) {
        self.0.is_set.store(true, Ordering::Release);
        self.0.changed.notify_one();
    }
}

/// The peer's first frame, as it arrives.
struct FirstFrame {
    length: [u8; 3],
    read: usize,
    settings_received: SettingsReceived,
}

impl FirstFrame {
    /// Counts bytes, and keeps those of the length field.
    fn note(&mut self, bytes: &[u8]) {
        for (slot, byte) in self.length.iter_mut().skip(self.read).zip(bytes) {
            *slot = *byte;
        }
        self.read += bytes.len();
    }

    /// Whether the whole frame has arrived.
    fn is_complete(&self) -> bool {
        let [high, middle, low] = self.length;
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        self.read >= FRAME_HEADER + length
    }
}

impl AsyncRead for Http2Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // hyper reads again only when it has processed what was read before.
        if let Some(frame) = this.first_frame.take_if(|frame| frame.is_complete()) {
            frame.settings_received.set();
        }
        let read = match this.first_frame {
            None => Pin::new(&mut this.io).poll_read(cx, buf),
            Some(_) => this.read_first_frame(cx, buf),
        };
        this.unless_aborted(read, cx)
    }
}

impl AsyncWrite for Http2Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = self.as_mut().io().poll_write(cx, buf);
        self.unless_aborted(polled, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = self.as_mut().io().poll_write_vectored(cx, bufs);
        self.unless_aborted(polled, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.as_mut().io().poll_flush(cx);
        self.unless_aborted(polled, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.as_mut().io().poll_shutdown(cx);
        self.unless_aborted(polled, cx)
    }
}
