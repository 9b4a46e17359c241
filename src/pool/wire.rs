//! The stream of a connection: it holds the connection's slot, and notices when an HTTP/2 peer has
//! introduced itself.

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

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use tokio::sync::{Notify, oneshot};

use crate::connector::OriginStream;

use super::slot::Slot;

/// Every frame starts with so many bytes, the first three of which are the length of the rest (RFC
/// 9113 section 4.1).
const FRAME_HEAD: usize = 9;

/// A stream and the leave to have it open.
pub(super) struct Wire {
    stream: OriginStream,
    slot: Slot,
    preface: Option<Preface>,
    tie: Tie,
}

/// Whether somebody may end the stream, or has.
enum Tie {
    None,
    Holds(oneshot::Receiver<()>),
    Cut,
}

impl Wire {
    pub(super) fn new(stream: OriginStream, slot: Slot) -> Self {
        Self {
            stream,
            slot,
            preface: None,
            tie: Tie::None,
        }
    }

    /// Fails as soon as the other end is dropped and the peer keeps it waiting: what drives the
    /// stream has no other end then.
    pub(super) fn tied(mut self, tie: oneshot::Receiver<()>) -> Self {
        self.tie = Tie::Holds(tie);
        self
    }

    /// Tells when the peer's first frame has been read, which is its settings (RFC 9113 section
    /// 3.4).
    pub(super) fn listening(mut self, introduced: Introduced) -> Self {
        self.preface = Some(Preface {
            length: [0; 3],
            read: 0,
            introduced,
        });
        self
    }
}

/// Whether an HTTP/2 peer has said its settings.
#[derive(Clone, Default)]
pub(super) struct Introduced(Arc<Introduction>);

#[derive(Default)]
struct Introduction {
    done: AtomicBool,
    changed: Notify,
}

impl Introduced {
    pub(super) fn is_done(&self) -> bool {
        self.0.done.load(Ordering::Acquire)
    }

    pub(super) async fn wait(&self) {
        while !self.is_done() {
            self.0.changed.notified().await;
        }
    }

    fn tell(&self) {
        self.0.done.store(true, Ordering::Release);
        self.0.changed.notify_one();
    }
}

/// The peer's first frame as it comes in.
struct Preface {
    length: [u8; 3],
    read: usize,
    introduced: Introduced,
}

impl Preface {
    fn note(&mut self, bytes: &[u8]) {
        for (place, byte) in self.length.iter_mut().skip(self.read).zip(bytes) {
            *place = *byte;
        }
        self.read += bytes.len();
    }

    fn is_whole(&self) -> bool {
        let [high, middle, low] = self.length;
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        self.read >= FRAME_HEAD + length
    }
}

impl Wire {
    fn unless_cut<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        match polled.is_pending() && self.is_cut(cx) {
            true => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            false => polled,
        }
    }

    fn is_cut(&mut self, cx: &mut Context<'_>) -> bool {
        if let Tie::Holds(tie) = &mut self.tie
            && Pin::new(tie).poll(cx).is_ready()
        {
            self.tie = Tie::Cut;
        }
        matches!(self.tie, Tie::Cut)
    }

    /// Reads in small pieces until the first frame is there.
    fn read_preface(
        &mut self,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut piece = [0; 256];
        let size = piece.len().min(buf.remaining());
        let mut piece = ReadBuf::new(&mut piece[..size]);
        ready!(Read::poll_read(
            Pin::new(&mut self.stream),
            cx,
            piece.unfilled()
        ))?;
        if let Some(preface) = &mut self.preface {
            preface.note(piece.filled());
        }
        buf.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

impl Read for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // Whoever reads again has dealt with what was read before.
        if let Some(preface) = this.preface.take_if(|preface| preface.is_whole()) {
            preface.introduced.tell();
        }
        let read = match this.preface {
            None => Read::poll_read(Pin::new(&mut this.stream), cx, buf),
            Some(_) => this.read_preface(cx, buf),
        };
        if let Poll::Ready(Err(_)) = &read {
            this.slot.broke();
        }
        this.unless_cut(read, cx)
    }
}

impl Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Write::poll_write(Pin::new(&mut self.stream), cx, buf);
        self.unless_cut(polled, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Write::poll_write_vectored(Pin::new(&mut self.stream), cx, bufs);
        self.unless_cut(polled, cx)
    }

    fn is_write_vectored(&self) -> bool {
        Write::is_write_vectored(&self.stream)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Write::poll_flush(Pin::new(&mut self.stream), cx);
        self.unless_cut(polled, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Write::poll_shutdown(Pin::new(&mut self.stream), cx);
        self.unless_cut(polled, cx)
    }
}
