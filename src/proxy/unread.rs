//! What a client leaves unread.
//!
//! A server asks for more of a body when it could write what it has. That of a client who does not
//! read would hold the origin's connection, and run no more to see a deadline pass. So a body that
//! lasts is shared with a task, which takes it away.

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

use crate::error::{Error, ExchangeTimeout};

use super::{body::OriginBody, log, watch::Deadline};

/// A body and the task that may take it away.
pub(super) struct Shared {
    held: Arc<Mutex<Held>>,
    task: AbortHandle,
}

struct Held {
    body: Result<Box<OriginBody>, Error>,
    turn: Turn,
}

/// Who is to do something next.
enum Turn {
    /// The client, since then.
    Downstream(Instant),
    /// The origin, for which the server has been waiting since then. It is woken to ask again, by
    /// silence if by nothing else.
    Origin(Instant, Waker),
}

impl Shared {
    /// Shares a body, in a runtime that is there to take it away.
    pub(super) fn new(body: Box<OriginBody>, runtime: &Handle) -> Self {
        let held = Arc::new(Mutex::new(Held {
            body: Ok(body),
            turn: Turn::Downstream(Instant::now()),
        }));
        let task = runtime.spawn(take_away(Arc::downgrade(&held)).in_current_span());
        Self {
            held,
            task: task.abort_handle(),
        }
    }

    pub(super) fn poll_frame(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let mut held = lock(&self.held);
        let frame = match &mut held.body {
            Ok(body) => body.poll_frame(cx),
            Err(error) => return Poll::Ready(Some(Err(error.clone()))),
        };
        held.turn = match frame.is_ready() {
            true => Turn::Downstream(Instant::now()),
            false => Turn::Origin(Instant::now(), cx.waker().clone()),
        };
        frame
    }

    pub(super) fn is_end_stream(&self) -> bool {
        let held = lock(&self.held);
        held.body
            .as_ref()
            .is_ok_and(|body| body.body.is_end_stream())
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        let held = lock(&self.held);
        let body = held.body.as_ref();
        body.map_or_else(|_| SizeHint::default(), |body| body.body.size_hint())
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Held {
    /// Takes the body away if it is time. Otherwise tells when to look again, unless there is
    /// nothing more to take.
    fn look(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let body = self.body.as_mut().ok();
        let body = body.filter(|body| body.lease.is_some())?;
        let (since, patience) = match self.turn {
            Turn::Downstream(since) => (since, body.patience),
            Turn::Origin(since, _) => (since, body.patience.saturating_add(body.watch.idle)),
        };
        let silence = Deadline::new(since, patience, ExchangeTimeout::Unread);
        let deadline = body.watch.or_end(silence);
        if deadline.at > now {
            // From now on it may be the client's turn.
            let soonest = Deadline::new(now, body.patience, ExchangeTimeout::Unread);
            return Some(deadline.at.min(soonest.at));
        }
        let error = body.stalled(deadline);
        log::cut_off(&error);
        self.body = Err(error);
        // The timer that would have woken the server has gone with the body.
        if let Turn::Origin(_, waker) = &self.turn {
            waker.wake_by_ref();
        }
        None
    }
}

async fn take_away(held: Weak<Mutex<Held>>) {
    while let Some(at) = held.upgrade().and_then(|held| lock(&held).look()) {
        sleep_until(at).await;
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    // A body that panicked is polled no more by a server that caught it.
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
