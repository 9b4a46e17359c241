//! What the parts of a connection share: its open streams, and whether it takes more.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use super::Http2Error;

/// What the parts of a connection know of each other.
#[derive(Debug, Default)]
pub(super) struct ConnectionState {
    streams: AtomicUsize,
    /// The connection has ended, or the peer has sent GOAWAY.
    closed: AtomicBool,
}

impl ConnectionState {
    pub(super) fn has_streams(&self) -> bool {
        self.streams.load(Ordering::Relaxed) > 0
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    /// Remembers an error after which the connection takes no more requests.
    pub(super) fn note(&self, error: &Http2Error) {
        if error.ends_connection() {
            self.close();
        }
    }

    pub(super) fn open_stream(self: &Arc<Self>) -> OpenStream {
        self.streams.fetch_add(1, Ordering::Relaxed);
        OpenStream(self.clone())
    }
}

/// Counts as an open stream until it is dropped.
#[derive(Debug)]
pub(super) struct OpenStream(Arc<ConnectionState>);

impl OpenStream {
    /// Remembers an error after which the connection takes no more requests.
    pub(super) fn note(&self, error: &Http2Error) {
        self.0.note(error);
    }

    /// Another reference to the same stream.
    pub(super) fn another(&self) -> Self {
        self.0.open_stream()
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.0.streams.fetch_sub(1, Ordering::Relaxed);
    }
}
