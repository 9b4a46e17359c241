//! `SharedPool`: what the clones of a pool share: settings, the lock around its state, its tasks.
//!
//! Here, requests begin their checkout. `check_in.rs` takes connections back, and
//! `serve_waiters.rs` gives them to the requests that wait.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, futures::Notified},
    time::Instant,
};

use crate::{
    connector::{CdnOriginConnector, ConnectionInfo},
    error::{Deadline, Error, ErrorKind, Facts, ReachedLimit, Stage},
    http1,
};

use super::{
    checkout::{
        AvailableConnection, CheckoutDecision, CheckoutOutcome, ConnectPermit, ConnectionKey,
        ConnectionPermit, ConnectionUse, Inventory, Protocol, QueueTicket, UpgradeCheckout,
        decide_checkout, retire_before_reload,
    },
    connection::{
        Http1Connection, Http2Connection, PooledConnection, PooledHttp1, PooledStream,
        UnlistedHttp2,
    },
    connection_budget::{ConnectionBudget, OpenConnections},
    origin_history::OriginHistory,
    pool_lock::PoolLock,
    pool_settings::PoolSettings,
    pool_snapshot::PoolSnapshot,
    send::RequestCount,
    tasks::TaskScope,
};

/// What the clones of a pool share.
///
/// Two rules hold for its lock, the one around [`Inventory`]:
///
/// 1. **Order.** The lock of a request's body comes first. A body that is polled may drop what
///    belongs to the pool; nothing of the pool touches a body under its own lock.
/// 2. **Nothing foreign under it.** No stream is polled, no connection or sender is dropped, no
///    task is woken and no event is logged under the lock: each may run code of a custom
///    transport, executor or subscriber, which may panic, block, or call the pool again. An
///    inventory decides; its caller acts when the lock is released. Debug builds panic otherwise.
pub(crate) struct SharedPool {
    /// For the permits and tickets that come back to this pool.
    this: Weak<Self>,
    connector: CdnOriginConnector,
    settings: PoolSettings,
    inventory: PoolLock<Inventory>,
    requests: Arc<RequestCount>,
    /// Requests that got a connection which had served another.
    reused: AtomicU64,
    /// What the HTTP/1 connections share. It is notified when something arrives on an idle one.
    http1: Arc<http1::SharedState>,
    history: OriginHistory,
    /// Notified when a connection is established over HTTP/2.
    http2_opened: Notify,
    tasks: TaskScope,
    /// Shared with other pools.
    budget: Option<Arc<ConnectionBudget>>,
    awaits_budget: AtomicBool,
}

impl SharedPool {
    /// A pool without connections. Its tasks run in the present span.
    pub(crate) fn new(
        connector: CdnOriginConnector,
        settings: PoolSettings,
        inventory: Inventory,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            connector,
            budget: inventory.open.budget().cloned(),
            awaits_budget: AtomicBool::new(false),
            inventory: PoolLock::new(inventory),
            settings,
            requests: Arc::default(),
            reused: AtomicU64::new(0),
            http1: Arc::default(),
            history: OriginHistory::default(),
            http2_opened: Notify::new(),
            tasks: TaskScope::new(),
        })
    }

    /// The pool, for what comes back to it. `None` while it is dropped.
    pub(crate) fn this(&self) -> Option<Arc<Self>> {
        self.this.upgrade()
    }

    /// Reads or changes the inventory under the pool's lock. See the rules above [`SharedPool`].
    pub(crate) fn with<R>(&self, change: impl FnOnce(&mut Inventory) -> R) -> R {
        self.inventory.with(change)
    }

    /// Does the same after a reload of the connector has retired its earlier connections.
    pub(crate) fn with_current<R>(&self, change: impl FnOnce(&mut Inventory) -> R) -> R {
        let reloads = self.connector.reloads();
        self.with(|inventory| {
            retire_before_reload(inventory, reloads);
            change(inventory)
        })
    }

    pub(crate) fn connector(&self) -> &CdnOriginConnector {
        &self.connector
    }

    pub(crate) fn settings(&self) -> &PoolSettings {
        &self.settings
    }

    /// The requests in flight.
    pub(crate) fn requests(&self) -> &Arc<RequestCount> {
        &self.requests
    }

    /// What earlier responses show about the origin.
    pub(crate) fn history(&self) -> &OriginHistory {
        &self.history
    }

    /// What the HTTP/1 connections share.
    pub(crate) fn http1(&self) -> &Arc<http1::SharedState> {
        &self.http1
    }

    /// The limit that it shares with other pools.
    pub(crate) fn budget(&self) -> Option<&Arc<ConnectionBudget>> {
        self.budget.as_ref()
    }

    /// Whether it is in the queue of its budget.
    pub(crate) fn awaits_budget(&self) -> &AtomicBool {
        &self.awaits_budget
    }

    /// Completes when the next connection is established over HTTP/2. It has to be enabled.
    pub(crate) fn http2_opened(&self) -> Notified<'_> {
        self.http2_opened.notified()
    }

    /// The owner of the pool's tasks.
    pub(crate) fn tasks(&self) -> &TaskScope {
        &self.tasks
    }

    /// The gauges and counters of this moment.
    pub(crate) fn snapshot(&self) -> PoolSnapshot {
        let (in_flight, reused) = (self.requests.get(), self.reused.load(Ordering::Relaxed));
        self.with(|inventory| inventory.snapshot(in_flight, reused))
    }
}

