//! `RequestQueue`: admits requests within the limits, and lets the others wait.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout_at},
};

use crate::{
    error::{Deadline, Error, ErrorKind, Facts, ReachedLimit, Stage, far_away},
    proxy::Limits,
};

use super::{
    AdaptiveConcurrency, LoadSnapshot,
    adaptive_limit::{AdaptiveLimit, LimitChange},
    waiting_requests::WaitingRequests,
};

/// The fewest requests that may wait while the adaptive limit applies.
const FEWEST_QUEUED: usize = 4;

/// Admits requests within the limits. Clones share the limits.
#[derive(Clone, Debug)]
pub(in crate::proxy) struct RequestQueue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    max_running: usize,
    max_queued: usize,
    timeout: Duration,
    /// Nothing is woken, dropped or logged under this lock.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Admitted requests whose response has not ended.
    running: usize,
    /// Those of them whose response has not begun.
    awaiting: usize,
    waiting: WaitingRequests<RequestPermit>,
    adaptive: Option<AdaptiveLimit>,
    refused: u64,
}

/// An admitted request, until its response has ended.
#[derive(Debug)]
pub(in crate::proxy) struct RequestPermit {
    shared: Arc<Shared>,
    admitted: Instant,
    has_waited: bool,
    /// The latency shows how busy the origin is.
    is_measured: bool,
    /// The response has not begun.
    is_awaiting: bool,
}

/// The number of a waiting request. It leaves the queue when this is dropped.
struct QueuedRequest<'a> {
    shared: &'a Shared,
    number: u64,
}

impl RequestQueue {
    /// The queue with these limits.
    pub(in crate::proxy) fn of(limits: &Limits) -> Self {
        Self::new(
            limits.max_concurrency,
            &limits.adaptive_concurrency,
            limits.max_queued,
            limits.queue_timeout,
        )
    }

    /// Admits up to `max_running` requests; up to `max_queued` more wait for `timeout`.
    pub(super) fn new(
        max_running: Option<usize>,
        adaptive: &AdaptiveConcurrency,
        max_queued: usize,
        timeout: Duration,
    ) -> Self {
        let now = Instant::now();
        let adaptive = adaptive
            .is_on
            .then(|| AdaptiveLimit::new(adaptive.clone(), now));
        Self(Arc::new(Shared {
            max_running: max_running.map_or(usize::MAX, |count| count.max(1)),
            max_queued,
            timeout,
            state: Mutex::new(State {
                running: 0,
                awaiting: 0,
                waiting: WaitingRequests::new(now),
                adaptive,
                refused: 0,
            }),
        }))
    }

    /// Waits for a permit, at most until the end of the request. The wait is bounded in time, and
    /// so is the number of waiting requests.
    ///
    /// # Errors
    ///
    /// Fails if the request is not admitted in time, or gives way to others, or if the queue is
    /// longer than the deadline of its client allows.
    pub(in crate::proxy) async fn enter(
        &self,
        end: Option<Deadline>,
    ) -> Result<RequestPermit, Error> {
        let now = Instant::now();
        let (number, admitted) = {
            let mut state = self.0.lock();
            if state.waiting.is_empty() && state.admits(self.0.max_running) {
                state.admit();
                drop(state);
                return Ok(RequestPermit::new(self.0.clone(), now, false));
            }
            if let Some(deadline) = end.filter(|end| end.is_of_client())
                && state.waits_beyond(deadline.at, now)
            {
                state.refused += 1;
                let facts = deadline.added_to(Facts::default());
                return Err(Error::new(ErrorKind::TimedOut, Stage::Prepare, facts));
            }
            match state.join(&self.0, now) {
                Joined::Queued(place, oldest) => {
                    drop(state);
                    // Its request is refused.
                    drop(oldest);
                    place
                }
                Joined::Full(limit) => return Err(overloaded(Facts::default(), limit)),
            }
        };
        // Boxed: few requests wait, and all would be as large.
        Box::pin(self.0.wait(number, admitted, end)).await
    }

