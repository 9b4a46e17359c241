//! What the parts of a connection share: its open streams, and whether it takes more.
//!
//! h2 reports a failed write to every stream as a broken pipe, and a connection that was given up
//! because of its silent peer as well. The state keeps the true reason, so that each stream's error
//! names it.
//!
//! It counts streams by guards: an [`OpenStream`] lives as long as the request or response body
//! that it belongs to, and its upload. No count is forgotten when a future is dropped.

use std::{
    io,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::Http2Error;

/// What the parts of a connection know of each other.
#[derive(Debug, Default)]
pub(super) struct ConnectionState {
    /// PINGs are sent only while it is not zero.
    streams: AtomicUsize,
    /// The connection has ended, or the peer has sent GOAWAY.
    closed: AtomicBool,
    /// How many bytes the stream has accepted.
    ///
    /// Preface and SETTINGS count, too. Only differences are looked at.
    written: AtomicU64,
    /// The stream accepts no bytes for now: the peer does not read.
    blocked: AtomicBool,
    /// The first failure wins; what follows is a consequence of it.
    failure: OnceLock<ConnectionFailure>,
}

/// Why a connection failed.
#[derive(Clone, Copy, Debug)]
enum ConnectionFailure {
    /// The kind alone: `io::Error` cannot be cloned for each stream.
    Io(io::ErrorKind),
    /// The peer did not answer a PING for this long.
    Silent(Duration),
}

impl ConnectionState {
    /// May lag by a moment: a stream that opens meanwhile wakes the task by its frames.
    pub(super) fn has_streams(&self) -> bool {
        self.streams.load(Ordering::Relaxed) > 0
    }

    /// Streams that are open may still end well after GOAWAY; new ones may not be opened.
    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// It is never opened again. The pool drops the connection once its streams have ended.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Called with what the byte stream has accepted, which may be less than a frame.
    ///
    /// Also called for an error of one stream: a GOAWAY is often noticed by a stream first.
    pub(super) fn note_written(&self, length: usize) {
        self.written.fetch_add(length as u64, Ordering::Relaxed);
    }

    /// Called with the outcome of each write: whether the byte stream accepts nothing for now.
    pub(super) fn note_blocked(&self, is_blocked: bool) {
        // Read first: writes seldom wait, and stores make the cores of a busy proxy wait.
        if self.blocked.load(Ordering::Relaxed) != is_blocked {
            self.blocked.store(is_blocked, Ordering::Relaxed);
        }
    }

    /// Remembers why the connection fails. Its streams have not ended yet.
    ///
    /// Other errors, such as a GOAWAY, reach the streams by h2 itself.
    pub(super) fn fail(&self, error: &Http2Error) {
        let failure = match error {
            Http2Error::Silent(time) => Some(ConnectionFailure::Silent(*time)),
            Http2Error::H2(h2) => h2.get_io().map(|io| ConnectionFailure::Io(io.kind())),
            _ => None,
        };
        if let Some(failure) = failure {
            let _ = self.failure.set(failure);
        }
    }

    /// Remembers an error after which the connection takes no more requests.
    pub(super) fn note(&self, error: &Http2Error) {
        if error.ends_connection() {
            self.close();
        }
    }

    /// Call it before h2 writes the request, so that `written_before` is what preceded it.
    pub(super) fn open_stream(self: &Arc<Self>) -> OpenStream {
        self.streams.fetch_add(1, Ordering::Relaxed);
        OpenStream {
            state: self.clone(),
            written_before: self.written.load(Ordering::Relaxed),
        }
    }
}

/// Counts as an open stream until it is dropped.
#[derive(Debug)]
pub(super) struct OpenStream {
    state: Arc<ConnectionState>,
    /// What the stream had accepted before this one was opened.
    written_before: u64,
}

impl OpenStream {
    /// Remembers an error after which the connection takes no more requests.
    pub(super) fn note(&self, error: &Http2Error) {
        self.state.note(error);
    }

    /// Whether the connection accepts no bytes for now.
    pub(super) fn is_blocked(&self) -> bool {
        self.state.blocked.load(Ordering::Relaxed)
    }

    /// The error of a stream. It is [`Http2Error::NotWritten`] if the connection failed and nothing
    /// has been written since this stream was opened.
    ///
    /// Use it for errors before the head of the response. It claims that nothing was written, which
    /// cannot be true once a response has begun.
    pub(super) fn explain(&self, error: Http2Error) -> Http2Error {
        match error {
            Http2Error::H2(h2) if h2.is_io() && !self.has_written() => Http2Error::NotWritten(h2),
            Http2Error::ClosedAfterGoAway(h2) if !self.has_written() => Http2Error::NotWritten(h2),
            error => self.explain_end(error),
        }
    }

    /// The failure of the connection, if it ended the stream. h2 reports a broken pipe to streams
    /// when a write fails, or when the connection is dropped because its peer is silent.
    ///
    /// Errors of the stream alone, such as a reset, are returned as they are.
    pub(super) fn explain_end(&self, error: Http2Error) -> Http2Error {
        let is_broken_pipe = |h2: &h2::Error| {
            h2.get_io()
                .is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
        };
        match (&error, self.state.failure.get()) {
            (Http2Error::H2(h2), Some(failure)) if is_broken_pipe(h2) => match *failure {
                ConnectionFailure::Io(kind) => Http2Error::Io(kind.into()),
                ConnectionFailure::Silent(time) => Http2Error::Silent(time),
            },
            _ => error,
        }
    }

    /// Writes for other streams count as well, so it may be true although nothing of this request
    /// was sent. That errs on the safe side: the request is not retried.
    fn has_written(&self) -> bool {
        self.state.written.load(Ordering::Relaxed) != self.written_before
    }

    /// Another reference to the same stream.
    ///
    /// For the upload, which may outlive the response.
    pub(super) fn another(&self) -> Self {
        self.state.open_stream()
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.state.streams.fetch_sub(1, Ordering::Relaxed);
    }
}