/// Checkout and the queue.
impl SharedPool {
    /// Takes a connection or joins the queue. If the pool has room, the connection was opened after
    /// `opened_after`.
    pub(crate) fn begin_checkout(
        self: &Arc<Self>,
        key: &ConnectionKey,
        opened_after: Option<Instant>,
    ) -> CheckoutOutcome {
        let mut is_counted = false;
        loop {
            let now = Instant::now();
            let decision = self.with_current(|inventory| {
                if !std::mem::replace(&mut is_counted, true) {
                    inventory.retry_window.count_request();
                }
                decide_checkout(inventory, key, opened_after, now, &self.settings)
            });
            match decision {
                CheckoutDecision::Connection(AvailableConnection::Http1(connection)) => {
                    if let Some(connection) = connection.check_idle(now, &self.settings) {
                        return CheckoutOutcome::Ready(self.pooled_http1(connection));
                    }
                }
                CheckoutDecision::Connection(AvailableConnection::Http2(connection)) => {
                    return CheckoutOutcome::Ready(self.pooled_stream(connection));
                }
                CheckoutDecision::Queued { place, connect } => {
                    let ticket = QueueTicket::new(&self.this, key.clone(), place);
                    let permit = connect.map(|generation| self.permit_of_connect(key, generation));
                    return CheckoutOutcome::Queued(ticket, permit);
                }
                CheckoutDecision::QueueFull => return CheckoutOutcome::QueueFull,
            }
        }
    }

    /// The only stream of an HTTP/2 connection, if one is idle.
    pub(crate) fn idle_stream(self: &Arc<Self>, key: &ConnectionKey) -> Option<PooledConnection> {
        let now = Instant::now();
        let idle = |it: &mut Inventory| it.http2.take_idle(now, &self.settings, key);
        let connection = self.with_current(idle);
        connection.map(|connection| self.pooled_stream(connection))
    }

    /// Removes an HTTP/2 connection that has ended.
    pub(crate) fn http2_ended(&self, connection: &Arc<Http2Connection>) {
        self.with(|inventory| inventory.http2.remove(connection));
    }

    /// A permit to connect for one request, whatever idle connections there are.
    pub(crate) fn connect_permit(&self, key: &ConnectionKey) -> Option<ConnectPermit> {
        let generation = self.with(|inventory| {
            let has_room = !inventory.is_full(&self.settings);
            has_room.then(|| inventory.begin_connect(key))
        })?;
        Some(self.permit_of_connect(key, generation))
    }

    /// A permit to connect in place of a connection, which the caller drops at once.
    pub(crate) fn replacement_permit(&self, key: &ConnectionKey) -> ConnectPermit {
        self.permit_of_connect(key, self.with(|it| it.begin_connect(key)))
    }

    /// A permit for an upgrade, or a place in their queue.
    pub(crate) fn begin_upgrade_checkout(&self) -> UpgradeCheckout {
        self.with(|inventory| {
            if inventory.begin_upgrade(&self.settings) {
                return UpgradeCheckout::Permit(self.permit_of_upgrade());
            }
            if inventory.upgrade_waiters.len() >= self.settings.max_queued {
                return UpgradeCheckout::QueueFull;
            }
            let key = ConnectionKey::default();
            let place = inventory.upgrade_waiters.join(&key);
            if inventory.upgrade_needs_room(&self.settings) {
                inventory.discard_idle();
            }
            UpgradeCheckout::Queued(QueueTicket::new(&self.this, key, place))
        })
    }

    /// The permit for a connect that the inventory has counted.
    pub(crate) fn permit_of_connect(&self, key: &ConnectionKey, generation: u64) -> ConnectPermit {
        ConnectPermit::new(&self.this, key.clone(), generation)
    }

    /// The permit for an upgrade that the inventory has counted.
    pub(crate) fn permit_of_upgrade(&self) -> ConnectionPermit {
        ConnectionPermit::new(&self.this, ConnectionUse::Upgrade)
    }

    /// Hands a connection to a request. If it was used before, that counts as reuse.
    pub(crate) fn pooled_http1(self: &Arc<Self>, idle: Box<Http1Connection>) -> PooledConnection {
        self.count_reuse(idle.has_served());
        PooledHttp1::new(self.clone(), idle).into()
    }

