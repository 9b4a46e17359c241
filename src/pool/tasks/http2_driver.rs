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

use futures_util::future::{Either, select};
use tokio::{sync::oneshot, time::sleep};

use crate::{
    http2::Http2Error,
    pool::{
        checkout::PendingConnect,
        connection::{CloseReason, Http2Connection, Http2Parts, Http2Task},
        inner::PoolInner,
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
    pool: Weak<PoolInner>,
    stream_limit: Arc<AtomicUsize>,
    /// Dropped when the peer has sent its SETTINGS, or should have: until then, others who want a
    /// connection wait for this one.
    pending: Option<PendingConnect>,
}

impl Http2Driver {
    /// Spawns the task.
    pub(crate) fn spawn(inner: &Arc<PoolInner>, pooled: &Arc<Http2Connection>, parts: Http2Parts) {
        let Http2Parts {
            connection,
            stream_limit,
            close_reason,
            pending,
            unused,
        } = parts;
        let driver = Self {
            pool: Arc::downgrade(inner),
            stream_limit,
            pending: Some(pending),
        };
        let (pool, pooled) = (Arc::downgrade(inner), Arc::downgrade(pooled));
        inner.tasks().spawn_driver(async move {
            let (ended, overdue) = (pin!(driver.drive(connection)), pin!(close_deadline(unused)));
            if let Either::Left((Err(error), _)) = select(ended, overdue).await {
                close_reason.note(CloseReason::Error);
                tracing::debug!(%error, "HTTP/2 connection failed");
            }
            if let (Some(inner), Some(pooled)) = (pool.upgrade(), pooled.upgrade()) {
                inner.http2_ended(&pooled);
            }
        });
    }

    async fn drive(mut self, connection: Http2Task) -> Result<(), Http2Error> {
        let mut connection = pin!(connection);
        let mut settings_due = pin!(sleep(SETTINGS_TIMEOUT));
        poll_fn(move |cx| {
            let ended = connection.as_mut().poll(cx);
            let is_known = connection.has_settings() || settings_due.as_mut().poll(cx).is_ready();
            if self.pending.is_none() || is_known {
                // New requests wake this task. The end of a stream shows when its body is dropped.
                self.note_stream_limit(connection.max_streams());
                self.pending = None;
            }
            ended
        })
        .await
    }

    fn note_stream_limit(&self, limit: usize) {
        if self.stream_limit.swap(limit, Ordering::Relaxed) != limit
            && let Some(inner) = self.pool.upgrade()
        {
            inner.stream_limits_changed();
        }
    }
}

/// Resolves when the connection was unused for the time that it may take to close.
async fn close_deadline(unused: oneshot::Receiver<()>) {
    let _ = unused.await;
    sleep(CLOSE_TIMEOUT).await;
}
