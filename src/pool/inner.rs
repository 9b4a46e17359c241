//! `PoolInner`: what the clones of a pool share. It connects the lock, the queue and the sockets.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use crate::{
    connector::{CdnOriginConnector, ConnectionInfo},
    error::{Error, ErrorKind, Facts, Stage},
};

use super::{
    checkout::{
        Affinity, Available, Checkout, ConnectPermit, ConnectionPermit, ConnectionUse, Grant,
        Inventory, Placement, Protocol, Service, Ticket,
    },
    connection::{
        Http1Connection, Http2Connection, PooledConnection, PooledHttp1, PooledStream,
        UnlistedHttp2,
    },
    lock::PoolLock,
    origin_history::OriginHistory,
    send::RequestCount,
    settings::PoolSettings,
    snapshot::PoolSnapshot,
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
pub(crate) struct PoolInner {
    /// For the permits and tickets that come back to this pool.
    this: Weak<Self>,
    connector: CdnOriginConnector,
    settings: PoolSettings,
    inventory: PoolLock<Inventory>,
    requests: Arc<RequestCount>,
    /// Requests that got a connection which had served another.
    reused: AtomicU64,
    /// Notified when something arrives on an idle connection.
    readable: Arc<Notify>,
    history: OriginHistory,
    tasks: TaskScope,
}

impl PoolInner {
    /// A pool without connections. Its tasks run in the present span.
    pub(crate) fn new(
        connector: CdnOriginConnector,
        settings: PoolSettings,
        inventory: Inventory,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            connector,
            inventory: PoolLock::new(inventory),
            settings,
            requests: Arc::default(),
            reused: AtomicU64::new(0),
            readable: Arc::default(),
            history: OriginHistory::default(),
            tasks: TaskScope::new(),
        })
    }

    /// Reads or changes the inventory under the pool's lock. See the rules above [`PoolInner`].
    pub(crate) fn with<R>(&self, change: impl FnOnce(&mut Inventory) -> R) -> R {
        self.inventory.with(change)
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

    /// What idle HTTP/1 connections notify when something arrives on them.
    pub(crate) fn readable(&self) -> &Arc<Notify> {
        &self.readable
    }

    /// The owner of the pool's tasks.
    pub(crate) fn tasks(&self) -> &TaskScope {
        &self.tasks
    }

    /// The gauges and counters of this moment.
    pub(crate) fn snapshot(&self) -> PoolSnapshot {
        let (active, reused) = (self.requests.get(), self.reused.load(Ordering::Relaxed));
        self.with(|inventory| inventory.snapshot(active, reused))
    }
}

/// Checkout and the queue.
impl PoolInner {
    /// Takes a connection or joins the queue. If the pool has room, the connection was opened after
    /// `opened_after`.
    pub(crate) fn begin_checkout(
        self: &Arc<Self>,
        affinity: &Affinity,
        opened_after: Option<Instant>,
    ) -> Checkout {
        let mut is_counted = false;
        loop {
            let now = Instant::now();
            let placement = self.with(|inventory| {
                if !std::mem::replace(&mut is_counted, true) {
                    inventory.retries.count_request();
                }
                inventory.place(affinity, opened_after, now, &self.settings)
            });
            match placement {
                Placement::Connection(Available::Http1(connection)) => {
                    if let Some(connection) = connection.checked(now, &self.settings) {
                        return Checkout::Ready(self.pooled_http1(connection));
                    }
                }
                Placement::Connection(Available::Http2(connection)) => {
                    return Checkout::Ready(self.pooled_stream(connection));
                }
                Placement::Queued { place, connect } => {
                    let ticket = Ticket::new(&self.this, affinity.clone(), place);
                    let permit = connect.map(|generation| self.permit(affinity, generation));
                    return Checkout::Queued(ticket, permit);
                }
                Placement::QueueFull => return Checkout::QueueFull,
            }
        }
    }

    /// The only stream of an HTTP/2 connection, if one is idle.
    pub(crate) fn idle_stream(self: &Arc<Self>, affinity: &Affinity) -> Option<PooledConnection> {
        let now = Instant::now();
        let connection =
            self.with(|inventory| inventory.http2.take_idle(now, &self.settings, affinity));
        connection.map(|connection| self.pooled_stream(connection))
    }

    /// Removes an HTTP/2 connection that has ended.
    pub(crate) fn http2_ended(&self, connection: &Arc<Http2Connection>) {
        self.with(|inventory| inventory.http2.remove(connection));
    }

    /// A permit to connect for one request, whatever idle connections there are.
    pub(crate) fn connect_permit(&self, affinity: &Affinity) -> Option<ConnectPermit> {
        let generation = self.with(|inventory| {
            let has_room = !inventory.is_full(&self.settings);
            has_room.then(|| inventory.begin_connect(affinity))
        })?;
        Some(self.permit(affinity, generation))
    }

    /// A permit to connect in place of a connection, which the caller drops at once.
    pub(crate) fn replacement_permit(&self, affinity: &Affinity) -> ConnectPermit {
        self.permit(affinity, self.with(|it| it.begin_connect(affinity)))
    }

    /// Joins the queue again, at the same place.
    pub(crate) fn rejoin(&self, ticket: &mut Ticket<Grant>) {
        let (affinity, place, sender) = ticket.renew();
        self.with(|inventory| inventory.waiters.rejoin(affinity, place, sender));
        self.serve_waiters();
    }