    /// Hands a reserved stream to a request. If its connection was used before, that counts as
    /// reuse.
    pub(crate) fn pooled_stream(
        self: &Arc<Self>,
        connection: Arc<Http2Connection>,
    ) -> PooledConnection {
        self.count_reuse(connection.has_served());
        PooledStream::new(self.clone(), connection).into()
    }

    fn count_reuse(&self, is_reused: bool) {
        if is_reused {
            self.reused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Connections that were opened, and the errors and counters of requests.
impl SharedPool {
    /// Notes that a connection is established, and for requests, over which protocol.
    pub(crate) fn connection_opened(
        &self,
        permit: &mut ConnectionPermit,
        info: &ConnectionInfo,
        protocol: Option<Protocol>,
    ) {
        permit.opened(info, self.connector.observers());
        self.with(|inventory| {
            inventory.counters.opened += 1;
            if let Some(protocol) = protocol {
                inventory.protocol = Some(protocol);
                inventory.dns_absence.opened(info);
            }
        });
        if protocol == Some(Protocol::Http2) {
            self.http2_opened.notify_waiters();
        }
    }

    /// The first stream of a new HTTP/2 connection. The pool lists the connection once that stream
    /// is open, or dropped.
    pub(crate) fn first_stream(
        self: &Arc<Self>,
        connection: Arc<Http2Connection>,
        generation: u64,
    ) -> PooledConnection {
        let unlisted = UnlistedHttp2::new(self.clone(), connection.clone(), generation);
        let stream = PooledStream::new(self.clone(), connection);
        stream.first_of(unlisted).into()
    }

    /// The error of a request that got no connection in time: a connect took too long, or the pool
    /// is full.
    pub(crate) fn wait_failed(&self, key: &ConnectionKey, deadline: Duration) -> Error {
        let (kind, stage, facts) = match self.stage_of_wait(key) {
            Some(stage) => (ErrorKind::TimedOut, stage, Facts::default()),
            None => (ErrorKind::PoolExhausted, Stage::Dial, self.at_limit()),
        };
        Error::new(kind, stage, facts.after(deadline))
    }

    /// The same error for a request whose own deadline has passed meanwhile.
    pub(crate) fn wait_ended(&self, key: &ConnectionKey, end: Deadline) -> Error {
        match self.stage_of_wait(key) {
            Some(stage) => Error::new(ErrorKind::TimedOut, stage, end.added_to(Facts::default())),
            None => end.passed_at_limit(ErrorKind::PoolExhausted, Stage::Dial, self.at_limit()),
        }
    }

    /// The error of a request that found the queue full.
    pub(crate) fn queue_full(&self) -> Error {
        let limit = match self.at_limit().limit {
            Some(ReachedLimit::PoolConnections(_)) => {
                Some(ReachedLimit::PoolQueue(self.settings.max_queued))
            }
            other => other,
        };
        let facts = Facts::default().after(Duration::ZERO).at_limit(limit);
        Error::new(ErrorKind::PoolExhausted, Stage::Dial, facts)
    }

    /// The stage of the connect that requests of this key wait for, if they wait for one.
    ///
    /// A pool that is full of connects has no connection in use: larger, it would be as slow.
    fn stage_of_wait(&self, key: &ConnectionKey) -> Option<Stage> {
        self.with(|it| {
            let connects = it.waiters.connects();
            let is_connecting = connects >= it.open() || !it.is_full(&self.settings);
            let own = it.waiters.stage_of_connect(key);
            (connects > 0 && is_connecting).then(|| own.unwrap_or(Stage::Dial))
        })
    }

    /// The limit because of which requests wait.
    fn at_limit(&self) -> Facts {
        let limit = self.with(|it| match it.http2.has_refusing_peer() {
            // No connection is opened meanwhile, whatever the pool's own limit is.
            true => Some(ReachedLimit::OriginStreams),
            false => Some(self.connections_limit(&it.open)),
        });
        Facts::default().at_limit(limit)
    }

    /// The error of a request that may open no connection.
    pub(crate) fn exhausted(&self, deadline: Duration) -> Error {
        let limit = self.with(|it| self.connections_limit(&it.open));
        let facts = Facts::default().after(deadline).at_limit(Some(limit));
        Error::new(ErrorKind::PoolExhausted, Stage::Dial, facts)
    }

    /// The limit because of which no connection is opened.
    fn connections_limit(&self, open: &OpenConnections) -> ReachedLimit {
        let most = self.settings.max_connections;
        open.reached_limit(most)
            .unwrap_or(ReachedLimit::PoolConnections(most))
    }

    /// Counts a retry that was sent.
    pub(crate) fn count_retry(&self) {
        self.with(|inventory| inventory.counters.retried += 1);
    }
}
