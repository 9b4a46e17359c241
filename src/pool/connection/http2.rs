//! An HTTP/2 connection of the pool: as many requests at a time as the peer allows.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Request, Response};
use tokio::{sync::oneshot, time::Instant};

use crate::{
    connector::{ConnectionInfo, OriginStream},
    http2::{self, Http2Error},
    upload::RequestBody,
};

use crate::pool::{
    checkout::{Affinity, ConnectPermit, PendingConnect, Returns},
    lock::assert_unlocked,
    send::NoResponse,
    settings::PoolSettings,
};

use super::{
    close_reason::{CloseReason, CloseReasonCell},
    idle_check::IdleCheck,
    listing::Listing,
    response_body::ResponseBody,
    tracked_io::TrackedIo,
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
    affinity: Affinity,
    close_reason: CloseReasonCell,
    retires_at: Option<Instant>,
    idle_since: Mutex<Instant>,
    /// It was idle in the pool, before a first request or between two.
    was_idle: AtomicBool,
    idle_check: IdleCheck,
    streams: AtomicUsize,
    /// What the peer allows (RFC 9113 section 5.1.2), as last received.
    stream_limit: Arc<AtomicUsize>,
    uses: AtomicU64,
    listing: Listing,
    /// Dropped with the connection, so that its task learns of it.
    _last_user: oneshot::Sender<()>,
}

/// Moves the frames of a connection.
pub(crate) type Http2Task = http2::ConnectionTask<TrackedIo>;

