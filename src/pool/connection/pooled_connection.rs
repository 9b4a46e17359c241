//! `PooledConnection`: what a request checks out, a connection or a stream on one.

use http::{Request, Response};
use tokio::time::Instant;

use crate::{
    connector::ConnectionInfo, error::EarlyData, observe::CloseReason, upload::RequestBody,
};

use crate::pool::{
    checkout::ConnectionKey,
    send::{InFlight, NoResponse, Target},
};

use super::{
    http1_connection::PooledHttp1,
    ongoing_upload::{OngoingUpload, RestOfRequest},
    pooled_http2_stream::PooledStream,
    response_body::ResponseBody,
    upgrade_connection::UpgradeConnection,
};

/// A connection, or a stream on one, that serves a request.
///
/// If it is dropped before the response has ended, the exchange is cancelled: over HTTP/1 the
/// connection closes, over HTTP/2 the stream is reset.
pub(crate) struct PooledConnection {
    kind: Kind,
    /// The request, until it and its response have ended.
    in_flight: Option<InFlight>,
    /// Absent if the request has no body. Boxed, because most have none.
    upload: Option<Box<OngoingUpload>>,
}

enum Kind {
    Http1(PooledHttp1),
    Http2(PooledStream),
    Upgrade(UpgradeConnection),
}

impl From<Kind> for PooledConnection {
    fn from(kind: Kind) -> Self {
        Self {
            kind,
            in_flight: None,
            upload: None,
        }
    }
}

impl From<PooledHttp1> for PooledConnection {
    fn from(connection: PooledHttp1) -> Self {
        Kind::Http1(connection).into()
    }
}

impl From<PooledStream> for PooledConnection {
    fn from(stream: PooledStream) -> Self {
        Kind::Http2(stream).into()
    }
}

impl From<UpgradeConnection> for PooledConnection {
    fn from(connection: UpgradeConnection) -> Self {
        Kind::Upgrade(connection).into()
    }
}

impl PooledConnection {
    /// What is known about the connection, for this request.
    pub(crate) fn info(&self) -> &ConnectionInfo {
        match &self.kind {
            Kind::Http1(connection) => connection.info(),
            Kind::Http2(stream) => stream.info(),
            Kind::Upgrade(connection) => connection.info(),
        }
    }

    pub(crate) fn key(&self) -> &ConnectionKey {
        match &self.kind {
            Kind::Http1(connection) => connection.key(),
            Kind::Http2(stream) => stream.key(),
            Kind::Upgrade(connection) => connection.key(),
        }
    }

    pub(crate) fn is_http2(&self) -> bool {
        matches!(self.kind, Kind::Http2(_))
    }

    /// Whether the connection has served a request before.
    pub(crate) fn has_served(&self) -> bool {
        match &self.kind {
            Kind::Http1(connection) => connection.has_served(),
            Kind::Http2(stream) => stream.has_served(),
            Kind::Upgrade(_) => false,
        }
    }

    /// Whether the connection was idle, or over HTTP/2 served others: its peer may have ended it
    /// before this request.
    pub(crate) fn was_open_before(&self) -> bool {
        match &self.kind {
            Kind::Http1(connection) => connection.was_open_before(),
            Kind::Http2(stream) => stream.was_open_before(),
            Kind::Upgrade(_) => false,
        }
    }

    /// Since when the connection has been idle, if its request has not begun.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        match &self.kind {
            Kind::Http1(connection) => connection.idle_since(),
            Kind::Http2(stream) => stream.idle_since(),
            Kind::Upgrade(_) => None,
        }
    }

    /// Whether its request was sent before the TLS handshake had ended.
    pub(crate) fn is_in_early_data(&self) -> bool {
        let session = self.info().facts().tls_session();
        let was_early = session.is_some_and(|it| it.early_data == EarlyData::Accepted);
        was_early && !self.has_served()
    }

    /// Sends a request and waits for the head of its response, from `began_at` on.
    ///
    /// The request keeps its method, its fields unless the response is a success, and its body if
    /// nothing was sent.
    pub(crate) async fn exchange(
        &mut self,
        request: &mut Request<RequestBody>,
        target: &Target,
        began_at: Instant,
    ) -> Result<Response<ResponseBody>, NoResponse> {
        match &mut self.kind {
            Kind::Http1(connection) => {
                let added = target.encode_http1(request);
                connection.exchange(request, added, began_at).await
            }
            // Boxed: these futures are large, and would make that of every request as large.
            Kind::Http2(stream) => Box::pin(stream.exchange(request, target, began_at)).await,
            Kind::Upgrade(connection) => {
                target.encode_upgrade(request);
                Box::pin(connection.exchange(request)).await
            }
        }
    }

    /// Runs a tunnel through the connection. `None` if the application called `close_tunnels`.
    pub(crate) async fn run_tunnel_until_closed<T>(
        &self,
        tunnel: impl Future<Output = T>,
    ) -> Option<T> {
        match &self.kind {
            Kind::Upgrade(connection) => connection.run_tunnel_until_closed(tunnel).await,
            Kind::Http1(_) | Kind::Http2(_) => Some(tunnel.await),
        }
    }

    /// The response has ended, of which this is the body.
    ///
    /// If the request has not ended, a task of the pool sends the rest: the origin may still read
    /// it.
    pub(crate) fn finish(self, body: &mut ResponseBody) {
        let rest: Option<RestOfRequest> = match self.kind {
            Kind::Http1(connection) => connection.finish(body).map(|rest| Box::pin(rest) as _),
            Kind::Http2(stream) => stream.finish(body).map(|rest| Box::pin(rest) as _),
            // Dropping closes the connection.
            Kind::Upgrade(_) => None,
        };
        if let (Some(rest), Some(upload)) = (rest, self.upload) {
            upload.finish(rest, self.in_flight);
        }
    }

    /// The response has not begun, or not gone on, in time. When this is dropped, connections that
    /// have been silent for as long are suspected to be dead.
    pub(crate) fn time_out(&mut self) {
        match &mut self.kind {
            Kind::Http1(connection) => connection.time_out(),
            Kind::Http2(stream) => stream.time_out(),
            Kind::Upgrade(_) => {}
        }
    }

    /// Whether the request still waited for a stream when its exchange ended: nothing of it was
    /// sent.
    pub(crate) fn awaits_stream(&self) -> bool {
        match &self.kind {
            Kind::Http2(stream) => stream.awaits_stream(),
            Kind::Http1(_) | Kind::Upgrade(_) => false,
        }
    }

    /// Whether the origin allows no stream for now.
    pub(crate) fn refuses_streams(&self) -> bool {
        match &self.kind {
            Kind::Http2(stream) => stream.refuses_streams(),
            Kind::Http1(_) | Kind::Upgrade(_) => false,
        }
    }

    /// The response has failed: an HTTP/1 connection closes.
    pub(crate) fn fail(self) {
        match self.kind {
            Kind::Http1(connection) => connection.fail(CloseReason::Error),
            Kind::Http2(_) | Kind::Upgrade(_) => {}
        }
    }

    /// Keeps the request in flight until the response has ended.
    pub(crate) fn keep_in_flight(&mut self, request: InFlight) {
        self.in_flight = Some(request);
    }

    /// Lets the request's body be sent to its end, even after the response.
    pub(crate) fn keep_uploading(&mut self, upload: OngoingUpload) {
        self.upload = Some(Box::new(upload));
    }
}
