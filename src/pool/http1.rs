//! An HTTP/1 connection: one request at a time, then it rests.

use std::{sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::http1};
use tokio::{sync::oneshot, time::Instant};

use crate::connector::{ConnectionInfo, OriginStream};

use super::{
    PoolSettings, RequestBody, Shared, body::Progress, expect, failure::Unanswered, slot::Slot,
    state::Protocol,
};

/// How long the end of an exchange may take to reach the other half of the connection.
const LAST_STEPS: Duration = Duration::from_secs(1);

/// A connection, in use or at rest.
pub(super) struct Http1 {
    sender: http1::SendRequest<RequestBody>,
    info: ConnectionInfo,
    retires_at: Option<Instant>,
    rests_since: Instant,
    uses: u64,
}

impl Http1 {
    /// Speaks HTTP/1 on a fresh stream.
    pub(super) async fn open(
        shared: &Arc<Shared>,
        stream: OriginStream,
        mut slot: Slot,
    ) -> hyper::Result<Http1Lease> {
        let info = stream.info().clone();
        let (sender, connection) = shared.settings.http1().handshake(stream).await?;
        {
            let mut state = shared.lock();
            state.protocol = Some(Protocol::Http1);
            slot.connected(&mut state);
        }
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(slot);
        });
        shared.settle();
        let now = Instant::now();
        let connection = Self {
            sender,
            info,
            retires_at: shared.settings.retirement(now),
            rests_since: now,
            uses: 0,
        };
        Ok(Http1Lease::new(shared.clone(), connection))
    }

    /// Whether it can take a request: open, ready, and neither too old nor too long at rest. hyper reads in the background, so that
    /// a closed connection is known without asking the system.
    pub(super) fn is_usable(&self, now: Instant, settings: &PoolSettings) -> bool {
        self.sender.is_ready() && !self.is_spent(now, settings) && !self.is_stale(now, settings)
    }

    /// Whether it has rested for too long.
    pub(super) fn is_stale(&self, now: Instant, settings: &PoolSettings) -> bool {
        now.duration_since(self.rests_since) >= settings.idle_timeout || self.sender.is_closed()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    fn is_spent(&self, now: Instant, settings: &PoolSettings) -> bool {
        settings.is_spent(self.uses, self.retires_at, now)
    }
}

/// A connection in somebody's hands. Dropped before its response has ended, it is closed.
pub(super) struct Http1Lease {
    shared: Arc<Shared>,
    info: ConnectionInfo,
    /// Taken when the lease ends.
    connection: Option<Http1>,
    /// That of the request, once one is sent.
    progress: Option<Progress>,
    /// Holds on to the request's body.
    tether: Option<oneshot::Sender<()>>,
}

impl Http1Lease {
    pub(super) fn new(shared: Arc<Shared>, connection: Http1) -> Self {
        Self {
            shared,
            info: connection.info.clone(),
            connection: Some(connection),
            progress: None,
            tether: None,
        }
    }

    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    /// Whether it has served a request.
    pub(super) fn has_served(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|connection| connection.uses > 0)
    }

    /// Sends a request that is spelled for HTTP/1 and waits for the head of its response.
    #[expect(
        clippy::expect_used,
        reason = "`finish` and `drop` alone take the connection, and they end the lease"
    )]
    pub(super) async fn exchange(
        &mut self,
        mut request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Unanswered> {
        self.progress = Some(request.body().progress());
        self.tether = request.body_mut().tie();
        let go_ahead = expect::go_ahead(&mut request);
        request.body_mut().wait_for(go_ahead);
        let connection = self
            .connection
            .as_mut()
            .expect("a lease holds a connection");
        connection.uses += 1;
        let outcome = connection.sender.try_send_request(request).await;
        outcome.map_err(Unanswered::new)
    }

    /// The response has ended: the connection may rest, unless the request has not.
    pub(super) fn finish(mut self) {
        let sent = self
            .progress
            .take()
            .is_none_or(|progress| progress.has_ended());
        let Some(mut connection) = self.connection.take().filter(|_| sent) else {
            return;
        };
        if connection.sender.is_ready() {
            self.shared.rest(connection);
            return;
        }
        // hyper's side of the connection is about to notice the end of the response too.
        let shared = self.shared.clone();
        tokio::spawn(async move {
            let ready = tokio::time::timeout(LAST_STEPS, connection.sender.ready()).await;
            if matches!(ready, Ok(Ok(()))) {
                shared.rest(connection);
            }
        });
    }
}

impl Drop for Http1Lease {
    fn drop(&mut self) {
        // A connection that was granted to somebody who had left is as good as before.
        if self.progress.is_none()
            && let Some(connection) = self.connection.take()
        {
            self.shared.rest(connection);
        }
    }
}

impl Shared {
    /// Keeps a connection for the next request.
    fn rest(self: &Arc<Self>, mut connection: Http1) {
        let now = Instant::now();
        connection.rests_since = now;
        if connection.is_spent(now, &self.settings) {
            return;
        }
        let surplus = {
            let mut state = self.lock();
            if state.wants_room(&self.settings) {
                // An upgrade that waits gets its place.
                drop(state);
                return;
            }
            state.resting.push(connection);
            match state.resting.len() > self.settings.max_idle && !state.is_awaited() {
                // The one that has rested longest.
                true => Some(state.resting.remove(0)),
                false => None,
            }
        };
        drop(surplus);
        self.settle();
    }
}
