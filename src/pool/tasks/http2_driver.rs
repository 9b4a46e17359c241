//! `Http2Driver`: drives an HTTP/2 connection, and learns how many streams its peer allows.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::Context,
    time::Duration,
};

use futures_util::future::select;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::pool::{
    checkout::PendingConnect,
    connection::{CloseReason, Http2Parts, HyperHttp2, SettingsReceived},
    inner::Inner,
};

/// How long a connection that nothing uses may take to write its last frames. A peer that does not
/// read would keep it open forever.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long others wait for a peer's SETTINGS, which a live peer sends at once (RFC 9113 section
/// 3.4).
const SETTINGS_TIMEOUT: Duration = Duration::from_secs(5);

/// The task of one HTTP/2 connection. It ends with the connection.
pub(crate) struct Http2Driver {
    pool: Weak<Inner>,
    stream_limit: Arc<AtomicUsize>,
    settings_received: SettingsReceived,
    /// Dropped when the peer has sent its SETTINGS, or should have: until then, others who want a
    /// connection wait for this one.
    pending: Option<PendingConnect>,
}

impl Http2Driver {
    /// Spawns the task.
    pub(crate) fn spawn(inner: &Arc<Inner>, parts: Http2Parts) {
        let Http2Parts {
            connection,
            settings_received,
            stream_limit,
            close_reason,
            pending,
            unused,
            mut abort,
        } = parts;
        let driver = Self {
            pool: Arc::downgrade(inner),
            stream_limit,
            settings_received,
            pending: Some(pending),
        };
        inner.tasks().spawn_driver(async move {
            if let Err(error) = driver.drive(connection).await {
                close_reason.note(CloseReason::Error);
                tracing::debug!(%error, "HTTP/2 connection failed");
            }
            // hyper has a task of its own for open streams and unwritten frames. It holds the
            // stream, which `abort` ends at last.
            let (closed, overdue) = (pin!(abort.closed()), pin!(close_deadline(unused)));
            select(closed, overdue).await;
        });
    }

    async fn drive(mut self, connection: HyperHttp2) -> hyper::Result<()> {
        let received = self.settings_received.clone();
        let mut settings = pin!(timeout(SETTINGS_TIMEOUT, received.wait()));
        let mut connection = pin!(connection);
        poll_fn(move |cx: &mut Context<'_>| {
            let ended = connection.as_mut().poll(cx);
            if self.pending.is_none() {
                // New requests wake this task, and the end of a stream is noticed elsewhere.
                self.note_stream_limit(&connection);
            } else if settings.as_mut().poll(cx).is_ready() {
                self.note_stream_limit(&connection);
                self.pending = None;
            }
            ended
        })
        .await
    }

    fn note_stream_limit(&self, connection: &Pin<&mut HyperHttp2>) {
        let limit = connection.current_max_send_streams();
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
