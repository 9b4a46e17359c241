//! `DedicatedConnection`: a connection for one upgrade and nothing else.

use std::sync::Arc;

use http::{Request, Response};
use hyper::client::conn::http1;
use tokio_util::sync::CancellationToken;

use crate::{
    connector::{ConnectionInfo, OriginStream},
    observe::CloseReason,
    upload::RequestBody,
};

use crate::pool::{
    checkout::{Affinity, ConnectionPermit},
    send::NoResponse,
    settings::PoolSettings,
};

use super::{
    hyper_client::{response_or_failure, take_request},
    response_body::ResponseBody,
};

/// A connection that serves one upgrade. Its permit is returned when the tunnel has ended and the
/// socket is closed, whichever is later.
pub(crate) struct DedicatedConnection {
    sender: http1::SendRequest<RequestBody>,
    info: ConnectionInfo,
    affinity: Affinity,
    /// Ends the tunnel.
    tunnels_end: CancellationToken,
    _permit: Arc<ConnectionPermit>,
}

/// What the task of a dedicated connection drives.
pub(crate) struct DedicatedIo {
    pub(crate) connection: http1::Connection<OriginStream, RequestBody>,
    /// Held here too: after a refused upgrade, the socket outlives the request.
    pub(crate) permit: Arc<ConnectionPermit>,
}

impl DedicatedConnection {
    /// Speaks HTTP/1 on a new stream.
    pub(crate) async fn open(
        stream: OriginStream,
        permit: ConnectionPermit,
        affinity: Affinity,
        settings: &PoolSettings,
        tunnels_end: CancellationToken,
    ) -> hyper::Result<(Self, DedicatedIo)> {
        let info = stream.info().clone();
        let (sender, connection) = settings.http1().handshake(stream).await?;
        permit.life().note(CloseReason::Upgrade);
        permit.life().count_use();
        let permit = Arc::new(permit);
        let io = DedicatedIo {
            connection,
            permit: permit.clone(),
        };
        let dedicated = Self {
            sender,
            info,
            affinity,
            tunnels_end,
            _permit: permit,
        };
        Ok((dedicated, io))
    }

    pub(crate) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    pub(crate) fn affinity(&self) -> &Affinity {
        &self.affinity
    }

    /// Runs a tunnel through the connection. `None` if the pool ended it.
    pub(crate) async fn tunnel<T>(&self, tunnel: impl Future<Output = T>) -> Option<T> {
        self.tunnels_end.run_until_cancelled(tunnel).await
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
