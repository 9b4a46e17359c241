//! `OriginPool`: the pool as the proxy uses it.

use std::{future::Future, pin::pin, sync::Arc};

use futures_util::future::{Either, select};
use http::{Extensions, Request, Response};

use crate::{
    connector::CdnOriginConnector,
    downstream::ClientAddress,
    error::{Deadline, Error},
    observe::ExchangeRecord,
    upload::RequestBody,
};

use super::{
    checkout::{ConnectionKey, Inventory, Protocol},
    connection::{PooledConnection, ResponseBody},
    connection_budget::{ConnectionBudget, OpenConnections},
    pool_settings::PoolSettings,
    pool_snapshot::PoolSnapshot,
    send::{self, BudgetedRetry, Deadlines, InFlight, Target},
    serve_waiters::retire,
    shared_pool::SharedPool,
    tasks::prewarm,
    upload_limit::{UploadLimit, UploadPermit},
};

/// Connections to one origin. Clones share them.
#[derive(Clone)]
pub(crate) struct OriginPool(Arc<SharedPool>, Arc<UploadLimit>);

impl OriginPool {
    pub(crate) fn new(connector: CdnOriginConnector, settings: PoolSettings) -> Self {
        Self::within(connector, settings, None)
    }

    /// A pool that shares a budget of connections with others.
    pub(crate) fn within(
        connector: CdnOriginConnector,
        settings: PoolSettings,
        budget: Option<Arc<ConnectionBudget>>,
    ) -> Self {
        let uploads = UploadLimit::new(&settings);
        let inventory =
            Inventory::new(&settings, OpenConnections::new(budget), connector.reloads());
        let pool = SharedPool::new(connector, settings, inventory);
        Self(pool, Arc::new(uploads))
    }

    /// A pool with the same connector and budget, and without connections.
    pub(crate) fn replacement(&self, settings: PoolSettings) -> Self {
        Self::within(self.connector().clone(), settings, self.0.budget().cloned())
    }

    pub(crate) fn connector(&self) -> &CdnOriginConnector {
        self.0.connector()
    }

    pub(crate) fn settings(&self) -> &PoolSettings {
        self.0.settings()
    }

    pub(crate) fn snapshot(&self) -> PoolSnapshot {
        self.0.snapshot()
    }

    /// The maxima of connections and of requests that wait for one.
    #[cfg(feature = "metrics")]
    pub(crate) fn capacities(&self) -> (usize, usize) {
        let settings = self.0.settings();
        (settings.max_connections, settings.max_queued)
    }

    /// Requests in flight, as in the snapshot. Takes no lock.
    pub(crate) fn in_flight(&self) -> usize {
        self.0.requests().get()
    }

    /// The key of a request with these extensions.
    pub(crate) fn connection_key(&self, extensions: &Extensions) -> ConnectionKey {
        match self.0.connector().sends_client_address() {
            true => ConnectionKey::here(ClientAddress::of(extensions)),
            false => ConnectionKey::here(None),
        }
    }

    /// Begins a request.
    ///
    /// # Errors
    ///
    /// Fails if the pool is draining.
    pub(crate) fn begin_request(&self) -> Result<InFlight, Error> {
        self.0.requests().begin()
    }

    /// Begins a request that was accepted before the pool drained.
    pub(crate) fn begin_accepted(&self) -> InFlight {
        self.0.requests().begin_accepted()
    }

    /// Waits until an upload may hold a connection. `None` over HTTP/2, where uploads share them.
    ///
    /// The first connection shows which protocol it is. Until then, an upload waits for its share.
    ///
    /// # Errors
    ///
    /// Fails if other uploads hold their share of the connections for too long.
    pub(crate) async fn upload_permit(
        &self,
        end: Option<Deadline>,
    ) -> Result<Option<UploadPermit>, Error> {
        // Enabled before the protocol is read: one of both sees a connection that opens meanwhile.
        let mut http2_opened = pin!(self.0.http2_opened());
        http2_opened.as_mut().enable();
        if self.0.with(|inventory| inventory.protocol) == Some(Protocol::Http2) {
            return Ok(None);
        }
        match select(pin!(self.1.acquire(end)), http2_opened).await {
            Either::Left((permit, _)) => permit.map(Some),
            Either::Right(_) => Ok(None),
        }
    }

    /// Sends a request. See [`send::send`].
    pub(crate) fn send<'a>(
        &'a self,
        in_flight: InFlight,
        request: &'a mut Request<RequestBody>,
        target: &'a Target,
        deadlines: Deadlines<'a>,
        record: &'a mut ExchangeRecord,
    ) -> impl Future<Output = Result<(Response<ResponseBody>, PooledConnection), Error>> + 'a {
        send::send(&self.0, in_flight, request, target, deadlines, record)
    }

    /// Sends an upgrade, on a connection of its own. See [`send::send_upgrade`].
    pub(crate) fn send_upgrade<'a>(
        &'a self,
        in_flight: InFlight,
        request: &'a mut Request<RequestBody>,
        target: &'a Target,
        deadlines: Deadlines<'a>,
        record: &'a mut ExchangeRecord,
    ) -> impl Future<Output = Result<(Response<ResponseBody>, PooledConnection), Error>> + 'a {
        send::send_upgrade(&self.0, in_flight, request, target, deadlines, record)
    }

    /// Begins the retry of a request at another origin, if this pool's budget allows it.
    pub(crate) fn begin_retry(&self) -> Option<BudgetedRetry> {
        let retrying = BudgetedRetry::begin(&self.0)?;
        self.0.count_retry();
        Some(retrying)
    }

    /// Begins the retry of a request at another origin that does not fail, unless the budget allows
    /// no retries at all. It is counted as the others are.
    pub(crate) fn begin_failover(&self) -> Option<BudgetedRetry> {
        let retrying = BudgetedRetry::begin_failover(&self.0)?;
        self.0.count_retry();
        Some(retrying)
    }

    /// Opens the minimum of connections, at least one, and has it kept up from then on.
    pub(crate) async fn prewarm(self) -> Result<(), Error> {
        prewarm(self.0).await
    }

    /// Closes idle connections now, and busy ones after their requests.
    pub(crate) fn retire(&self) {
        retire(&self.0);
    }

    /// Refuses requests from now on, and retires all connections.
    pub(crate) fn close(&self) {
        self.0.requests().drain();
        self.retire();
    }

    /// Waits until no request is in flight.
    pub(crate) async fn drained(self) {
        self.0.requests().drained().await;
        // Connections that were opened meanwhile for waiting requests.
        self.retire();
    }

    /// Ends all tunnels, and those that are requested as soon as they begin.
    pub(crate) fn close_tunnels(&self) {
        let tunnel_closer = self
            .0
            .with(|inventory| std::mem::take(&mut inventory.tunnel_closer));
        tunnel_closer.cancel();
    }
}
