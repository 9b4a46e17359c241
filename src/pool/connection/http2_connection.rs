//! An HTTP/2 connection of the pool: as many requests at a time as the peer allows.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::Request;
use tokio::{sync::oneshot, time::Instant};

use crate::{
    connector::{ConnectionInfo, OriginStream},
    http2::{self, Http2Error, ReadyToSend},
    observe::CloseReason,
    upload::RequestBody,
};

use crate::pool::{
    checkout::{ConnectPermit, ConnectionKey, PendingConnect},
    pool_lock::assert_unlocked,
    pool_settings::PoolSettings,
};

use super::{
    connection_life::ConnectionLife, expiry::Expiry, peek_before_write::PeekBeforeWrite,
    set_membership::SetMembership, tracked_io::TrackedIo,
};

/// How long a connection with open streams may be silent before a PING checks whether it is alive.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// How long the peer may take to acknowledge the PING.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// The maximum of streams on a connection, whatever the peer allows.
const MAX_STREAMS: usize = 128;

/// The maximum of streams before the peer's SETTINGS arrive: more than it allows would be refused.
const MAX_STREAMS_BEFORE_SETTINGS: usize = 1;

/// How much of a response a slow client may leave unread.
const STREAM_WINDOW: u32 = 512 * 1024;

/// Enough for the window of every stream, so that slow clients do not stop the others.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 128;

/// A connection that many requests share. It closes when the pool and the last request drop it.
pub(crate) struct Http2Connection {
    sender: http2::RequestSender,
    info: ConnectionInfo,
    /// The same for requests after the first.
    reused_info: OnceLock<ConnectionInfo>,
    key: ConnectionKey,
    life: ConnectionLife,
    opened_at: Instant,
    expiry: Expiry,
    idle_since: Mutex<Instant>,
    /// It was idle in the pool, before a first request or between two.
    was_idle: AtomicBool,
    peek: PeekBeforeWrite,
    streams: AtomicUsize,
    /// What the peer allows (RFC 9113 section 5.1.2), as last received.
    stream_limit: Arc<AtomicUsize>,
    membership: SetMembership,
    /// Dropped with the connection, so that its task learns of it.
    _last_user: oneshot::Sender<()>,
}

/// Moves the frames of a connection.
pub(crate) type Http2Task = http2::ConnectionTask<TrackedIo>;

/// What the task of a connection drives.
pub(crate) struct Http2Parts {
    pub(crate) connection: Http2Task,
    pub(crate) stream_limit: Arc<AtomicUsize>,
    pub(crate) life: ConnectionLife,
    /// Ends the others' wait for this connection when it is dropped.
    pub(crate) pending: PendingConnect,
    /// Resolves when no request and no pool holds the connection any longer.
    pub(crate) unused: oneshot::Receiver<()>,
}

impl Http2Connection {
    /// Speaks HTTP/2 on a new stream, on which one request's stream is reserved.
    pub(crate) async fn open(
        stream: OriginStream,
        permit: ConnectPermit,
        settings: &PoolSettings,
    ) -> Result<(Arc<Self>, Http2Parts), Http2Error> {
        let ConnectPermit {
            connection: permit,
            pending,
        } = permit;
        let info = stream.info().clone();
        let life = permit.life().clone();
        let parameters = http2::Http2Parameters {
            initial_streams: MAX_STREAMS_BEFORE_SETTINGS,
            stream_window: STREAM_WINDOW,
            connection_window: CONNECTION_WINDOW,
            max_head: settings.max_response_head,
            ping_interval: PING_INTERVAL,
            ping_timeout: PING_TIMEOUT,
        };
        let peek = PeekBeforeWrite::http2();
        let io = TrackedIo::new(stream, permit, peek.another());
        let (sender, connection) = http2::handshake(io, parameters).await?;
        let now = Instant::now();
        let (last_user, unused) = oneshot::channel();
        let stream_limit = Arc::new(AtomicUsize::new(MAX_STREAMS_BEFORE_SETTINGS));
        let pooled = Arc::new(Self {
            sender,
            info,
            reused_info: OnceLock::new(),
            key: pending.key().clone(),
            life: life.clone(),
            opened_at: now,
            expiry: Expiry::new(now, settings),
            idle_since: Mutex::new(now),
            was_idle: AtomicBool::new(false),
            peek,
            streams: AtomicUsize::new(1),
            stream_limit: stream_limit.clone(),
            membership: SetMembership::default(),
            _last_user: last_user,
        });
        let parts = Http2Parts {
            connection,
            stream_limit,
            life,
            pending,
            unused,
        };
        Ok((pooled, parts))
    }

