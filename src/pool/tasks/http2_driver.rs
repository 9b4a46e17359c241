//! `Http2Driver`: drives an HTTP/2 connection, and learns how many streams its peer allows.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::select;
use tokio::{sync::oneshot, time::sleep};

use crate::{
    http2::Http2Error,
    pool::{
        checkout::PendingConnect,
        connection::{CloseReason, ConnectionLife, Http2Connection, Http2Parts, Http2Task},
        serve_waiters::serve_waiters,
        shared_pool::SharedPool,
    },
};

/// How long a connection that nothing uses may take to write its last frames. A peer that does not
/// read would keep it open forever.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long others wait for a peer's SETTINGS, which a live peer sends at once (RFC 9113 section
/// 3.4).
const SETTINGS_TIMEOUT: Duration = Duration::from_secs(5);

/// The task of one HTTP/2 connection. It ends with the connection.
pub(crate) struct Http2Driver {
    pool: Weak<SharedPool>,
    pooled: Weak<Http2Connection>,
    stream_limit: Arc<AtomicUsize>,
    life: ConnectionLife,
    /// Dropped when the peer has sent its SETTINGS, or should have: until then, others who want a
    /// connection wait for this one.
    pending: Option<PendingConnect>,
}

impl Http2Driver {
    /// Spawns the task.
    pub(crate) fn spawn(pool: &Arc<SharedPool>, pooled: &Arc<Http2Connection>, parts: Http2Parts) {
        let Http2Parts {
            connection,
            stream_limit,
            life,
            pending,
            unused,
        } = parts;
        let mut driver = Self {
            pool: Arc::downgrade(pool),
            pooled: Arc::downgrade(pooled),
            stream_limit,
            life,
            pending: Some(pending),
        };
        pool.tasks().spawn_driver(async move {
            select(pin!(driver.drive(connection)), pin!(close_deadline(unused))).await;
            driver.remove();
        });
    }

    /// Drives the connection to its end.
    async fn drive(&mut self, connection: Http2Task) {
        let mut connection = pin!(connection);
        let mut settings_due = pin!(sleep(SETTINGS_TIMEOUT));
        poll_fn(|cx| {
            let ended = connection.as_mut().poll(cx);
            let is_known = connection.has_settings() || settings_due.as_mut().poll(cx).is_ready();
            if self.pending.is_none() || is_known {
                // New requests wake this task. The end of a stream shows when its body is dropped.
                self.note_stream_limit(connection.max_streams());
                self.pending = None;
            }
            if connection.take_recovered() {
                self.relist();
            }
            // Before the connection is dropped, which counts its close.
            ended.map(|ended| self.note_end(ended))
        })
        .await;
    }

    fn note_end(&self, ended: Result<(), Http2Error>) {
        if let Err(error) = ended {
            self.life.note(CloseReason::Error);
            tracing::debug!(%error, "HTTP/2 connection failed");
        }
    }

    fn note_stream_limit(&self, limit: usize) {
        if self.stream_limit.swap(limit, Ordering::Relaxed) != limit {
            self.relist();
        }
    }

    /// Checks for free streams: the peer's limit has changed, or it is no longer suspect.
    fn relist(&self) {
        if let Some(pool) = self.pool.upgrade() {
            pool.with(|inventory| inventory.http2.relist_all());
            serve_waiters(&pool);
        }
    }

    /// Removes the connection, which has ended, from the pool.
    fn remove(&self) {
        if let (Some(pool), Some(pooled)) = (self.pool.upgrade(), self.pooled.upgrade()) {
            pool.http2_ended(&pooled);
        }
    }
}

/// Resolves when the connection was unused for the time that it may take to close.
async fn close_deadline(unused: oneshot::Receiver<()>) {
    let _ = unused.await;
    sleep(CLOSE_TIMEOUT).await;
}
