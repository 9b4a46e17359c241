//! An HTTP/2 connection: as many requests at a time as the peer allows.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::Context,
    time::{Duration, Instant},
};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Notify;

use crate::connector::{ConnectionInfo, OriginStream};

use super::{PoolSettings, RequestBody, Shared, failure::Unanswered, slot::Slot, state::Protocol};

/// How long a connection with open streams may be silent before it is asked whether it lives.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// How long it may take to answer that.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that many requests share. It closes when the pool and the last of them have let go of it.
pub(super) struct Multiplexed {
    sender: http2::SendRequest<RequestBody>,
    info: ConnectionInfo,
    retires_at: Instant,
    rests_since: Mutex<Instant>,
    streams: AtomicUsize,
    /// What the peer allows (RFC 9113 section 5.1.2), as last heard.
    allowed: Arc<AtomicUsize>,
    /// Asks the driving task to hear again: hyper does not tell when the peer's settings arrive.
    ask: Arc<Notify>,
    uses: AtomicU64,
}

impl Multiplexed {
    /// Speaks HTTP/2 on a fresh stream.
    pub(super) async fn open(
        shared: &Arc<Shared>,
        stream: OriginStream,
        mut slot: Slot,
    ) -> hyper::Result<Http2Lease> {
        let info = stream.info().clone();
        // Until this connection's peer has said what it allows, what the last one said.
        let expected = shared.lock().streams_allowed;
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_max_send_streams(expected)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .handshake(stream)
            .await?;
        let now = Instant::now();
        let allowed = Arc::new(AtomicUsize::new(connection.current_max_send_streams()));
        let ask = Arc::new(Notify::new());
        let multiplexed = Arc::new(Self {
            sender,
            info,
            retires_at: now + shared.settings.lifetime(),
            rests_since: Mutex::new(now),
            streams: AtomicUsize::new(0),
            allowed: allowed.clone(),
            ask: ask.clone(),
            uses: AtomicU64::new(0),
        });
        let lease = Http2Lease::new(shared.clone(), multiplexed.clone());
        {
            let mut state = shared.lock();
            state.protocol = Some(Protocol::Http2);
            slot.connected(&mut state);
            state.multiplexed.push(multiplexed);
        }
        let pool = Arc::downgrade(shared);
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            let mut asked = pin!(ask.notified());
            let drive = std::future::poll_fn(|cx: &mut Context<'_>| {
                let ended = connection.as_mut().poll(cx);
                while asked.as_mut().poll(cx).is_ready() {
                    asked.set(ask.notified());
                }
                let now_allowed = connection.current_max_send_streams();
                if allowed.swap(now_allowed, Ordering::Relaxed) != now_allowed
                    && let Some(pool) = pool.upgrade()
                {
                    pool.lock().streams_allowed = Some(now_allowed);
                    pool.settle();
                }
                ended
            });
            if let Err(error) = drive.await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(slot);
        });
        shared.settle();
        Ok(lease)
    }

    pub(super) fn is_open(&self, now: Instant, settings: &PoolSettings) -> bool {
        let spent =
            self.uses.load(Ordering::Relaxed) >= settings.max_uses || now >= self.retires_at;
        !spent && !self.sender.is_closed()
    }

    pub(super) fn has_room(&self) -> bool {
        self.streams.load(Ordering::Relaxed) < self.allowed.load(Ordering::Relaxed)
    }

    /// Whether nobody has used it for too long.
    pub(super) fn is_stale(&self, now: Instant, settings: &PoolSettings) -> bool {
        let rests_since = *self
            .rests_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let unused = self.streams.load(Ordering::Relaxed) == 0;
        unused && now.duration_since(rests_since) >= settings.idle_timeout
    }

    pub(super) fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }
}

/// One stream's place on a connection.
pub(super) struct Http2Lease {
    shared: Arc<Shared>,
    connection: Arc<Multiplexed>,
}

impl Http2Lease {
    /// Takes a place. Whoever calls holds the pool's lock, or has made the connection.
    pub(super) fn new(shared: Arc<Shared>, connection: Arc<Multiplexed>) -> Self {
        connection.streams.fetch_add(1, Ordering::Relaxed);
        Self { shared, connection }
    }

    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.connection.info
    }

    /// Whether it has served another request before the present one.
    pub(super) fn is_reused(&self) -> bool {
        self.connection.uses.load(Ordering::Relaxed) > 1
    }

    /// Sends a request that is spelled for HTTP/2 and waits for the head of its response.
    pub(super) async fn exchange(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Unanswered> {
        self.connection.uses.fetch_add(1, Ordering::Relaxed);
        let mut sender = self.connection.sender.clone();
        sender
            .try_send_request(request)
            .await
            .map_err(Unanswered::new)
    }
}

impl Drop for Http2Lease {
    fn drop(&mut self) {
        let mut rests_since = self
            .connection
            .rests_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *rests_since = Instant::now();
        drop(rests_since);
        self.connection.streams.fetch_sub(1, Ordering::Relaxed);
        self.connection.ask.notify_one();
        self.shared.settle();
    }
}
