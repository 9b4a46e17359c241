//! How far an upload has come, and which side it waits for.
//!
//! [`UploadProgress`] is the side channel of a body that was given to an exchange. Each fact in it
//! is an atomic, or is set once, so it can be read while another task polls the body:
//!
//! | who asks | what |
//! |---|---|
//! | timeouts | when the upload last moved, and which side is awaited |
//! | the client's body | whether the response has begun or ended while the client still sends |
//! | the log | how many bytes were received |
//! | an error | whether the client's body was the cause |

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::time::Instant;

use crate::error::Error;

/// The side that an upload waits for, by flow control.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AwaitedSide {
    /// The origin takes more, and the client sends nothing.
    Client,
    /// The same in a stream, whose client may wait for the origin's response.
    Either,
    /// All that the client has sent waits for the origin, or there is nothing more to send.
    Origin,
}

/// How far an upload has come. Shared by the body and the timeouts that watch it.
#[derive(Clone, Default)]
pub(crate) struct UploadProgress(Option<Arc<Tracked>>);

/// What is recorded of one body.
#[derive(Default)]
struct Tracked {
    /// When the body last returned a frame, or the connection accepted some of it. `None` before
    /// the first frame.
    moved_at: Mutex<Option<Instant>>,
    /// The last poll returned `Pending`.
    ///
    /// The body may still be sent to the origin then; it says that the client is the slower one.
    awaits_client: AtomicBool,
    /// Content of the body waits for the origin, whose window is closed.
    is_blocked: AtomicBool,
    /// The body belongs to a stream, whose client may pause to wait for the origin.
    may_pause: bool,
    /// The body waits for 100 (Continue).
    awaits_continue: AtomicBool,
    /// The origin has sent the head of its response.
    has_response: AtomicBool,
    /// The response has ended, so the server in front has no body left to drop.
    has_response_ended: AtomicBool,
    /// The error that the body failed with.
    ///
    /// It is the client's fault or the proxy's limit, and takes precedence over what the origin's
    /// side reports as a consequence.
    failure: OnceLock<Error>,
    /// The bytes that were read from the client.
    ///
    /// HTTP framing does not count, and the bytes are those that the server in front has decoded.
    received: AtomicU64,
}

impl UploadProgress {
    /// The progress of a body that has not been polled. The default value tracks nothing.
    ///
    /// The body shares it; clones are cheap.
    pub(crate) fn tracked() -> Self {
        Self(Some(Arc::default()))
    }

    /// The same for a stream, whose client may pause to wait for the origin.
    pub(crate) fn of_stream() -> Self {
        let tracked = Tracked {
            may_pause: true,
            ..Tracked::default()
        };
        Self(Some(Arc::new(tracked)))
    }

    /// Whether there is a body to track.
    ///
    /// False for a request without content.
    pub(crate) fn is_tracked(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the origin has sent the head of its response. The client may have stopped sending to
    /// read it.
    pub(crate) fn has_response(&self) -> bool {
        let tracked = self.0.as_ref();
        tracked.is_some_and(|tracked| tracked.has_response.load(Ordering::Relaxed))
    }

    /// Records the head of the origin's response.
    pub(crate) fn note_response(&self) {
        if let Some(tracked) = &self.0 {
            tracked.has_response.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the response has ended. Nothing reports then that the stream was reset.
    pub(crate) fn has_response_ended(&self) -> bool {
        let tracked = self.0.as_ref();
        tracked.is_some_and(|tracked| tracked.has_response_ended.load(Ordering::Relaxed))
    }

    /// Records the end of the response.
    pub(crate) fn note_response_end(&self) {
        if let Some(tracked) = &self.0 {
            tracked.has_response_ended.store(true, Ordering::Relaxed);
        }
    }

    /// The error that the body failed with.
    ///
    /// `None` while the body is healthy, and if it is not tracked.
    pub(crate) fn failure(&self) -> Option<Error> {
        self.0.as_ref()?.failure.get().cloned()
    }

    /// Records the error that the body failed with.
    pub(super) fn note_failure(&self, error: &Error) {
        if let Some(tracked) = &self.0 {
            // The first error counts: a body fails once.
            let _ = tracked.failure.set(error.clone());
        }
    }

    /// When the body last returned a frame, or the connection accepted some of it: one frame may
    /// be all of a large body.
    ///
    /// `None` before the first frame: neither the head nor the wait for 100 (Continue) counts.
    pub(crate) fn moved_at(&self) -> Option<Instant> {
        let tracked = self.0.as_ref()?;
        *tracked.moved_at()
    }

    /// Records that the connection has accepted some of what the body returned.
    pub(super) fn note_accepted(&self) {
        if let Some(tracked) = &self.0
            && let Some(moved_at) = &mut *tracked.moved_at()
        {
            *moved_at = Instant::now();
        }
    }

    /// The number of bytes that were read from the client. Replays do not count.
    pub(crate) fn received(&self) -> u64 {
        let tracked = self.0.as_ref();
        tracked.map_or(0, |tracked| tracked.received.load(Ordering::Relaxed))
    }

    /// Counts bytes that were read from the client.
    pub(crate) fn note_received(&self, bytes: u64) {
        if let Some(tracked) = &self.0 {
            tracked.received.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Whether the body waits for 100 (Continue), for as long as it does by itself.
    pub(crate) fn awaits_continue(&self) -> bool {
        let tracked = self.0.as_ref();
        tracked.is_some_and(|tracked| tracked.awaits_continue.load(Ordering::Relaxed))
    }

    pub(super) fn note_continue_wait(&self, waits: bool) {
        if let Some(tracked) = &self.0 {
            tracked.awaits_continue.store(waits, Ordering::Relaxed);
        }
    }

    /// The side that the upload waits for.
    pub(crate) fn awaited_side(&self) -> AwaitedSide {
        match &self.0 {
            Some(tracked) if tracked.awaits_client() && tracked.may_pause => AwaitedSide::Either,
            Some(tracked) if tracked.awaits_client() => AwaitedSide::Client,
            _ => AwaitedSide::Origin,
        }
    }

    /// Whether a silent client is late: it does not wait for the origin, by the window of the
    /// connection or as the client of a stream.
    pub(crate) fn is_client_late(&self) -> bool {
        let tracked = self.0.as_ref();
        tracked.is_none_or(|it| !it.may_pause && !it.is_blocked.load(Ordering::Relaxed))
    }

    /// Records whether content that was read from the client waits for the origin.
    pub(crate) fn note_blocked(&self, is_blocked: bool) {
        if let Some(tracked) = &self.0 {
            tracked.is_blocked.store(is_blocked, Ordering::Relaxed);
        }
    }

    /// Records a poll of the client's body.
    ///
    /// Called after each poll of the client's body, and not while 100 (Continue) is awaited.
    pub(super) fn note_poll(&self, is_ready: bool) {
        let Some(tracked) = &self.0 else {
            return;
        };
        tracked.awaits_client.store(!is_ready, Ordering::Relaxed);
        if is_ready {
            *tracked.moved_at() = Some(Instant::now());
        }
    }
}

impl Tracked {
    /// Whether the body has returned all that the client has sent, and all of it was written.
    fn awaits_client(&self) -> bool {
        let awaits_client = self.awaits_client.load(Ordering::Relaxed);
        awaits_client && !self.is_blocked.load(Ordering::Relaxed)
    }

    fn moved_at(&self) -> MutexGuard<'_, Option<Instant>> {
        let moved_at = self.moved_at.lock();
        moved_at.unwrap_or_else(PoisonError::into_inner)
    }
}
