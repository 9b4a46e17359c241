//! A byte stream that records what arrives from the peer, and how much is written.
//!
//! It lies between h2 and the byte stream, because h2 does not report when frames arrive. Three
//! questions are answered from it:
//!
//! * Is the peer alive? Any byte proves it, also one in the middle of a large DATA frame.
//! * Have the peer's SETTINGS been applied? Until then, the number of streams it permits is a
//!   guess.
//! * Was anything written since a stream was opened? If not, the peer knows nothing of the request.
//!
//! ```text
//!                 suspect()                      bytes arrive
//!   not suspect ─────────────> suspect ─────────────────────────> recovered
//!        ^                        │ a PING is sent; no byte in time     │
//!        │                        v                                     │
//!        │                 the connection ends                          │
//!        └──────────────────── take_recovered() ────────────────────────┘
//! ```

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use futures_util::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Duration, Instant},
};

use super::connection_state::ConnectionState;

/// The length of a frame header; its first three bytes are the length of the payload
/// (RFC 9113 section 4.1).
///
/// The first frame that a peer sends is SETTINGS, or the connection fails.
const FRAME_HEADER: usize = 9;

/// What a connection has received, shared by its parts.
#[derive(Debug)]
pub(super) struct Received {
    /// The clock is tokio's, so tests can pause it.
    opened_at: Instant,
    /// Milliseconds from `opened_at` to the last read that returned bytes.
    ///
    /// Read and written without order: a few milliseconds do not matter.
    last: AtomicU64,
    /// Set with release order: who reads `true` also sees the peer's limits in h2's state.
    settings: AtomicBool,
    /// Nothing has arrived since the peer was suspected to be gone.
    is_suspect: AtomicBool,
    /// Something has arrived after that.
    has_recovered: AtomicBool,
    /// The task of the connection.
    task: AtomicWaker,
}

impl Received {
    /// A new connection counts as active now.
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            opened_at: Instant::now(),
            last: AtomicU64::new(0),
            settings: AtomicBool::new(false),
            is_suspect: AtomicBool::new(false),
            has_recovered: AtomicBool::new(false),
            task: AtomicWaker::new(),
        })
    }

    /// When bytes last arrived.
    ///
    /// With a resolution of one millisecond.
    pub(super) fn last(&self) -> Instant {
        self.opened_at + Duration::from_millis(self.last.load(Ordering::Relaxed))
    }

    /// Whether the peer's first frame, its SETTINGS, has been read (RFC 9113 section 3.4).
    pub(super) fn has_settings(&self) -> bool {
        self.settings.load(Ordering::Acquire)
    }

    /// Suspects the peer to be gone until something arrives. Wakes the connection.
    pub(super) fn suspect(&self) {
        self.is_suspect.store(true, Ordering::Release);
        self.task.wake();
    }

    /// Such a connection is given no further requests until bytes arrive.
    pub(super) fn is_suspect(&self) -> bool {
        self.is_suspect.load(Ordering::Acquire)
    }

    /// Whether something has arrived after a suspicion, since the last call.
    ///
    /// The connection's task asks after each poll, and lists the connection as available again.
    pub(super) fn take_recovered(&self) -> bool {
        let has_recovered = &self.has_recovered;
        has_recovered.load(Ordering::Acquire) && has_recovered.swap(false, Ordering::AcqRel)
    }

    /// Registers the current task to be woken by the next suspicion.
    pub(super) fn wake_by_suspicion(&self, cx: &Context<'_>) {
        self.task.register(cx.waker());
    }

    /// Called for each read that returned bytes.
    fn record(&self) {
        let millis = self.opened_at.elapsed().as_millis();
        let millis = u64::try_from(millis).unwrap_or(u64::MAX);
        self.last.store(millis, Ordering::Relaxed);
        // Read first: suspicions are rare, and swaps make the cores of a busy proxy wait.
        if self.is_suspect() && self.is_suspect.swap(false, Ordering::AcqRel) {
            self.has_recovered.store(true, Ordering::Release);
        }
    }
}

/// A byte stream whose reads and writes are recorded.
///
/// It changes no byte, and forwards vectored writes.
pub(super) struct TimedIo<S> {
    stream: S,
    received: Arc<Received>,
    state: Arc<ConnectionState>,
    /// Absent once the first frame has been read.
    first_frame: Option<FirstFrame>,
}

impl<S> TimedIo<S> {
    /// Must be the first reader of the stream: the first frame is counted from its first byte.
    ///
    /// Must be the first reader of the stream: the first frame is counted from its first byte.
    pub(super) fn new(stream: S, received: Arc<Received>, state: Arc<ConnectionState>) -> Self {
        Self {
            stream,
            received,
            state,
            first_frame: Some(FirstFrame::default()),
        }
    }
}

/// How much of the peer's first frame has been read.
///
/// Only its length is kept. h2 checks the content.
#[derive(Default)]
struct FirstFrame {
    length: [u8; 3],
    read: usize,
}

impl FirstFrame {
    /// Counts on behind the frame, which does no harm: it is dropped before the next read.
    fn record(&mut self, bytes: &[u8]) {
        let missing = self.length.iter_mut().skip(self.read);
        for (place, byte) in missing.zip(bytes) {
            *place = *byte;
        }
        self.read += bytes.len();
    }

    /// False until the three bytes of the length are there: `read` is below nine then.
    fn is_complete(&self) -> bool {
        let [high, middle, low] = self.length;
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        self.read >= FRAME_HEADER + length
    }
}

impl<S> AsyncRead for TimedIo<S>
where
    S: AsyncRead + Unpin,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        // h2 reads again only after it has applied the frames that it read before.
        if this
            .first_frame
            .take_if(|frame| frame.is_complete())
            .is_some()
        {
            this.received.settings.store(true, Ordering::Release);
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        let bytes = &buf.filled()[before..];
        if !bytes.is_empty() {
            this.received.record();
        }
        if let Some(frame) = &mut this.first_frame {
            frame.record(bytes);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S> AsyncWrite for TimedIo<S>
where
    S: AsyncWrite + Unpin,
{
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.state.note_blocked(written.is_pending());
        let written = ready!(written)?;
        self.state.note_written(written);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.state.note_blocked(written.is_pending());
        let written = ready!(written)?;
        self.state.note_written(written);
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
