//! An HTTP/2 connection: as many requests at a time as the peer allows.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::Context,
    time::Duration,
};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use crate::connector::{ConnectionInfo, OriginStream};

use super::{PoolSettings, RequestBody, Shared, failure::Unanswered, slot::Slot, state::Protocol};

/// How long a connection with open streams may be silent before it is asked whether it lives.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// How long it may take to answer that.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// As many streams as a connection takes at most, whatever the peer allows.
const MOST_STREAMS: usize = 128;

/// What a visitor who does not read may leave unread.
const STREAM_WINDOW: u32 = 512 * 1024;

/// Enough for every stream's window, so that visitors who do not read leave room for those who do.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 128;

/// A connection that many requests share. It closes when the pool and the last of them have let go of it.
pub(super) struct Multiplexed {
    sender: http2::SendRequest<RequestBody>,
    info: ConnectionInfo,
    retires_at: Option<Instant>,
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
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(shared.settings.max_response_head)
            .handshake(stream)
            .await?;
        let now = Instant::now();
        let allowed = Arc::new(AtomicUsize::new(connection.current_max_send_streams()));
        let ask = Arc::new(Notify::new());
        let multiplexed = Arc::new(Self {
            sender,
            info,
            retires_at: shared.settings.retirement(now),
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
            {
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
            }
            // Only now is it closed for all to see.
            drop(slot);
        });
        shared.settle();
        Ok(lease)
    }

    /// Whether it will be of use to nobody any more.
    pub(super) fn is_over(&self, now: Instant, settings: &PoolSettings) -> bool {
        self.sender.is_closed() || (self.streams() == 0 && self.is_spent(now, settings))
    }

    /// Whether it should be let go: too old, or used too often.
    pub(super) fn is_spent(&self, now: Instant, settings: &PoolSettings) -> bool {
        settings.is_spent(self.uses.load(Ordering::Relaxed), self.retires_at, now)
    }

    pub(super) fn has_room(&self) -> bool {
        let allowed = self.allowed.load(Ordering::Relaxed).min(MOST_STREAMS);
        self.streams() < allowed
    }

    /// Whether nobody has used it for too long.
    pub(super) fn is_stale(&self, now: Instant, settings: &PoolSettings) -> bool {
        let rests_since = *self
            .rests_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let unused = self.streams() == 0;
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
    /// Holds on to the request's body.
    tether: Option<oneshot::Sender<()>>,
}

impl Http2Lease {
    /// Takes a place. Whoever calls holds the pool's lock, or has made the connection.
    pub(super) fn new(shared: Arc<Shared>, connection: Arc<Multiplexed>) -> Self {
        connection.streams.fetch_add(1, Ordering::Relaxed);
        Self {
            shared,
            connection,
            tether: None,
        }
    }

    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.connection.info
    }

    /// Whether it has served a request.
    pub(super) fn has_served(&self) -> bool {
        self.connection.uses.load(Ordering::Relaxed) > 0
    }

    /// Sends a request that is spelled for HTTP/2 and waits for the head of its response.
    pub(super) async fn exchange(
        &mut self,
        mut request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Unanswered> {
        self.tether = request.body_mut().tie();
        self.connection.uses.fetch_add(1, Ordering::Relaxed);
        let mut sender = self.connection.sender.clone();
        let outcome = sender.try_send_request(request).await;
        // The peer's settings came before its first response (RFC 9113 section 3.4).
        self.connection.ask.notify_one();
        outcome.map_err(Unanswered::new)
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
        self.shared.settle();
    }
}
