//! Opening connections, each in a task of its own: a client who leaves takes nothing away from
//! those who wait.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use http::Uri;
use tokio::sync::oneshot;
use tower_service::Service;

use crate::{connector::Connecting, error::Error};

use super::{
    Affinity, PooledConnection, Shared,
    failure::{Failure, explain_failure},
    http1::Http1,
    http2::Multiplexed,
    queue::Grant,
    slot::{Attempt, Leave},
    state::State,
};

/// The pause after the first failed attempt to warm the pool; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The error of a connect. It is closed without one when the connection has gone to whoever waited
/// longest.
pub(super) type Outcome = oneshot::Receiver<Error>;

impl Shared {
    /// Opens a connection for whoever waits longest then, or for later.
    pub(super) fn connect(self: &Arc<Self>, leave: Leave) -> Outcome {
        let (sender, receiver) = oneshot::channel();
        let shared = self.clone();
        tokio::spawn(async move {
            match shared.open(leave).await {
                Ok((lease, attempt)) => {
                    shared.give(lease);
                    // Only now: who has just been given it is not to open another.
                    drop(attempt);
                }
                Err(failed) => {
                    let _ = sender.send(failed.error.clone());
                    failed.settle(&shared);
                }
            }
        });
        receiver
    }

    /// Opens a connection for one alone; if that one has left, for later.
    pub(super) fn connect_alone(
        self: &Arc<Self>,
        leave: Leave,
    ) -> oneshot::Receiver<Result<PooledConnection, Error>> {
        let (sender, receiver) = oneshot::channel();
        let shared = self.clone();
        tokio::spawn(async move {
            match shared.open(leave).await {
                Ok((lease, attempt)) => {
                    let _ = sender.send(Ok(lease));
                    drop(attempt);
                }
                Err(failed) => {
                    let _ = sender.send(Err(failed.error.clone()));
                    failed.settle(&shared);
                }
            }
        });
        receiver
    }

    async fn open(
        self: &Arc<Self>,
        leave: Leave,
    ) -> Result<(PooledConnection, Option<Attempt>), Failed> {
        // The pool's connector has a fixed origin: it does not look at the URI.
        let mut connector = self.connector.for_client(leave.client.address());
        self.open_by(connector.call(Uri::default()), leave).await
    }

    /// Opens a connection that begins with this head, for whoever sends it.
    pub(super) async fn open_early(
        self: &Arc<Self>,
        leave: Leave,
        head: Bytes,
    ) -> Result<PooledConnection, Failed> {
        let connector = self.connector.for_client(leave.client.address());
        let opened = self.open_by(connector.connect_early(head), leave).await;
        opened.map(|(lease, _attempt)| lease)
    }

    async fn open_by(
        self: &Arc<Self>,
        connecting: Connecting,
        mut leave: Leave,
    ) -> Result<(PooledConnection, Option<Attempt>), Failed> {
        self.start_reaping();
        let stream = match connecting.await {
            Ok(stream) => stream,
            Err(error) => {
                let leave = Some(leave);
                return Err(Failed { error, leave });
            }
        };
        let info = stream.info().clone();
        self.stands(&mut leave.slot, &info);
        let opened = match stream.negotiated_h2() {
            true => {
                let lease = Multiplexed::open(self, stream, leave).await;
                lease.map(|lease| (lease.into(), None))
            }
            false => {
                let (lease, attempt) = Http1::open(self, stream, leave);
                Ok((lease.into(), Some(attempt)))
            }
        };
        opened.map_err(|error| Failed {
            error: explain_failure(Failure::Hyper(error), Some(&info)),
            leave: None,
        })
    }

    /// Hands a connection to whoever has waited longest. If nobody waits, it rests.
    fn give(&self, lease: PooledConnection) {
        let waiter = self.lock().queue.pop(lease.client());
        match waiter {
            Some(waiter) => drop(waiter.send(Grant::Ready(lease))),
            None => drop(lease),
        }
    }

    /// Opens as many connections as are missing where so many are to be ready.
    pub(super) async fn warm(self: &Arc<Self>, wanted: usize) -> Result<(), Error> {
        for _ in 0..wanted {
            let Some(leave) = self.leave_to_warm(wanted) else {
                break;
            };
            if let Ok(error) = self.connect(leave).await {
                return Err(error);
            }
        }
        Ok(())
    }

    fn leave_to_warm(self: &Arc<Self>, wanted: usize) -> Option<Leave> {
        let mut state = self.lock();
        let room = state.open < self.settings.max_connections && !self.is_draining();
        let missing = room && state.ready() < wanted;
        missing.then(|| Leave::take(self, &mut state, &Affinity::anybody()))
    }

    /// Opens in the background what a request has taken away, one connection after the other, and
    /// ever more rarely while the origin refuses.
    pub(super) fn keep_warm(self: &Arc<Self>) {
        if !self.is_to_be_warmed() {
            return;
        }
        let warming = Warming(Arc::downgrade(self));
        tokio::spawn(async move {
            let mut pause = FIRST_PAUSE;
            while let Some(shared) = warming.0.upgrade() {
                match shared.warm(shared.settings.min_idle).await {
                    Ok(()) if !shared.lacks_warmth() => return,
                    Ok(()) => {}
                    Err(error) => tracing::debug!(%error, ?pause, "no connection in advance"),
                }
                drop(shared);
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        });
    }

    fn is_to_be_warmed(&self) -> bool {
        let mut state = self.lock();
        let wanted = state.kept_warm && state.ready() < self.settings.min_idle;
        wanted && !std::mem::replace(&mut state.warming, true)
    }

    fn lacks_warmth(&self) -> bool {
        let state = self.lock();
        let room = state.open < self.settings.max_connections && !self.is_draining();
        room && state.ready() < self.settings.min_idle
    }
}

/// A connect that failed, and the leave that it had, unless that is gone with the stream.
pub(super) struct Failed {
    pub(super) error: Error,
    leave: Option<Leave>,
}

impl Failed {
    pub(super) fn settle(self, shared: &Arc<Shared>) {
        if let Some(leave) = self.leave {
            leave.failed(shared, &self.error);
        }
    }
}

impl State {
    /// How many connections could take a request at once. An HTTP/2 connection takes many, so one
    /// of them is enough.
    fn ready(&self) -> usize {
        match self.multiplexed.with_room() {
            0 => self.resting.len(),
            _ => usize::MAX,
        }
    }
}

/// The task that warms. When it ends, however it ends, another may be started.
struct Warming(Weak<Shared>);

impl Drop for Warming {
    fn drop(&mut self) {
        if let Some(shared) = self.0.upgrade() {
            shared.lock().warming = false;
        }
    }
}
