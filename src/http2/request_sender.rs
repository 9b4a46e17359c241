//! The handle of a connection by which requests open streams.

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
    exchange::{Http2Exchange, add_length},
    send_body::Upload,
};

/// Opens streams on a connection. Clones are for the same connection.
#[derive(Clone)]
pub(crate) struct RequestSender {
    h2: h2::client::SendRequest<Bytes>,
    state: Arc<ConnectionState>,
    received: Arc<Received>,
    /// The maximum size of a response head in bytes.
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
    pub(crate) fn is_closed(&self) -> bool {
        self.state.is_closed()
    }

    /// When bytes last arrived from the peer.
    pub(crate) fn last_received(&self) -> Instant {
        self.received.last()
    }

    /// Suspects the peer to be gone. The connection sends a PING at once, and ends if nothing
    /// arrives in time.
    pub(crate) fn suspect(&self) {
        self.received.suspect();
    }

    /// Whether nothing has arrived since the peer was suspected to be gone.
    pub(crate) fn is_suspect(&self) -> bool {
        self.received.is_suspect()
    }

    /// Opens a stream for a request. It is before all later ones in the eyes of the peer.
    ///
    /// The body stays if nothing was sent.
    ///
    /// # Errors
    ///
    /// Fails if the connection takes no more requests, or the request is malformed.
    pub(crate) async fn begin(
        &self,
        head: Request<()>,
        body: &mut RequestBody,
    ) -> Result<Http2Exchange, Http2Error> {
        let begun = self.open_stream(head, body).await;
        begun.inspect_err(|error| self.state.note(error))
    }

    async fn open_stream(
        &self,
        mut head: Request<()>,
        body: &mut RequestBody,
    ) -> Result<Http2Exchange, Http2Error> {
        let mut h2 = self.h2.clone();
        poll_fn(|cx| h2.poll_ready(cx))
            .await
            .map_err(Http2Error::NotSent)?;
        let is_bodiless = body.is_end_stream();
        add_length(&mut head, body);
        let open = self.state.open_stream();
        let (response, stream) = h2.send_request(head, is_bodiless).map_err(unsent)?;
        let upload = match is_bodiless {
            true => None,
            false => Some(Upload::new(stream, mem::take(body))),
        };
        let max_interim = self.max_head as usize;
        Ok(Http2Exchange::new(h2, response, upload, max_interim, open))
    }
}

/// Why h2 did not take a request: the connection has ended, or the request is malformed.
fn unsent(error: h2::Error) -> Http2Error {
    match error.is_io() || error.is_go_away() || error.is_reset() {
        true => Http2Error::NotSent(error),
        false => Http2Error::Request(error),
    }
}