    /// The maxima of running and of waiting requests.
    #[cfg(feature = "metrics")]
    pub(in crate::proxy) fn capacities(&self) -> (usize, usize) {
        (self.0.max_running, self.0.max_queued)
    }

    pub(in crate::proxy) fn snapshot(&self) -> LoadSnapshot {
        let state = self.0.lock();
        LoadSnapshot {
            limit: state.adaptive.as_ref().and_then(AdaptiveLimit::limit),
            running: state.running,
            awaiting: state.awaiting,
            queued: state.waiting.len(),
            refused: state.refused,
        }
    }
}

/// The outcome of an attempt to join the queue.
enum Joined {
    /// A place, and the request that gives way.
    Queued(
        (u64, oneshot::Receiver<RequestPermit>),
        Option<oneshot::Sender<RequestPermit>>,
    ),
    /// No place, because of this limit.
    Full(ReachedLimit),
}

impl State {
    /// Whether the limits admit another request.
    fn admits(&self, max_running: usize) -> bool {
        let limit = self.adaptive.as_ref().and_then(AdaptiveLimit::limit);
        self.running < max_running && limit.is_none_or(|limit| self.awaiting < limit)
    }

    /// The limit because of which requests wait.
    fn reached_limit(&self, max_running: usize) -> ReachedLimit {
        match self.running < max_running {
            true => ReachedLimit::Adaptive,
            false => ReachedLimit::Concurrency,
        }
    }

    fn admit(&mut self) {
        self.running += 1;
        self.awaiting += 1;
    }

    /// Whether a request that joins the queue would be admitted after this time.
    fn waits_beyond(&self, deadline: Instant, now: Instant) -> bool {
        let throughput = self.adaptive.as_ref().and_then(AdaptiveLimit::throughput);
        throughput.is_some_and(|throughput| {
            let ahead = self.waiting.ahead_of_a_newcomer(now) as f64;
            let left = deadline.saturating_duration_since(now).as_secs_f64();
            ahead > left * throughput
        })
    }

    fn join(&mut self, shared: &Shared, now: Instant) -> Joined {
        if self.running < shared.max_running
            && let Some(adaptive) = &mut self.adaptive
        {
            adaptive.note_wait(now);
        }
        let is_full = self.waiting.len() >= self.max_queued(shared.max_queued);
        let oldest = is_full.then(|| self.waiting.take_oldest(now)).flatten();
        self.refused += u64::from(is_full);
        if is_full && oldest.is_none() {
            return Joined::Full(self.reached_limit(shared.max_running));
        }
        Joined::Queued(self.waiting.join(now), oldest)
    }

