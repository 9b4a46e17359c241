//! `PeekBeforeWrite`: whether an idle connection has ended, before a request is written to it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use http::Request;
use http_body::Body;

use crate::{
    connector::{OriginStream, Unread},
    upload::RequestBody,
};

/// Finds out whether a connection ended while it was idle. Over HTTP/1 that is known before the
/// request is begun, so none of its body is read; over HTTP/2 the first write fails.
///
/// A runtime learns of the end only when it next polls its sockets, which may be after the request
/// was written. So the check asks the socket itself, before each request that could not be sent
/// again. If the connection has ended, nothing is written, and the request is sent on another
/// connection.
pub(super) struct PeekBeforeWrite {
    is_due: Arc<AtomicBool>,
    /// Whether bytes may arrive while no request is in flight.
    permits_bytes: bool,
}

impl PeekBeforeWrite {
    /// Over HTTP/1, bytes without a request end the connection: an unsolicited response, or a TLS
    /// `close_notify`.
    pub(super) fn http1() -> Self {
        Self::new(false)
    }

    /// Over HTTP/2, frames may arrive at any time.
    pub(super) fn http2() -> Self {
        Self::new(true)
    }

    fn new(permits_bytes: bool) -> Self {
        Self {
            is_due: Arc::default(),
            permits_bytes,
        }
    }

    /// The same check, shared with the other part of the connection.
    pub(super) fn another(&self) -> Self {
        Self {
            is_due: self.is_due.clone(),
            ..*self
        }
    }

    /// Schedules a peek before the next write, unless this request can be repeated.
    /// Returns whether it is due.
    pub(super) fn schedule(&self, request: &Request<RequestBody>) -> bool {
        let is_due = !request.method().is_idempotent() || !request.body().is_end_stream();
        if is_due {
            self.is_due.store(true, Ordering::Relaxed);
        }
        is_due
    }

    /// Checks the socket, if that is due.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::NotConnected`]: the connection has ended, and nothing may be written.
    pub(super) fn run(&self, stream: &OriginStream) -> io::Result<()> {
        if !self.is_due.load(Ordering::Relaxed) {
            return Ok(());
        }
        self.is_due.store(false, Ordering::Relaxed);
        match stream.unread() {
            None => Ok(()),
            Some(Unread::Bytes) if self.permits_bytes => Ok(()),
            Some(_) => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}
