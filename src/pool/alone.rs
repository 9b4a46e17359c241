//! A connection for one upgrade and nothing else.

use std::{pin::pin, sync::Arc, time::Duration};

use http::{Request, Response};
use hyper::client::conn::http1;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    connector::{ConnectionInfo, OriginStream},
    error::{Error, ErrorKind, Facts, Stage},
};

use crate::upload::RequestBody;

use super::{
    Affinity, InFlight, OriginPool, PoolSettings, PooledConnection, ResponseBody, Shared, Target,
    ending::Reason,
    exchange::{bounded, silent},
    failure::{Failure, Unanswered, explain_failure},
    handed::{leave_copy, settled},
    slot::Slot,
    state::State,
};

/// A connection that an upgrade has to itself. The last of its holders to let go closes it and
/// frees its place.
pub(super) struct AloneLease {
    sender: http1::SendRequest<RequestBody>,
    info: ConnectionInfo,
    client: Affinity,
    /// Says that the tunnel has to end.
    over: CancellationToken,
    /// TrackedIo by the driving task too: a refused upgrade leaves a connection that is still to be
    /// closed.
    _slot: Arc<Slot>,
}

impl OriginPool {
    /// Opens a connection for this request, which has no content, sends it over HTTP/1.1, and
    /// waits, `deadline` at most, for the head of the response. If that is 101, the connection is
    /// the caller's for as long as the lease.
    ///
    /// A reused connection would have to be tried again where it turns out to be closed, and one
    /// that was refused an upgrade must not be used again (RFC 9931): bytes that were meant for the
    /// other protocol may follow.
    pub(crate) async fn send_alone(
        &self,
        visit: InFlight,
        request: &mut Request<RequestBody>,
        target: &Target,
        deadline: Duration,
    ) -> Result<(Response<ResponseBody>, PooledConnection), Error> {
        // In this order: whoever ends the tunnels after a drain has begun ends this one, or it does
        // not begin.
        let over = self.0.lock().tunnels_over.clone();
        if self.0.is_draining() {
            return Err(Error::refused(ErrorKind::Draining));
        }
        let mut lease = self.0.open_alone(&target.client, over).await?;
        target.spell(request, &lease);
        let progress = request.body().progress();
        let outcome = bounded(pin!(lease.exchange(request)), &progress, deadline).await;
        match outcome {
            Some(Ok(response)) => {
                self.0.note_answer();
                lease.serve(visit);
                Ok((response, lease))
            }
            Some(Err(failed)) => Err(self.0.told(failed.explained(lease.info()))),
            None => Err(self.0.told(silent(&lease, &progress, deadline))),
        }
    }

    /// Ends all tunnels, and those that are being asked for as soon as they begin.
    pub(crate) fn close_tunnels(&self) {
        let over = std::mem::take(&mut self.0.lock().tunnels_over);
        over.cancel();
    }
}

impl Shared {
    async fn open_alone(
        self: &Arc<Self>,
        client: &Affinity,
        over: CancellationToken,
    ) -> Result<PooledConnection, Error> {
        let mut slot = self.slot_alone().await?;
        let connector = self.connector.for_client(client.address());
        let stream = connector.connect_http1().await?;
        slot.stand(&mut self.lock());
        let info = stream.info().clone();
        let opened = AloneLease::open(&self.settings, stream, slot, client.clone(), over).await;
        opened
            .map(PooledConnection::from)
            .map_err(|error| explain_failure(Failure::Hyper(error), Some(&info)))
    }

    /// Leave to open a connection. Where the pool is full, one that rests makes room, or the next
    /// that would.
    async fn slot_alone(self: &Arc<Self>) -> Result<Slot, Error> {
        let (mut place, discarded) = {
            let mut state = self.lock();
            if state.has_room_alone(&self.settings) {
                return Ok(Slot::take_alone(self, &mut state));
            }
            if state.alone_queue.len() >= self.settings.max_queued {
                return Err(no_slot(Duration::ZERO));
            }
            let place = state.alone_queue.join(self);
            if state.wants_room(&self.settings) {
                state.discard_idle();
            }
            (place, std::mem::take(&mut state.discarded))
        };
        drop(discarded);
        let deadline = self.settings.queue_timeout;
        match timeout(deadline, &mut place.word).await {
            Ok(Ok(slot)) => Ok(slot),
            Ok(Err(_)) | Err(_) => Err(no_slot(deadline)),
        }
    }

    /// Gives upgrades that wait the places that have become free.
    pub(super) fn settle_alone(self: &Arc<Self>) {
        loop {
            let (waiter, slot) = {
                let mut state = self.lock();
                if !state.has_room_alone(&self.settings) {
                    return;
                }
                let Some(waiter) = state.alone_queue.pop() else {
                    return;
                };
                (waiter, Slot::take_alone(self, &mut state))
            };
            // Outside of the lock: a waiter that has just left drops the slot, which then finds its
            // way back here.
            let _ = waiter.send(slot);
        }
    }
}

impl State {
    /// Whether an upgrade waits for a connection to go. One that waits for another tunnel to end
    /// does not.
    pub(super) fn wants_room(&self, settings: &PoolSettings) -> bool {
        let is_full = self.open >= settings.max_connections;
        is_full && self.alone < settings.tunnel_limit() && !self.alone_queue.is_empty()
    }

    fn has_room_alone(&self, settings: &PoolSettings) -> bool {
        self.open < settings.max_connections && self.alone < settings.tunnel_limit()
    }
}

/// Nothing became free in time, or too many wait already.
fn no_slot(deadline: Duration) -> Error {
    let facts = Facts::default().after(deadline);
    Error::new(ErrorKind::PoolExhausted, Stage::Dial, facts)
}

impl AloneLease {
    async fn open(
        settings: &PoolSettings,
        stream: OriginStream,
        slot: Slot,
        client: Affinity,
        over: CancellationToken,
    ) -> hyper::Result<Self> {
        let info = stream.info().clone();
        let (sender, connection) = settings.http1().handshake(stream).await?;
        slot.ending().note(Reason::Upgrade);
        let slot = Arc::new(slot);
        let held = slot.clone();
        tokio::spawn(async move {
            if let Err(error) = connection.with_upgrades().await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(held);
        });
        Ok(Self {
            sender,
            info,
            client,
            over,
            _slot: slot,
        })
    }

    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    pub(super) fn client(&self) -> &Affinity {
        &self.client
    }

    /// The outcome of the tunnel; nothing, if it was told to end before.
    pub(super) async fn tunnel<T>(&self, tunnel: impl Future<Output = T>) -> Option<T> {
        self.over.run_until_cancelled(tunnel).await
    }

    /// Sends a request that is spelled for HTTP/1 and waits for the head of its response.
    pub(super) async fn exchange(
        &mut self,
        request: &mut Request<RequestBody>,
    ) -> Result<Response<ResponseBody>, Unanswered> {
        let outcome = self.sender.try_send_request(leave_copy(request)).await;
        settled(outcome, request)
    }
}
