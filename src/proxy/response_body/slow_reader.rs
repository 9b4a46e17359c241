//! The slow-reader guard: it takes the body from a client that does not read in time.
//!
//! `unread_limit.rs` says what is in time, by `unread_timeout` and `min_download_rate`.
//!
//! A server polls a body only when it can write what it has. So the body of a client that does not
//! read is not polled, and cannot see its own deadline pass: it would hold the origin's connection
//! forever. A task of its own watches the deadline instead.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::{
    runtime::Handle,
    task::AbortHandle,
    time::{Instant, sleep_until},
};
use tracing::Instrument;

use crate::{
    error::{Deadline, Error, ExchangeTimeout},
    observe::ExchangeOutcome,
};

use super::{AbortHook, OriginBody};

/// A body and its guard. The guard ends when this is dropped.
pub(super) struct GuardedBody {
    shared: Arc<Mutex<SharedBody>>,
    guard: AbortHandle,
}

/// The task that drops a body whose client does not read.
struct SlowReaderGuard(Weak<Mutex<SharedBody>>);

/// The body, shared by its server and its guard.
struct SharedBody {
    /// The body, or the error that took its place.
    body: Result<Box<OriginBody>, Error>,
    waiting: WaitingFor,
}

/// The side that has to act next.
enum WaitingFor {
    /// The client has to read, since then.
    Client(Instant),
    /// The origin has to send, since then. The server is woken when it does, or by the idle
    /// deadline.
    Origin(Instant, Waker),
}

impl GuardedBody {
    /// Guards a body by a task on this runtime, in the current span.
    pub(super) fn new(body: Box<OriginBody>, runtime: &Handle) -> Self {
        let shared = Arc::new(Mutex::new(SharedBody {
            body: Ok(body),
            waiting: WaitingFor::Client(Instant::now()),
        }));
        let guard = SlowReaderGuard(Arc::downgrade(&shared)).spawn(runtime);
        Self { shared, guard }
    }

    pub(super) fn poll_frame(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut shared = lock(&self.shared);
        let frame = match &mut shared.body {
            Ok(body) => body.poll_frame(cx),
            Err(error) => return Poll::Ready(Some(Err(error.clone()))),
        };
        shared.waiting = match frame.is_ready() {
            true => WaitingFor::Client(Instant::now()),
            false => WaitingFor::Origin(Instant::now(), cx.waker().clone()),
        };
        frame
    }

    pub(super) fn is_end_stream(&self) -> bool {
        let shared = lock(&self.shared);
        shared
            .body
            .as_ref()
            .is_ok_and(|body| body.body.is_end_stream())
    }

    /// Records the end of the exchange, although the client does not read the rest.
    pub(super) fn end_record(&self, outcome: ExchangeOutcome) {
        if let Ok(body) = &mut lock(&self.shared).body {
            body.record.end(outcome);
        }
    }

    /// Sets the function that is called if the response is aborted.
    pub(super) fn on_abort(&self, hook: AbortHook) {
        if let Ok(body) = &mut lock(&self.shared).body {
            body.on_abort = Some(hook);
        }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        let shared = lock(&self.shared);
        let body = shared.body.as_ref();
        body.map_or_else(|_| SizeHint::default(), |body| body.body.size_hint())
    }
}

impl Drop for GuardedBody {
    fn drop(&mut self) {
        self.guard.abort();
    }
}

impl SharedBody {
    /// Drops the body if its deadline has passed. Otherwise returns when to check again; nothing if
    /// the connection is already returned.
    fn check(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let body = self.body.as_mut().ok();
        let body = body.filter(|body| body.connection.is_some())?;
        let silence = match self.waiting {
            WaitingFor::Client(since) => body.unread.deadline(since),
            WaitingFor::Origin(since, _) => {
                let timeout = body.unread.timeout().saturating_add(body.deadline.idle);
                Deadline::new(since, timeout, ExchangeTimeout::Unread)
            }
        };
        let deadline = match self.waiting {
            WaitingFor::Client(_) => body.deadline.or_end(silence).while_client_is_awaited(),
            WaitingFor::Origin(..) => body.deadline.or_end(silence),
        };
        if deadline.at > now {
            // The client may have to read from now on.
            let soonest = body.unread.deadline(now);
            return Some(deadline.at.min(soonest.at));
        }
        let error = body.time_out(deadline);
        body.abort(&error);
        self.body = Err(error);
        // The timer that would have woken the server is dropped with the body.
        if let WaitingFor::Origin(_, waker) = &self.waiting {
            waker.wake_by_ref();
        }
        None
    }
}

impl SlowReaderGuard {
    fn spawn(self, runtime: &Handle) -> AbortHandle {
        runtime.spawn(self.run().in_current_span()).abort_handle()
    }

    async fn run(self) {
        while let Some(at) = self.0.upgrade().and_then(|shared| lock(&shared).check()) {
            sleep_until(at).await;
        }
    }
}

fn lock(shared: &Mutex<SharedBody>) -> MutexGuard<'_, SharedBody> {
    // A server that catches the panic of a body does not poll it again.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
