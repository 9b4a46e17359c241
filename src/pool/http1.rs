//! An HTTP/1 connection: one request at a time, then it rests.

use std::{sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, client::conn::http1};
use tokio::{sync::oneshot, time::Instant};

use crate::connector::{ConnectionInfo, OriginStream};

use super::{
    Client, PoolSettings, RequestBody, Shared,
    body::Progress,
    ending::{Ending, Reason},
    expect,
    failure::Unanswered,
    slot::{Attempt, Leave},
    state::Protocol,
    wire::Wire,
};

/// How long the end of an exchange may take to reach the other half of the connection.
const LAST_STEPS: Duration = Duration::from_secs(1);

/// A connection, in use or at rest.
pub(super) struct Http1 {
    sender: http1::SendRequest<RequestBody>,
    info: ConnectionInfo,
    /// Whom it serves.
    client: Client,
    ending: Ending,
    generation: u64,
    retires_at: Option<Instant>,
    pub(super) rests_since: Instant,
    uses: u64,
}

impl Http1 {
    /// Speaks HTTP/1 on a fresh stream.
    pub(super) async fn open(
        shared: &Arc<Shared>,
        stream: OriginStream,
        leave: Leave,
    ) -> hyper::Result<(Http1Lease, Attempt)> {
        let Leave {
            slot,
            attempt,
            generation,
            client,
        } = leave;
        let info = stream.info().clone();
        let ending = slot.ending().clone();
        let wire = Wire::new(stream, slot);
        let (sender, connection) = shared.settings.http1().handshake(wire).await?;
        shared.lock().protocol = Some(Protocol::Http1);
        let noted = ending.clone();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                noted.note(Reason::Error);
                tracing::debug!(%error, "a connection ended");
            }
        });
        let now = Instant::now();
        let connection = Self {
            sender,
            info,
            client,
            ending,
            generation,
            retires_at: shared.settings.retirement(now),
            rests_since: now,
            uses: 0,
        };
        Ok((Http1Lease::new(shared.clone(), connection), attempt))
    }

    /// Whether it can take a request: open, ready, and neither too old nor too long at rest. hyper reads in the background, so that
    /// a closed connection is known without asking the system.
    pub(super) fn is_usable(&self, now: Instant, settings: &PoolSettings) -> bool {
        self.sender.is_ready() && !self.is_over(now, settings)
    }

    /// Whether it is to be closed while nobody uses it; the reason is kept.
    pub(super) fn is_over(&self, now: Instant, settings: &PoolSettings) -> bool {
        let reason = if self.sender.is_closed() {
            Reason::Origin
        } else if let Some(reason) = settings.is_spent(self.uses, self.retires_at, now) {
            reason
        } else if now.duration_since(self.rests_since) >= settings.idle_timeout {
            Reason::Idle
        } else {
            return false;
        };
        self.ending.note(reason);
        true
    }

    pub(super) fn is_for(&self, client: &Client) -> bool {
        self.client == *client
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// It will be dropped for this reason.
    pub(super) fn note(&self, reason: Reason) {
        self.ending.note(reason);
    }

    pub(super) fn end(self, reason: Reason) {
        self.ending.note(reason);
    }

    pub(super) fn has_served(&self) -> bool {
        self.uses > 0
    }
}

/// A connection in somebody's hands. Dropped before its response has ended, it is closed.
pub(super) struct Http1Lease {
    shared: Arc<Shared>,
    info: ConnectionInfo,
    client: Client,
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
            client: connection.client.clone(),
            connection: Some(connection),
            progress: None,
            tether: None,
        }
    }

    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Whether it has served a request.
    pub(super) fn has_served(&self) -> bool {
        self.connection.as_ref().is_some_and(Http1::has_served)
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
        outcome.map_err(|error| {
            let failed = Unanswered::new(error);
            connection.ending.note(failed.reason());
            failed
        })
    }

    /// The response has ended: the connection may rest, unless the request has not.
    pub(super) fn finish(mut self) {
        let sent = self
            .progress
            .as_ref()
            .is_none_or(|progress| progress.has_ended());
        let Some(mut connection) = self.connection.take_if(|_| sent) else {
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

    /// The connection is of no use any more.
    pub(super) fn fail(mut self, reason: Reason) {
        if let Some(connection) = self.connection.take() {
            connection.end(reason);
        }
    }
}

impl Drop for Http1Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        match self.progress {
            // A connection that was granted to somebody who had left is as good as before.
            None => self.shared.rest(connection),
            Some(_) => connection.end(Reason::Cancelled),
        }
    }
}

impl Shared {
    /// Keeps a connection for the next request.
    fn rest(self: &Arc<Self>, mut connection: Http1) {
        let now = Instant::now();
        connection.rests_since = now;
        if connection.is_over(now, &self.settings) {
            return;
        }
        let (surplus, awaited) = {
            let mut state = self.lock();
            let ends = match connection.generation == state.generation {
                false => Some(Reason::Retired),
                // An upgrade that waits gets its place.
                true => state.wants_room(&self.settings).then_some(Reason::Surplus),
            };
            if let Some(reason) = ends {
                drop(state);
                return connection.end(reason);
            }
            let awaited = !state.queue.is_empty();
            state.resting.push_back(connection);
            let many = state.resting.len() > self.settings.most_idle() && !awaited;
            // The one that has rested longest.
            let surplus = many.then(|| state.resting.pop_front()).flatten();
            (surplus, awaited)
        };
        if let Some(surplus) = surplus {
            surplus.end(Reason::Surplus);
        }
        if awaited {
            self.settle();
        }
    }
}
