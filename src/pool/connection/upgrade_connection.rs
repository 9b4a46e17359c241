//! `UpgradeConnection`: a connection for one upgrade and nothing else.

use std::sync::Arc;

use http::{Request, Response};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1},
};
use tokio_util::sync::CancellationToken;

use crate::{
    connector::{ConnectionInfo, OriginStream},
    observe::CloseReason,
    upload::RequestBody,
};

use crate::pool::{
    checkout::{ConnectionKey, ConnectionPermit},
    pool_settings::PoolSettings,
    send::NoResponse,
};

use super::response_body::ResponseBody;

/// The maximum number of fields in a response. hyper's default of 100 is less than some refusals
/// have. It allocates room for all of them.
const MAX_FIELDS: usize = 1024;

/// A connection that serves one upgrade. Its permit is returned when the tunnel has ended and the
/// socket is closed, whichever is later.
pub(crate) struct UpgradeConnection {
    sender: http1::SendRequest<RequestBody>,
    info: ConnectionInfo,
    key: ConnectionKey,
    /// Ends the tunnel.
    tunnel_closer: CancellationToken,
    _permit: Arc<ConnectionPermit>,
}

/// What the task of the connection drives.
pub(crate) struct UpgradeIo {
    pub(crate) connection: http1::Connection<OriginStream, RequestBody>,
    /// Held here too: after a refused upgrade, the socket outlives the request.
    pub(crate) permit: Arc<ConnectionPermit>,
}

impl UpgradeConnection {
    /// Speaks HTTP/1 on a new stream.
    pub(crate) async fn open(
        stream: OriginStream,
        permit: ConnectionPermit,
        key: ConnectionKey,
        settings: &PoolSettings,
        tunnel_closer: CancellationToken,
    ) -> hyper::Result<(Self, UpgradeIo)> {
        let info = stream.info().clone();
        let mut builder = http1::Builder::new();
        // As lenient as the parser of other responses.
        builder
            .max_header_size(settings.max_head())
            .max_headers(MAX_FIELDS)
            .allow_spaces_after_header_name_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true);
        let (sender, connection) = builder.handshake(stream).await?;
        permit.life().note(CloseReason::Upgrade);
        permit.life().count_use();
        let permit = Arc::new(permit);
        let io = UpgradeIo {
            connection,
            permit: permit.clone(),
        };
        let pooled = Self {
            sender,
            info,
            key,
            tunnel_closer,
            _permit: permit,
        };
        Ok((pooled, io))
    }

    pub(crate) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    pub(crate) fn key(&self) -> &ConnectionKey {
        &self.key
    }

    /// Runs a tunnel through the connection. `None` if the pool ended it.
    pub(crate) async fn run_tunnel_until_closed<T>(
        &self,
        tunnel: impl Future<Output = T>,
    ) -> Option<T> {
        self.tunnel_closer.run_until_cancelled(tunnel).await
    }

    /// Sends a request that is encoded for HTTP/1, and waits for the head of its response.
    pub(crate) async fn exchange(
        &mut self,
        request: &mut Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, NoResponse> {
        let outcome = self.sender.try_send_request(take_request(request)).await;
        response_or_failure(outcome, request)
    }
}

/// Takes the request and leaves a copy of its head, with which it can be sent again.
fn take_request(request: &mut Request<RequestBody>) -> Request<RequestBody> {
    let mut copy = Request::new(RequestBody::default());
    *copy.method_mut() = request.method().clone();
    *copy.headers_mut() = request.headers().clone();
    std::mem::replace(request, copy)
}

/// The outcome in the pool's terms. A request of which nothing was sent is put back.
fn response_or_failure(
    outcome: Result<Response<Incoming>, TrySendError<Request<RequestBody>>>,
    request: &mut Request<RequestBody>,
) -> Result<Response<ResponseBody>, NoResponse> {
    outcome
        .map(|response| response.map(ResponseBody::from))
        .map_err(|mut error| {
            let unsent = error.take_message();
            let is_untouched = unsent.is_some();
            if let Some(unsent) = unsent {
                *request = unsent;
            }
            NoResponse::over_hyper(error.into_error(), is_untouched)
        })
}