    /// While the adaptive limit applies, as many may wait as the origin answers in a second.
    fn max_queued(&self, configured: usize) -> usize {
        let throughput = self.adaptive.as_ref().and_then(AdaptiveLimit::throughput);
        let in_a_second = throughput.map(|it| (it as usize).max(FEWEST_QUEUED));
        in_a_second.map_or(configured, |count| configured.min(count))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that may panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait(
        self: &Arc<Self>,
        number: u64,
        admitted: oneshot::Receiver<RequestPermit>,
        end: Option<Deadline>,
    ) -> Result<RequestPermit, Error> {
        let _queued = QueuedRequest {
            shared: self,
            number,
        };
        let began = Instant::now();
        let until = far_away(began, self.timeout);
        let end = end.filter(|end| end.at < until);
        match timeout_at(end.map_or(until, |end| end.at), admitted).await {
            Ok(Ok(permit)) => Ok(permit),
            // It gave way to a newer one.
            Ok(Err(_)) => {
                let limit = self.lock().reached_limit(self.max_running);
                Err(overloaded(Facts::default(), limit))
            }
            Err(_) => {
                let limit = {
                    let mut state = self.lock();
                    state.refused += 1;
                    state.reached_limit(self.max_running)
                };
                match end {
                    Some(end) => {
                        let facts = Facts::default().at_limit(Some(limit));
                        Err(end.passed_at_limit(ErrorKind::Overloaded, Stage::Prepare, facts))
                    }
                    None => Err(overloaded(Facts::default().after(self.timeout), limit)),
                }
            }
        }
    }

    /// Admits waiting requests, as far as the limits allow it.
    fn serve_waiting(self: &Arc<Self>) {
        loop {
            let now = Instant::now();
            let next = {
                let mut state = self.lock();
                if state.waiting.is_empty() || !state.admits(self.max_running) {
                    return;
                }
                let next = state.waiting.take_next(now);
                if next.is_some() {
                    state.admit();
                }
                next
            };
            if let Some(next) = next {
                // A request that has just left drops its permit, which comes back here.
                drop(next.send(RequestPermit::new(self.clone(), now, true)));
            }
        }
    }
}

impl RequestPermit {
    fn new(shared: Arc<Shared>, admitted: Instant, has_waited: bool) -> Self {
        Self {
            shared,
            admitted,
            has_waited,
            is_measured: true,
            is_awaiting: true,
        }
    }

    /// Whether the request waited for the permit.
    pub(in crate::proxy) fn has_waited(&self) -> bool {
        self.has_waited
    }

    /// The permit of a request whose latency depends on the client.
    pub(in crate::proxy) fn unmeasured(mut self) -> Self {
        self.is_measured = false;
        self
    }

    /// Notes that the head of the response has arrived, or did not arrive in time.
    pub(in crate::proxy) fn response_started(&mut self) {
        self.end_wait(|adaptive, admitted, now, awaiting| {
            adaptive.response_started(admitted, now, awaiting)
        });
    }

    /// Notes that there is no response.
    pub(in crate::proxy) fn failed(&mut self) {
        self.end_wait(|_, _, _, _| None);
    }

    fn end_wait(
        &mut self,
        note: impl FnOnce(&mut AdaptiveLimit, Instant, Instant, usize) -> Option<LimitChange>,
    ) {
        if !std::mem::take(&mut self.is_awaiting) {
            return;
        }
        let shared = &self.shared;
        let (change, is_wanted) = {
            let mut state = shared.lock();
            state.awaiting -= 1;
            let awaiting = state.awaiting;
            let change = state
                .adaptive
                .as_mut()
                .filter(|_| self.is_measured)
                .and_then(|it| note(it, self.admitted, Instant::now(), awaiting));
            (change, !state.waiting.is_empty())
        };
        log(change);
        if is_wanted {
            shared.serve_waiting();
        }
    }
}

impl Drop for RequestPermit {
    fn drop(&mut self) {
        self.end_wait(|adaptive, admitted, now, awaiting| adaptive.left(admitted, now, awaiting));
        let is_wanted = {
            let mut state = self.shared.lock();
            state.running -= 1;
            !state.waiting.is_empty()
        };
        if is_wanted {
            self.shared.serve_waiting();
        }
    }
}

impl Drop for QueuedRequest<'_> {
    fn drop(&mut self) {
        // A statement of its own, so that the lock is released first.
        let left = self.shared.lock().waiting.leave(self.number);
        drop(left);
    }
}

fn overloaded(facts: Facts, limit: ReachedLimit) -> Error {
    let facts = facts.at_limit(Some(limit));
    Error::new(ErrorKind::Overloaded, Stage::Prepare, facts)
}

fn log(change: Option<LimitChange>) {
    match change {
        Some(LimitChange::Limited(limit)) => tracing::warn!(
            limit,
            "the origin is overloaded: further requests wait or are answered 503"
        ),
        Some(LimitChange::Unlimited) => tracing::info!("the origin is not overloaded any longer"),
        None => {}
    }
}
