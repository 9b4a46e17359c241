//! An HTTP/2 connection: as many requests at a time as the peer allows.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::Context,
    time::Duration,
};

use futures_util::future::select;
use http::{Request, Response};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

use crate::connector::{ConnectionInfo, OriginStream};

use crate::upload::RequestBody;

use super::{
    Affinity, PoolSettings, ResponseBody, Shared,
    ending::{Ending, Reason},
    failure::Unanswered,
    handed::{leave_copy, settled},
    shelf::Standing,
    slot::{Attempt, Leave},
    state::Protocol,
    wire::{Introduced, Wire},
};

/// How long a connection with open streams may be silent before it is asked whether it lives.
const PING_INTERVAL: Duration = Duration::from_secs(15);

/// How long it may take to answer that.
const PING_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the last words of a connection that nobody holds any more may take: a peer that does
/// not read would keep it for ever.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How long the others wait for a peer to introduce itself, which it does at once if it is alive
/// (RFC 9113 section 3.4).
const INTRODUCTION_TIMEOUT: Duration = Duration::from_secs(5);

/// As many streams as a connection takes at most, whatever the peer allows.
const MOST_STREAMS: usize = 128;

/// As many streams as a connection takes before its peer has said what it allows: more than are
/// allowed would be refused.
const FIRST_STREAMS: usize = 1;

/// What a client who does not read may leave unread.
const STREAM_WINDOW: u32 = 512 * 1024;

/// Enough for every stream's window, so that clients who do not read leave room for those who do.
const CONNECTION_WINDOW: u32 = STREAM_WINDOW * 128;

/// A connection that many requests share. It closes when the pool and the last of them have let go
/// of it.
pub(super) struct Multiplexed {
    sender: http2::SendRequest<RequestBody>,
    info: ConnectionInfo,
    /// Whom it serves.
    client: Affinity,
    ending: Ending,
    retires_at: Option<Instant>,
    rests_since: Mutex<Instant>,
    /// It was kept for a request, before any or after one.
    has_rested: AtomicBool,
    streams: AtomicUsize,
    /// What the peer allows (RFC 9113 section 5.1.2), as last heard.
    allowed: Arc<AtomicUsize>,
    uses: AtomicU64,
    standing: Standing,
    /// Tells the driver when nobody holds the connection any more.
    _held: oneshot::Sender<()>,
}

