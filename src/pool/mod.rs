//! Pooled connections to one connector's origin.
//!
//! A pool belongs to one connector with one origin, so that all its connections are for the same dial target, SNI, expected name and
//! verify policy by construction: there is no key by which they could be confused.
//!
//! * HTTP/1 connections serve one request at a time. The one that rested last is used first, so that surplus ones grow old and close.
//! * HTTP/2 connections take as many requests as the peer allows; then another is opened.
//! * ALPN decides, and the decision is remembered: a burst on a cold pool waits for the first connection instead of opening one each.
//! * An upgrade gets a connection of its own, over HTTP/1.1 whatever ALPN decided for the others. It counts among the open ones until
//!   its tunnel ends, and serves no other request, whether the origin switched or not.
//! * A request that is given up frees its connection or stream at once; a failed connect frees the place for the next.
//!
//! ```
//! use std::time::Duration;
//!
//! use cdn_origin::{CdnOriginConnector, OriginProxy, pool::PoolSettings};
//!
//! let connector = CdnOriginConnector::builder("http://origin.example").build()?;
//! let settings = PoolSettings::default()
//!     .max_connections(64)
//!     .wait_timeout(Duration::from_secs(2));
//! let proxy = OriginProxy::new(connector).pool(settings);
//! assert_eq!(proxy.pool_snapshot().open, 0);
//! # Ok::<(), cdn_origin::BuildError>(())
//! ```

mod alone;
mod body;
mod exchange;
mod expect;
mod failure;
mod http1;
mod http2;
mod lease;
mod settings;
mod slot;
mod snapshot;
mod state;

use std::{
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use http::Uri;
use tokio::time::{Instant, timeout};
use tower_service::Service;

use crate::{
    connector::CdnOriginConnector,
    error::{Error, ErrorKind, Facts, Stage},
};

pub use settings::PoolSettings;
pub use snapshot::PoolSnapshot;

pub(crate) use body::RequestBody;
pub(crate) use exchange::Target;
pub(crate) use failure::explain_body;
pub(crate) use lease::Lease;

use state::{Grant, Offer, State};

/// Connections to one origin. Clones share them.
#[derive(Clone)]
pub(crate) struct OriginPool(Arc<Shared>);

pub(crate) struct Shared {
    connector: CdnOriginConnector,
    settings: PoolSettings,
    state: Mutex<State>,
}

impl OriginPool {
    pub(crate) fn new(connector: CdnOriginConnector, settings: PoolSettings) -> Self {
        Self(Arc::new(Shared {
            connector,
            settings,
            state: Mutex::default(),
        }))
    }

    pub(crate) fn connector(&self) -> &CdnOriginConnector {
        &self.0.connector
    }

    pub(crate) fn snapshot(&self) -> PoolSnapshot {
        PoolSnapshot::of(&self.0.lock())
    }

    /// A connection: one that is there, or a new one, or one that becomes free in time.
    async fn lease(&self) -> Result<Lease, Error> {
        let shared = &self.0;
        let grant = match shared.offer() {
            Offer::Now(grant) => grant,
            Offer::Wait(receiver) => {
                let deadline = shared.settings.wait_timeout;
                match timeout(deadline, receiver).await {
                    Ok(Ok(grant)) => grant,
                    Ok(Err(_)) | Err(_) => return Err(shared.in_vain(deadline)),
                }
            }
        };
        match grant {
            Grant::Http1(lease) => Ok(lease.into()),
            Grant::Http2(lease) => Ok(lease.into()),
            Grant::Open(slot) => Box::pin(shared.open(slot)).await,
        }
    }
}

impl Shared {
    async fn open(self: &Arc<Self>, slot: slot::Slot) -> Result<Lease, Error> {
        self.start_reaping();
        // The pool's connector has a fixed origin: it does not look at the URI.
        let stream = self.connector.clone().call(Uri::default()).await?;
        let info = stream.info().clone();
        let opened = match stream.negotiated_h2() {
            true => http2::Multiplexed::open(self, stream, slot)
                .await
                .map(Lease::from),
            false => http1::Http1::open(self, stream, slot)
                .await
                .map(Lease::from),
        };
        opened.map_err(|error| explain_body(error, Some(&info)))
    }

    /// Starts the task that closes connections which nobody uses any more, unless it runs.
    fn start_reaping(self: &Arc<Self>) {
        {
            let mut state = self.lock();
            if std::mem::replace(&mut state.reaping, true) {
                return;
            }
        }
        let reaper = Reaper(Arc::downgrade(self));
        let often = (self.settings.idle_timeout / 4).max(Duration::from_millis(10));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(often).await;
                match reaper.0.upgrade() {
                    Some(shared) if shared.reap() => {}
                    _ => return,
                }
            }
        });
    }

    /// Closes what has rested too long. Whether there is anything left to come back for.
    fn reap(&self) -> bool {
        let now = Instant::now();
        let settings = &self.settings;
        let mut state = self.lock();
        state
            .resting
            .retain(|connection| !connection.is_stale(now, settings));
        state.multiplexed.retain(|connection| {
            !connection.is_over(now, settings) && !connection.is_stale(now, settings)
        });
        state.open > 0
    }

    /// Why a wait was in vain: the pool is full, or the connection that was waited for did not come about.
    fn in_vain(&self, deadline: Duration) -> Error {
        let full = self.lock().open >= self.settings.max_connections;
        let kind = match full {
            true => ErrorKind::PoolExhausted,
            false => ErrorKind::TimedOut,
        };
        let facts = Facts {
            deadline: Some(deadline),
            ..Facts::default()
        };
        Error::new(kind, Stage::Dial, facts)
    }
}

/// The task that reaps. When it ends, however it ends, another may be started.
struct Reaper(Weak<Shared>);

impl Drop for Reaper {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.lock().reaping = false;
        }
    }
}