/// What the task of a connection drives.
pub(crate) struct Http2Parts {
    pub(crate) connection: Http2Task,
    pub(crate) stream_limit: Arc<AtomicUsize>,
    pub(crate) close_reason: CloseReasonCell,
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
            generation: _,
            affinity,
        } = permit;
        let info = stream.info().clone();
        let close_reason = permit.close_reason().clone();
        let parameters = http2::Http2Parameters {
            initial_streams: MAX_STREAMS_BEFORE_SETTINGS,
            stream_window: STREAM_WINDOW,
            connection_window: CONNECTION_WINDOW,
            max_head: settings.max_response_head,
            ping_interval: PING_INTERVAL,
            ping_timeout: PING_TIMEOUT,
        };
        let idle_check = IdleCheck::http2();
        let io = TrackedIo::new(stream, permit, idle_check.another());
        let (sender, connection) = http2::handshake(io, parameters).await?;
        let now = Instant::now();
        let (last_user, unused) = oneshot::channel();
        let stream_limit = Arc::new(AtomicUsize::new(MAX_STREAMS_BEFORE_SETTINGS));
        let pooled = Arc::new(Self {
            sender,
            info,
            reused_info: OnceLock::new(),
            affinity,
            close_reason: close_reason.clone(),
            retires_at: settings.retirement(now),
            idle_since: Mutex::new(now),
            was_idle: AtomicBool::new(false),
            idle_check,
            streams: AtomicUsize::new(1),
            stream_limit: stream_limit.clone(),
            uses: AtomicU64::new(0),
            listing: Listing::default(),
            _last_user: last_user,
        });
        let parts = Http2Parts {
            connection,
            stream_limit,
            close_reason,
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
    fn info_of_request(&self) -> ConnectionInfo {
        match self.has_served() {
            true => {
                let reused = self.reused_info.get_or_init(|| self.info.found_open(true));
                reused.clone()
            }
            false if self.was_idle.load(Ordering::Relaxed) => self.info.found_open(false),
            false => self.info.clone(),
        }
    }

    /// For how long the connection has been idle, if the only stream is one that is not used yet.
    fn idle_before_stream(&self) -> Option<Duration> {
        let was_idle = self.was_idle.load(Ordering::Relaxed) && self.streams() == 1;
        was_idle.then(|| self.idle_since().elapsed())
    }

    /// The requests that the connection may serve.
    pub(crate) fn affinity(&self) -> &Affinity {
        &self.affinity
    }

    pub(crate) fn close_reason(&self) -> &CloseReasonCell {
        &self.close_reason
    }

    pub(crate) fn listing(&self) -> &Listing {
        &self.listing
    }

    /// The number of streams that requests have reserved.
    pub(crate) fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }

    pub(crate) fn has_served(&self) -> bool {
        self.uses.load(Ordering::Relaxed) > 0
    }

    /// Whether a request may reserve a stream: the peer's limit and the crate's own allow it.
    pub(crate) fn has_free_stream(&self) -> bool {
        let limit = self.stream_limit.load(Ordering::Relaxed).min(MAX_STREAMS);
        self.streams() < limit
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
        settings.expired(self.uses.load(Ordering::Relaxed), self.retires_at, now)
    }

    /// Whether the connection is of no further use. Notes the reason.
    pub(crate) fn note_if_over(&self, now: Instant, settings: &PoolSettings) -> bool {
        let is_overdue = || now.duration_since(self.idle_since()) >= settings.idle_timeout;
        let reason = match self.is_closed() {
            true => Some(CloseReason::Origin),
            false if self.streams() > 0 => None,
            false => self
                .expired(now, settings)
                .or_else(|| is_overdue().then_some(CloseReason::Idle)),
        };
        if let Some(reason) = reason {
            self.close_reason.note(reason);
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

/// A new connection that the pool does not list yet.
///
/// The request that opened it opens the first stream. Only then do others learn of the connection:
/// an origin that sends GOAWAY after a few streams has processed the first.
pub(crate) struct UnlistedHttp2 {
    pool: Arc<dyn Returns<NewHttp2>>,
    connection: Arc<Http2Connection>,
    generation: u64,
}

/// A new connection that the pool may list.
pub(crate) struct NewHttp2 {
    pub(crate) connection: Arc<Http2Connection>,
    /// The generation of connections that it belongs to.
    pub(crate) generation: u64,
}

impl UnlistedHttp2 {
    pub(crate) fn new(
        pool: Arc<dyn Returns<NewHttp2>>,
        connection: Arc<Http2Connection>,
        generation: u64,
    ) -> Self {
        Self {
            pool,
            connection,
            generation,
        }
    }
}

impl Drop for UnlistedHttp2 {
    fn drop(&mut self) {
        self.pool.returned(NewHttp2 {
            connection: self.connection.clone(),
            generation: self.generation,
        });
    }
}

/// A stream that is reserved for one request.
pub(crate) struct PooledStream {
    pool: Arc<dyn Returns<Arc<Http2Connection>>>,
    connection: Arc<Http2Connection>,
    info: ConnectionInfo,
    was_used: bool,
    /// Present until the first stream of a new connection is open.
    unlisted: Option<UnlistedHttp2>,
}

impl PooledStream {
    /// The stream must have been reserved.
    pub(crate) fn new(
        pool: Arc<dyn Returns<Arc<Http2Connection>>>,
        connection: Arc<Http2Connection>,
    ) -> Self {
        Self {
            pool,
            info: connection.info_of_request(),
            connection,
            was_used: false,
            unlisted: None,
        }
    }

    /// The first stream of a new connection.
    pub(crate) fn first_of(mut self, unlisted: UnlistedHttp2) -> Self {
        self.unlisted = Some(unlisted);
        self
    }

    pub(crate) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    /// For how long the connection has been idle until now.
    pub(crate) fn idle(&self) -> Option<Duration> {
        self.connection.idle_before_stream()
    }

    pub(crate) fn affinity(&self) -> &Affinity {
        &self.connection.affinity
    }

    /// Whether the connection has served a request other than this one.
    pub(crate) fn has_served(&self) -> bool {
        let uses = self.connection.uses.load(Ordering::Relaxed);
        uses > u64::from(self.was_used)
    }

    /// Whether the connection was idle in the pool, or has served another request.
    pub(crate) fn was_idle(&self) -> bool {
        self.has_served() || self.connection.was_idle.load(Ordering::Relaxed)
    }

    /// Sends a request that is encoded for HTTP/2, and waits for the head of its response.
    pub(crate) async fn exchange(
        &mut self,
        request: &mut Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, NoResponse> {
        // An attempt over HTTP/1 may have set it.
        request.body_mut().wait_for_continue(None);
        self.was_used = true;
        if self.connection.streams() == 1 && self.was_idle() {
            self.connection.idle_check.order(request);
        }
        self.connection.uses.fetch_add(1, Ordering::Relaxed);
        let begun = self.connection.sender.begin(request, None).await;
        self.unlisted = None;
        let response = match begun {
            Ok(exchange) => exchange.response().await,
            Err(error) => Err(error),
        };
        response
            .map(|response| response.map(ResponseBody::Http2))
            .map_err(NoResponse::over_http2)
    }

    /// The response has ended: the stream is free. If the request has not ended, that happens when
    /// the returned future completes, and dropping it resets the stream.
    pub(crate) fn finish(
        self,
        body: &mut ResponseBody,
    ) -> Option<impl Future<Output = ()> + Send + 'static> {
        let ResponseBody::Http2(body) = body else {
            return None;
        };
        let upload = body.take_upload()?;
        Some(async move {
            upload.await;
            drop(self);
        })
    }
}

impl Drop for PooledStream {
    fn drop(&mut self) {
        self.unlisted = None;
        self.pool.returned(self.connection.clone());
    }
}
