//! Pooled connections to one connector's origin.
//!
//! A pool belongs to one connector with one origin, so that all its connections are for the same
//! dial target, SNI, expected name and verify policy by construction: there is no key by which they
//! could be confused. Where the origin is told who the client is
//! ([`ProxyProtocol`](crate::dial::ProxyProtocol)), a connection serves that client alone: one with
//! the same addresses, ports and values. While others wait and the pool is full, idle connections
//! are closed for them.
//!
//! * HTTP/1 connections serve one request at a time, in that request's own task. The one that
//!   rested last is used first, so that surplus ones grow old and close. One that its origin closes
//!   while it rests is noticed at once, without a task of its own.
//! * HTTP/2 connections take as many requests as the peer allows; then another is opened.
//! * ALPN decides, and the decision is remembered: a burst on a cold pool waits for the first
//!   connection instead of opening one each. An HTTP/2 peer that says nothing for five seconds
//!   after the handshake is waited for no longer.
//! * An upgrade gets a connection of its own, over HTTP/1.1 whatever ALPN decided for the others.
//!   It counts among the open ones until its tunnel ends, and serves no other request, whether the
//!   origin switched or not. Only [so many](PoolSettings::max_tunnels) of the connections are for
//!   upgrades; where the pool is full, idle ones are closed for them.
//! * Connections are opened in tasks of their own: one whose client has left goes to the next who
//!   waits, or to rest. A failed connect is told to the client who asked for it; where there is no
//!   other connection, to all who wait.
//! * A request that is given up frees its connection or stream at once, and whoever waits gets its
//!   place. hyper's server notices a client of HTTP/1 who leaves in the middle of an upload only
//!   when more of it is read: one that the origin does not take is given up by
//!   [`response_timeout`](crate::OriginProxy::response_timeout).
//!
//! # What is sent again
//!
//! A request whose body is empty, or of whose body [all that was taken is
//! kept](PoolSettings::max_replay), 64 KiB at most; any request of which nothing was written. All
//! but that is bounded by a [`RetryBudget`].
//!
//! | what happened | which methods |
//! |---|---|
//! | nothing of it was written: the connection had just closed | all, with any body |
//! | the origin refused the stream, or a GOAWAY says that it was not looked at (RFC 9113 section 8.7) | all |
//! | a connection that had *rested* ended before the first byte of the response | idempotent ones (RFC 9110 section 9.2.2), on a fresh connection if possible |
//! | a 421 (RFC 9110 section 15.5.20) on a connection that served others too: once, on a fresh one | all |
//! | a 425 (RFC 8470 section 5.2) to a request that was sent in [early data](crate::connector::CdnOriginBuilder::early_data): once, after the handshake, and outside of the budget | GET, HEAD, OPTIONS |
//!
//! A 421 on a connection that was opened for the request passes, and so do later ones until there
//! is another answer.
//!
//! # What bounds a hostile origin
//!
//! * Heads are [limited](PoolSettings::max_response_head), and the wait for them by
//!   [`response_timeout`](crate::OriginProxy::response_timeout), interim (1xx) responses included:
//!   over HTTP/1 they share the limit of one head. Trailers may have 16 KiB there.
//! * Bytes before a request, on an idle connection, or after a response, end it, as far as they
//!   have arrived.
//! * A body that ends with its connection is whole only if TLS said so; an HTTP/2 stream that was
//!   reset never is.
//! * HTTP/2 windows bound what is kept of bodies that nobody reads. Over HTTP/1 a body is read as
//!   it is asked for, 315 KiB at most in one turn; a connection at rest has no buffers, but the
//!   process keeps those of large bodies for the next, a MiB in all.
//! * Heads without end, and floods of DATA frames without content, end the connection.
//! * Answers to SETTINGS and PING are not queued: a peer that floods and does not read them is not
//!   read either. One that reads them costs time, as does one that resets the same stream again and
//!   again, but no memory; it lasts until the connection is idle or old.
//! * A connection that nobody holds any more is closed after five seconds, whether the peer reads
//!   or not.
//!
//! ```
//! use std::time::Duration;
//!
//! use cdn_origin::{CdnOriginConnector, OriginProxy, pool::PoolSettings};
//!
//! let connector = CdnOriginConnector::builder("http://origin.example").build()?;
//! let settings = PoolSettings::default()
//!     .max_connections(64)
//!     .queue_timeout(Duration::from_secs(2));
//! let proxy = OriginProxy::new(connector).pool(settings);
//! assert_eq!(proxy.pool_snapshot().open(), 0);
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```

mod addresses;
mod affinity;
mod alone;
mod alone_queue;
mod budget;
mod connect;
mod early;
mod ending;
mod exchange;
mod failure;
mod follow;
mod handed;
mod http1;
mod http2;
mod lease;
mod queue;
mod reaper;
mod response;
mod retry;
mod settings;
mod shelf;
mod slot;
mod snapshot;
mod state;
mod target;
mod tracked_io;
mod visit;
mod wire;

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::Poll,
    time::Duration,
};

use http::Extensions;
use tokio::{sync::Notify, time::timeout};

use crate::{
    connector::CdnOriginConnector,
    downstream::ClientAddress,
    error::{Error, ErrorKind, Facts, Stage},
};

pub use budget::RetryBudget;
pub(crate) use budget::Retrying;
pub use early::NoEarlyData;
pub use settings::PoolSettings;
pub use snapshot::{ClosedConnections, PoolSnapshot};

pub(crate) use affinity::Affinity;
pub(crate) use early::EARLY_DATA;
pub(crate) use failure::explain_body;
pub(crate) use lease::PooledConnection;
pub(crate) use response::ResponseBody;
pub(crate) use target::Target;
pub(crate) use visit::InFlight;

use addresses::Addresses;
use connect::Outcome;
use queue::{Grant, Place};
use slot::Leave;
use state::{Offer, State};

/// Connections to one origin. Clones share them.
#[derive(Clone)]
pub(crate) struct OriginPool(Arc<Shared>);

pub(crate) struct Shared {
    connector: CdnOriginConnector,
    settings: PoolSettings,
    state: Mutex<State>,
    /// Requests that are being served.
    active: AtomicUsize,
    /// No more requests are taken.
    draining: AtomicBool,
    drained: Notify,
    /// Something has arrived on a connection that rests.
    stirred: Arc<Notify>,
    /// A fresh connection was answered 421, and there was no other answer since.
    misdirected: AtomicBool,
    /// The origin has answered a request.
    answered: AtomicBool,
}

impl OriginPool {
    pub(crate) fn new(connector: CdnOriginConnector, settings: PoolSettings) -> Self {
        let state = State {
            addresses: Addresses::new(settings.grace),
            ..State::default()
        };
        Self(Arc::new(Shared {
            connector,
            settings,
            state: Mutex::new(state),
            active: AtomicUsize::new(0),
            draining: AtomicBool::new(false),
            drained: Notify::new(),
            stirred: Arc::default(),
            misdirected: AtomicBool::new(false),
            answered: AtomicBool::new(false),
        }))
    }

    pub(crate) fn connector(&self) -> &CdnOriginConnector {
        &self.0.connector
    }

    /// For whom a request with these extensions is to go, as far as the origin is told.
    pub(crate) fn client(&self, extensions: &Extensions) -> Affinity {
        match self.0.connector.tells_clients() {
            true => Affinity::told(ClientAddress::of(extensions)),
            false => Affinity::anybody(),
        }
    }

    pub(crate) fn snapshot(&self) -> PoolSnapshot {
        let active = self.0.active.load(Ordering::Relaxed);
        self.0.lock().snapshot(active)
    }

    /// Opens the connections that are always to be ready, one at least, and keeps them up from then
    /// on.
    pub(crate) async fn prewarm(self) -> Result<(), Error> {
        self.0.lock().kept_warm = true;
        self.0.warm(self.0.settings.min_idle.max(1)).await
    }

    /// A connection: one that is there, or a new one, or one that becomes free in time.
    async fn lease(&self, client: &Affinity) -> Result<PooledConnection, Error> {
        self.accept(self.offer(client)).await
    }

    fn offer(&self, client: &Affinity) -> Offer {
        let offer = self.0.offer(client);
        self.keep_warm();
        offer
    }

    async fn accept(&self, offer: Offer) -> Result<PooledConnection, Error> {
        match offer {
            Offer::Now(lease) => Ok(lease),
            // Boxed: every request would carry the room for what few do.
            Offer::Wait(place, leave) => Box::pin(self.wait(place, leave)).await,
            Offer::Early(leave, head) => Box::pin(self.early_lease(leave, head)).await,
            Offer::Full => Err(self.0.in_vain(Duration::ZERO)),
        }
    }

    async fn wait(
        &self,
        mut place: Place,
        leave: Option<Leave>,
    ) -> Result<PooledConnection, Error> {
        let shared = &self.0;
        let mut own = leave.map(|leave| shared.connect(leave));
        loop {
            let word = match own.take() {
                // Bounded by the connector's own deadlines.
                Some(outcome) => outcome_or_word(outcome, &mut place).await,
                None => shared.word(&mut place).await?,
            };
            match word {
                Some(Grant::Ready(lease)) => return Ok(lease),
                Some(Grant::Failed(error)) => return Err(error),
                Some(Grant::Open(leave)) => {
                    shared.rejoin(&mut place);
                    own = Some(shared.connect(leave));
                }
                None => {}
            }
        }
    }

    /// A connection that was opened for this request alone, if one may be opened.
    async fn fresh_lease(&self, client: &Affinity) -> Option<PooledConnection> {
        let outcome = self.0.connect_alone(self.0.leave(client)?);
        outcome.await.ok()?.ok()
    }

    fn keep_warm(&self) {
        if self.0.settings.min_idle > 0 {
            self.0.keep_warm();
        }
    }
}

/// What comes first: what the queue grants, or the failure of the connect that was made for this
/// client. Nothing, if its connection went to one who had waited longer.
async fn outcome_or_word(mut outcome: Outcome, place: &mut Place) -> Option<Grant> {
    poll_fn(|cx| {
        let word = Pin::new(&mut place.word).poll(cx).map(Result::ok);
        if let Poll::Ready(Some(Grant::Ready(_) | Grant::Failed(_))) = &word {
            return word;
        }
        // Leave to connect once more is of no use to one whose connect has failed.
        match Pin::new(&mut outcome).poll(cx) {
            Poll::Ready(Ok(error)) => Poll::Ready(Some(Grant::Failed(error))),
            _ if word.is_ready() => word,
            ended => ended.map(|_| None),
        }
    })
    .await
}

impl Shared {
    /// There is a response for a client.
    fn note_answer(&self) {
        // Looked at first: to write each time would keep the cores of busy proxies waiting for each
        // other.
        if !self.answered.load(Ordering::Relaxed) {
            self.answered.store(true, Ordering::Relaxed);
        }
    }

    /// The error, with what it does not know of the origin.
    fn told(&self, error: Error) -> Error {
        match self.answered.load(Ordering::Relaxed) {
            true => error.after_answers(),
            false => error,
        }
    }

    /// What the queue grants within the time that one may wait.
    async fn word(&self, place: &mut Place) -> Result<Option<Grant>, Error> {
        let deadline = self.settings.queue_timeout;
        match timeout(deadline, &mut place.word).await {
            Ok(Ok(grant)) => Ok(Some(grant)),
            Ok(Err(_)) | Err(_) => Err(self.in_vain(deadline)),
        }
    }

    /// Why a wait was in vain: the connection that was waited for did not come about, or the pool
    /// is full.
    fn in_vain(&self, deadline: Duration) -> Error {
        let state = self.lock();
        let may_come = state.connecting.all() > 0 && state.open < self.settings.max_connections;
        drop(state);
        let kind = match may_come && !deadline.is_zero() {
            true => ErrorKind::TimedOut,
            false => ErrorKind::PoolExhausted,
        };
        Error::new(kind, Stage::Dial, Facts::default().after(deadline))
    }
}