    /// Gives a new connection to the first request of its affinity that may use it. Without one, it
    /// becomes idle.
    pub(crate) fn give(&self, connection: PooledConnection, generation: u64) {
        let affinity = connection.affinity();
        if let Some(waiter) = self.with(|it| it.waiters.pop_for(affinity, generation)) {
            send(waiter, Grant::Connection(connection));
        }
    }

    /// Grants to waiting requests what there is.
    ///
    /// A request that has just left drops its grant, which then comes back here.
    pub(crate) fn serve_waiters(&self) {
        loop {
            let now = Instant::now();
            let service = self.with(|inventory| inventory.next_service(now, &self.settings));
            match service {
                Some(Service::Http1(connection)) => self.serve_http1(connection, now),
                Some(Service::Http2(waiter, connection)) => {
                    if let Some(this) = self.this.upgrade() {
                        send(waiter, Grant::Connection(this.pooled_stream(connection)));
                    }
                }
                Some(Service::Connect(waiter, affinity, generation)) => {
                    send(waiter, Grant::Connect(self.permit(&affinity, generation)));
                }
                None => return,
            }
        }
    }

    /// Checks an idle connection and gives it to the first request of its affinity. If none waits
    /// any longer, it stays idle. If it was retired meanwhile, it closes.
    fn serve_http1(&self, connection: Box<Http1Connection>, now: Instant) {
        let Some(connection) = connection.checked(now, &self.settings) else {
            return;
        };
        let served = self.with(|inventory| {
            let (affinity, generation) = (connection.affinity(), connection.generation());
            let Some(waiter) = inventory.waiters.pop_for(affinity, generation) else {
                inventory.keep_idle(connection, &self.settings);
                return None;
            };
            Some((waiter, connection))
        });
        if let Some((waiter, connection)) = served
            && let Some(this) = self.this.upgrade()
        {
            send(waiter, Grant::Connection(this.pooled_http1(connection)));
        }
    }

    /// A permit for an upgrade, or a place in their queue. `Err(None)` if that is full.
    pub(crate) fn begin_upgrade_checkout(
        &self,
    ) -> Result<ConnectionPermit, Option<Ticket<ConnectionPermit>>> {
        let place = self.with(|inventory| {
            if inventory.begin_upgrade(&self.settings) {
                return Ok(());
            }
            if inventory.upgrade_waiters.len() >= self.settings.max_queued {
                return Err(None);
            }
            let place = inventory.upgrade_waiters.join(&Affinity::default());
            if inventory.upgrade_needs_room(&self.settings) {
                inventory.discard_idle();
            }
            Err(Some(place))
        });
        match place {
            Ok(()) => Ok(self.upgrade_permit()),
            Err(place) => {
                Err(place.map(|place| Ticket::new(&self.this, Affinity::default(), place)))
            }
        }
    }

    /// Gives upgrades that wait the permits that have become free.
    pub(crate) fn serve_upgrades(&self) {
        let next = || {
            self.with(|inventory| {
                if inventory.upgrade_waiters.is_empty() || !inventory.begin_upgrade(&self.settings)
                {
                    return None;
                }
                inventory.upgrade_waiters.pop(&Affinity::default())
            })
        };
        while let Some(waiter) = next() {
            send(waiter, self.upgrade_permit());
        }
    }

    fn permit(&self, affinity: &Affinity, generation: u64) -> ConnectPermit {
        ConnectPermit::new(&self.this, affinity.clone(), generation)
    }

    fn upgrade_permit(&self) -> ConnectionPermit {
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

/// What happens to connections.
impl PoolInner {
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

    /// Takes back the permit of a connect that failed.
    ///
    /// If no other connection is open or being opened, all waiting requests get the error: each
    /// would only wait for the next failure.
    pub(crate) fn connect_failed(&self, permit: ConnectPermit, error: &Error) {
        let (permit, ended) = permit.dissolve();
        let hopeless = self.with(|inventory| {
            inventory.waiters.end_connect(&ended);
            inventory.take_back(&permit);
            match inventory.open() {
                0 => inventory.waiters.take_all(),
                _ => Vec::new(),
            }
        });
        for waiter in hopeless {
            send(waiter, Grant::Failed(error.clone()));
        }
        self.serve_upgrades();
        self.serve_waiters();
    }

    /// Retires all connections: idle ones close now, busy ones after their requests.
    pub(crate) fn retire(&self) {
        self.with(Inventory::retire_all);
        self.serve_waiters();
    }

    /// The error of a request that got no connection: a connect took too long, or the pool is full.
    pub(crate) fn wait_failed(&self, deadline: Duration) -> Error {
        let is_connecting =
            self.with(|it| it.waiters.connects() > 0 && !it.is_full(&self.settings));
        let kind = match is_connecting && !deadline.is_zero() {
            true => ErrorKind::TimedOut,
            false => ErrorKind::PoolExhausted,
        };
        Error::new(kind, Stage::Dial, Facts::default().after(deadline))
    }

    /// Counts a retry that was sent.
    pub(crate) fn count_retry(&self) {
        self.with(|inventory| inventory.counters.retried += 1);
    }
}

/// Sends a grant. If its receiver was dropped, the value comes back to the pool.
fn send<T>(waiter: oneshot::Sender<T>, grant: T) {
    drop(waiter.send(grant));
}