    /// What is known about the connection.
    pub(crate) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    /// What is known about the connection, for the next request on it.
    pub(super) fn info_of_request(&self) -> ConnectionInfo {
        match self.has_served() {
            true => {
                let reused = self.reused_info.get_or_init(|| self.info.found_open(true));
                reused.clone()
            }
            false if self.was_idle.load(Ordering::Relaxed) => self.info.found_open(false),
            false => self.info.clone(),
        }
    }

    /// Since when the connection has been idle, if its only stream is unused yet.
    pub(super) fn idle_before_stream(&self) -> Option<Instant> {
        let was_idle = self.was_idle.load(Ordering::Relaxed) && self.streams() == 1;
        was_idle.then(|| self.idle_since())
    }

    /// The requests that the connection may serve.
    pub(crate) fn key(&self) -> &ConnectionKey {
        &self.key
    }

    pub(crate) fn life(&self) -> &ConnectionLife {
        &self.life
    }

    pub(crate) fn opened_at(&self) -> Instant {
        self.opened_at
    }

    pub(crate) fn membership(&self) -> &SetMembership {
        &self.membership
    }

    /// The number of streams that requests have reserved.
    pub(crate) fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }

    /// How many requests have begun.
    pub(crate) fn uses(&self) -> u64 {
        self.life.uses()
    }

    pub(crate) fn has_served(&self) -> bool {
        self.uses() > 0
    }

    /// Whether it was idle in the pool, before a first request or between two.
    pub(crate) fn was_idle(&self) -> bool {
        self.was_idle.load(Ordering::Relaxed)
    }

    /// Schedules a peek at the socket before a request that cannot be repeated.
    pub(super) fn schedule_peek(&self, request: &Request<RequestBody>) {
        self.peek.schedule(request);
    }

    /// Waits until a stream can be opened for a request.
    pub(super) async fn ready(&self) -> Result<ReadyToSend<'_>, Http2Error> {
        self.life.count_use();
        self.sender.ready().await
    }

    /// Whether a request may reserve a stream: the peer's limit and the crate's own allow it, and
    /// the peer is not suspected to be gone.
    pub(crate) fn has_free_stream(&self) -> bool {
        let limit = self.stream_limit.load(Ordering::Relaxed).min(MAX_STREAMS);
        self.streams() < limit && !self.sender.is_suspect()
    }

    /// When bytes last arrived from the peer.
    pub(crate) fn last_received(&self) -> Instant {
        self.sender.last_received()
    }

    /// Suspects the peer to be gone, until something arrives. Wakes the task of the connection.
    pub(crate) fn suspect(&self) {
        assert_unlocked();
        self.sender.suspect();
    }

    /// Whether the connection takes no more requests: it has ended, or the peer sent GOAWAY.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Whether the peer allows no stream for now.
    pub(crate) fn refuses_streams(&self) -> bool {
        self.stream_limit.load(Ordering::Relaxed) == 0 && !self.is_closed()
    }

    /// Why the connection takes no further request, if it does not: its age or its uses.
    pub(crate) fn expired(&self, now: Instant, settings: &PoolSettings) -> Option<CloseReason> {
        self.expiry.expired(self.uses(), now, settings)
    }

    /// Whether the connection can take a request now.
    pub(crate) fn is_usable(&self, now: Instant, settings: &PoolSettings) -> bool {
        self.has_free_stream() && self.expired(now, settings).is_none() && !self.is_closed()
    }

    /// Whether the connection is of no further use. Notes the reason.
    pub(crate) fn note_if_over(&self, now: Instant, settings: &PoolSettings) -> bool {
        let reason = match self.is_closed() {
            true => Some(CloseReason::Origin),
            false if self.streams() > 0 => None,
            false => self
                .expiry
                .expired_idle(self.uses(), self.idle_since(), now, settings),
        };
        if let Some(reason) = reason {
            self.life.note(reason);
        }
        reason.is_some()
    }

    /// When the last stream ended.
    pub(crate) fn idle_since(&self) -> Instant {
        *self
            .idle_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reserves a stream for a request. The caller holds the pool's lock.
    pub(crate) fn reserve_stream(&self) {
        self.streams.fetch_add(1, Ordering::Relaxed);
    }

    /// Frees a stream. The caller holds the pool's lock.
    pub(crate) fn free_stream(&self) {
        if self.streams.fetch_sub(1, Ordering::Relaxed) == 1 {
            let mut idle_since = self
                .idle_since
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *idle_since = Instant::now();
            self.was_idle.store(true, Ordering::Relaxed);
        }
    }
}

impl Drop for Http2Connection {
    fn drop(&mut self) {
        // Its handle wakes the task of the connection.
        assert_unlocked();
    }
}