impl Multiplexed {
    /// Speaks HTTP/2 on a fresh stream.
    pub(super) async fn open(
        shared: &Arc<Shared>,
        stream: OriginStream,
        leave: Leave,
    ) -> hyper::Result<Http2Lease> {
        let Leave {
            slot,
            attempt,
            generation,
            client,
        } = leave;
        let info = stream.info().clone();
        let ending = slot.ending().clone();
        let introduced = Introduced::default();
        let (mut tie, tied) = oneshot::channel();
        let wire = Wire::new(stream, slot)
            .listening(introduced.clone())
            .tied(tied);
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_max_send_streams(FIRST_STREAMS)
            .keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(shared.settings.max_response_head)
            .handshake(wire)
            .await?;
        let now = Instant::now();
        let (held, let_go) = oneshot::channel();
        let allowed = Arc::new(AtomicUsize::new(FIRST_STREAMS));
        let multiplexed = Arc::new(Self {
            sender,
            info,
            client,
            ending: ending.clone(),
            retires_at: shared.settings.retirement(now),
            rests_since: Mutex::new(now),
            has_rested: AtomicBool::new(false),
            streams: AtomicUsize::new(1),
            allowed: allowed.clone(),
            uses: AtomicU64::new(0),
            standing: Standing::default(),
            _held: held,
        });
        let driver = Driver {
            shared: Arc::downgrade(shared),
            allowed,
            introduced,
            attempt: Some(attempt),
        };
        tokio::spawn(async move {
            if let Err(error) = driver.drive(connection).await {
                ending.note(Reason::Error);
                tracing::debug!(%error, "a connection ended");
            }
            // Streams that had begun, and what is yet to be written, are another task's: hyper's.
            let (closed, over) = (pin!(tie.closed()), pin!(last_words(let_go)));
            select(closed, over).await;
        });
        {
            let mut state = shared.lock();
            state.protocol = Some(Protocol::Http2);
            match generation == state.generation {
                true => state.multiplexed.add(multiplexed.clone()),
                false => {
                    multiplexed.end(Reason::Retired);
                    multiplexed.standing.leave();
                }
            }
        }
        Ok(Http2Lease {
            shared: shared.clone(),
            connection: multiplexed,
            used: false,
            tether: None,
        })
    }

    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    pub(super) fn is_for(&self, client: &Affinity) -> bool {
        self.client == *client
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Why it should be let go, if it should: too old, or used too often.
    pub(super) fn is_spent(&self, now: Instant, settings: &PoolSettings) -> Option<Reason> {
        settings.expired(self.uses.load(Ordering::Relaxed), self.retires_at, now)
    }

    /// Whether it will be of use to nobody any more; the reason is kept.
    pub(super) fn is_over(&self, now: Instant, settings: &PoolSettings) -> bool {
        let reason = match self.is_closed() {
            true => Some(Reason::Origin),
            false if self.streams() > 0 => None,
            false => self
                .is_spent(now, settings)
                .or_else(|| self.is_stale(now, settings).then_some(Reason::Idle)),
        };
        reason.inspect(|reason| self.ending.note(*reason)).is_some()
    }

    fn is_stale(&self, now: Instant, settings: &PoolSettings) -> bool {
        now.duration_since(self.rests_since()) >= settings.idle_timeout
    }

    pub(super) fn rests_since(&self) -> Instant {
        *self
            .rests_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_room(&self) -> bool {
        let allowed = self.allowed.load(Ordering::Relaxed).min(MOST_STREAMS);
        self.streams() < allowed
    }

    /// Whether the peer has said that it wants no requests for now.
    pub(super) fn wants_none(&self) -> bool {
        self.allowed.load(Ordering::Relaxed) == 0 && !self.is_closed()
    }

    pub(super) fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }

    pub(super) fn has_served(&self) -> bool {
        self.uses.load(Ordering::Relaxed) > 0
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.standing
    }

    pub(super) fn end(&self, reason: Reason) {
        self.ending.note(reason);
    }

    /// Takes a place for a request. Whoever calls holds the pool's lock.
    pub(super) fn take(self: Arc<Self>, shared: Arc<Shared>) -> Http2Lease {
        self.streams.fetch_add(1, Ordering::Relaxed);
        Http2Lease {
            shared,
            connection: self,
            used: false,
            tether: None,
        }
    }

    /// Gives the place back. Whoever calls holds the pool's lock.
    fn leave(&self) {
        if self.streams.fetch_sub(1, Ordering::Relaxed) == 1 {
            let mut rests_since = self
                .rests_since
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *rests_since = Instant::now();
            self.has_rested.store(true, Ordering::Relaxed);
        }
    }
}

/// Until the time for last words is over.
async fn last_words(let_go: oneshot::Receiver<()>) {
    let _ = let_go.await;
    tokio::time::sleep(LAST_WORDS).await;
}

/// Drives a connection and hears how many streams its peer allows.
struct Driver {
    shared: Weak<Shared>,
    allowed: Arc<AtomicUsize>,
    introduced: Introduced,
    /// Until the peer has introduced itself, or should have, others who want a connection wait for
    /// this one.
    attempt: Option<Attempt>,
}

type Connection = http2::Connection<Wire, RequestBody, TokioExecutor>;

impl Driver {
    async fn drive(mut self, connection: Connection) -> hyper::Result<()> {
        let introduced = self.introduced.clone();
        let mut introduction = pin!(timeout(INTRODUCTION_TIMEOUT, introduced.wait()));
        let mut connection = pin!(connection);
        std::future::poll_fn(move |cx: &mut Context<'_>| {
            let ended = connection.as_mut().poll(cx);
            if self.attempt.is_some() && introduction.as_mut().poll(cx).is_ready() {
                self.hear(&connection);
                self.attempt = None;
            } else if self.attempt.is_none() {
                // New requests wake this task; whoever waits for a stream to end needs no other
                // word.
                self.hear(&connection);
            }
            ended
        })
        .await
    }

    fn hear(&self, connection: &Pin<&mut Connection>) {
        let allowed = connection.current_max_send_streams();
        if self.allowed.swap(allowed, Ordering::Relaxed) != allowed
            && let Some(shared) = self.shared.upgrade()
        {
            shared.relist();
        }
    }
}

/// One stream's place on a connection.
pub(super) struct Http2Lease {
    shared: Arc<Shared>,
    connection: Arc<Multiplexed>,
    used: bool,
    /// Holds on to the request's body.
    tether: Option<oneshot::Sender<()>>,
}

impl Http2Lease {
    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.connection.info
    }

    pub(super) fn client(&self) -> &Affinity {
        &self.connection.client
    }

    /// Whether it has served a request, other than this one.
    pub(super) fn has_served(&self) -> bool {
        let uses = self.connection.uses.load(Ordering::Relaxed);
        uses > u64::from(self.used)
    }

    pub(super) fn has_rested(&self) -> bool {
        self.has_served() || self.connection.has_rested.load(Ordering::Relaxed)
    }

    /// Sends a request that is spelled for HTTP/2 and waits for the head of its response.
    pub(super) async fn exchange(
        &mut self,
        request: &mut Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, Unanswered> {
        // It may have been spelled for HTTP/1 before.
        request.body_mut().wait_for_continue(None);
        self.tether = request.body_mut().abort_handle();
        self.used = true;
        self.connection.uses.fetch_add(1, Ordering::Relaxed);
        let mut sender = self.connection.sender.clone();
        let outcome = sender.try_send_request(leave_copy(request)).await;
        settled(outcome, request)
    }
}

impl Drop for Http2Lease {
    fn drop(&mut self) {
        let (awaited, discarded) = {
            let mut state = self.shared.lock();
            self.connection.leave();
            state.multiplexed.relist(&self.connection);
            // An upgrade that waits gets its place.
            if self.connection.streams() == 0 && state.wants_room(&self.shared.settings) {
                state.discard_idle();
            }
            let discarded = std::mem::take(&mut state.discarded);
            (!state.queue.is_empty(), discarded)
        };
        drop(discarded);
        if awaited {
            self.shared.settle();
        }
    }
}
