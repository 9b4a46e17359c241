//! The handle of a connection by which requests open streams.
//!
//! Each clone belongs to one request or to the pool's listing of the connection. h2 reserves a
//! stream for a handle in `poll_ready`, so a request clones the handle before it waits.

use std::{future::poll_fn, mem, sync::Arc};

use bytes::Bytes;
use http::Request;
use http_body::Body;
use tokio::time::Instant;

use crate::upload::RequestBody;

use super::{
    Http2Error,
    activity_io::Received,
    connection_state::ConnectionState,
    exchange::{Http2Exchange, announce_length},
    send_body::Upload,
};

/// Opens streams on a connection. Clones are for the same connection.
#[derive(Clone)]
pub(crate) struct RequestSender {
    h2: h2::client::SendRequest<Bytes>,
    state: Arc<ConnectionState>,
    received: Arc<Received>,
    /// The maximum size of a response head in bytes.
    ///
    /// Interim responses may have as much in total.
    max_head: u32,
}

impl RequestSender {
    pub(super) fn new(
        h2: h2::client::SendRequest<Bytes>,
        state: Arc<ConnectionState>,
        received: Arc<Received>,
        max_head: u32,
    ) -> Self {
        Self {
            h2,
            state,
            received,
            max_head,
        }
    }

    /// Whether the connection is known to take no more requests.
    ///
    /// False is no promise: GOAWAY may arrive at any time.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.is_closed()
    }

    /// When bytes last arrived from the peer.
    ///
    /// A request that has waited in vain compares it with the start of its wait.
    pub(crate) fn last_received(&self) -> Instant {
        self.received.last()
    }

    /// Suspects the peer to be gone. The connection sends a PING at once, and ends if nothing
    /// arrives in time.
    ///
    /// The pool does so when a request has waited in vain on this connection.
    pub(crate) fn suspect(&self) {
        self.received.suspect();
    }

    /// Whether nothing has arrived since the peer was suspected to be gone.
    pub(crate) fn is_suspect(&self) -> bool {
        self.received.is_suspect()
    }

    /// Waits until the connection takes a request, while the peer's limit of streams is reached.
    ///
    /// Cancellation sends nothing. The head is not made before: futures are moved with everything
    /// that they hold.
    ///
    /// # Errors
    ///
    /// Fails if the connection takes no more requests.
    pub(crate) async fn ready(&self) -> Result<ReadyToSend<'_>, Http2Error> {
        let mut h2 = self.h2.clone();
        let ready = poll_fn(|cx| h2.poll_ready(cx)).await;
        ready
            .map_err(Http2Error::NotSent)
            .inspect_err(|error| self.state.note(error))?;
        Ok(ReadyToSend { sender: self, h2 })
    }
}

/// A connection that takes a request.
pub(crate) struct ReadyToSend<'a> {
    sender: &'a RequestSender,
    h2: h2::client::SendRequest<Bytes>,
}

impl ReadyToSend<'_> {
    /// Opens a stream for a request. It is before all later ones in the eyes of the peer.
    ///
    /// The body is taken only once h2 has accepted the head, and END_STREAM is set on HEADERS if
    /// there is no body.
    ///
    /// # Errors
    ///
    /// Fails if the connection takes no more requests, or the request is malformed.
    pub(crate) fn begin(
        mut self,
        mut head: Request<()>,
        body: &mut RequestBody,
    ) -> Result<Http2Exchange, Http2Error> {
        let state = &self.sender.state;
        let is_bodiless = body.is_end_stream();
        let length = announce_length(&mut head, body)?;
        let open = state.open_stream();
        let sent = self.h2.send_request(head, is_bodiless).map_err(unsent);
        let (response, stream) = sent.inspect_err(|error| state.note(error))?;
        let upload = match is_bodiless {
            true => None,
            false => Some(Upload::new(stream, mem::take(body), length)),
        };
        let max_interim = self.sender.max_head as usize;
        Ok(Http2Exchange::new(
            self.h2,
            response,
            upload,
            max_interim,
            open,
        ))
    }
}

/// Why h2 did not take a request: the connection has ended, or the request is malformed.
///
/// h2 has one error type for both. A retry on another connection helps only in the first case.
fn unsent(error: h2::Error) -> Http2Error {
    match error.is_io() || error.is_go_away() || error.is_reset() {
        true => Http2Error::NotSent(error),
        false => Http2Error::Request(error),
    }
}
