//! A connection, or a place on one, in the hands of one request.

use http::{Request, Response};

use crate::{connector::ConnectionInfo, error::EarlyData};

use crate::upload::RequestBody;

use super::{
    Affinity, ResponseBody, alone::AloneLease, ending::Reason, failure::Unanswered,
    http1::Http1Lease, http2::Http2Lease, visit::InFlight,
};

/// A connection, or a place on one. Dropped before its response has ended, it gives up the exchange
/// and frees what it held.
pub(crate) struct PooledConnection {
    place: Place,
    /// The request that is served by it.
    visit: Option<InFlight>,
}

pub(super) enum Place {
    Http1(Http1Lease),
    Http2(Http2Lease),
    Alone(AloneLease),
}

impl From<Place> for PooledConnection {
    fn from(place: Place) -> Self {
        Self { place, visit: None }
    }
}

impl From<Http1Lease> for PooledConnection {
    fn from(lease: Http1Lease) -> Self {
        Place::Http1(lease).into()
    }
}

impl From<Http2Lease> for PooledConnection {
    fn from(lease: Http2Lease) -> Self {
        Place::Http2(lease).into()
    }
}

impl From<AloneLease> for PooledConnection {
    fn from(lease: AloneLease) -> Self {
        Place::Alone(lease).into()
    }
}

impl PooledConnection {
    pub(crate) fn info(&self) -> &ConnectionInfo {
        match &self.place {
            Place::Http1(lease) => lease.info(),
            Place::Http2(lease) => lease.info(),
            Place::Alone(lease) => lease.info(),
        }
    }

    /// For whom the connection was opened.
    pub(super) fn client(&self) -> &Affinity {
        match &self.place {
            Place::Http1(lease) => lease.client(),
            Place::Http2(lease) => lease.client(),
            Place::Alone(lease) => lease.client(),
        }
    }

    pub(crate) fn is_http2(&self) -> bool {
        matches!(self.place, Place::Http2(_))
    }

    /// Whether the connection has served a request before.
    pub(super) fn has_served(&self) -> bool {
        match &self.place {
            Place::Http1(lease) => lease.has_served(),
            Place::Http2(lease) => lease.has_served(),
            Place::Alone(_) => false,
        }
    }

    /// Whether the connection had been kept for a request: its peer may have closed it since.
    pub(super) fn has_rested(&self) -> bool {
        match &self.place {
            Place::Http1(lease) => lease.has_rested(),
            Place::Http2(lease) => lease.has_rested(),
            Place::Alone(_) => false,
        }
    }

    /// Whether its request has been sent before the handshake had ended.
    pub(super) fn is_early(&self) -> bool {
        let session = self.info().facts().tls_session();
        let was_early = session.is_some_and(|it| it.early_data == EarlyData::Accepted);
        was_early && !self.has_served()
    }

    /// Sends a request and waits for the head of its response. The request's method stays, its head
    /// if it may have to be sent again, and its body if nothing was sent.
    pub(super) async fn exchange(
        &mut self,
        request: &mut Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, Unanswered> {
        match &mut self.place {
            Place::Http1(lease) => lease.exchange(request).await,
            // Boxed: every request over HTTP/1 would carry the room for what hyper's client does.
            Place::Http2(lease) => Box::pin(lease.exchange(request)).await,
            Place::Alone(lease) => Box::pin(lease.exchange(request)).await,
        }
    }

    /// The outcome of a tunnel through the connection; nothing, if tunnels were told to end before.
    pub(crate) async fn tunnel<T>(&self, tunnel: impl Future<Output = T>) -> Option<T> {
        match &self.place {
            Place::Alone(lease) => lease.tunnel(tunnel).await,
            Place::Http1(_) | Place::Http2(_) => Some(tunnel.await),
        }
    }

    /// The response has ended, of which this is the body.
    pub(crate) fn finish(self, body: &mut ResponseBody) {
        match self.place {
            Place::Http1(lease) => lease.finish(body),
            // The place of the one is free, and the other is closed, when it is dropped.
            Place::Http2(_) | Place::Alone(_) => {}
        }
    }

    /// The response has failed: an HTTP/1 connection ends with it.
    pub(crate) fn fail(self) {
        match self.place {
            Place::Http1(lease) => lease.fail(Reason::Error),
            Place::Http2(_) | Place::Alone(_) => {}
        }
    }

    /// Keeps the request's visit until the response has ended.
    pub(super) fn serve(&mut self, visit: InFlight) {
        self.visit = Some(visit);
    }
}
