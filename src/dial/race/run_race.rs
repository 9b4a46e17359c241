//! `Race`: runs look-ups and attempts by the schedule.

use std::{
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    task::{Context, Poll},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::time::{Instant, timeout_at};

use super::{
    Candidate, HappyEyeballs,
    attempt_schedule::{Schedule, ScheduleStep},
};
use crate::dial::resolve::{DnsAnswer, Families, ResolveError};

/// The result of a look-up, with its addresses ready to sort.
pub(crate) struct LookupOutcome {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) answer: Result<DnsAnswer, ResolveError>,
}

/// Look-ups and attempts that run in parallel.
///
/// It outlives a deadline that ends [`run`](Self::run), so that errors can report the attempts.
pub(crate) struct Race<'a, T> {
    schedule: Schedule,
    lookups: FuturesUnordered<BoxFuture<'a, (Families, LookupOutcome)>>,
    connecting: FuturesUnordered<BoxFuture<'a, (usize, io::Result<T>)>>,
    attempts: Vec<RaceAttempt>,
    answers: Vec<(Instant, Result<DnsAnswer, ResolveError>)>,
}

/// One attempt to connect.
#[derive(Debug)]
pub(crate) struct RaceAttempt {
    pub(crate) address: SocketAddr,
    pub(crate) started: Instant,
    /// When and how it ended.
    pub(crate) ended: Option<(Instant, AttemptEnd)>,
}

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum AttemptEnd {
    Connected,
    Failed(io::Error),
}

enum RaceEvent<T> {
    LookupEnded(Families, LookupOutcome),
    AttemptEnded(usize, io::Result<T>),
}

impl<T> Race<'_, T> {
    /// The attempts, in the order of their start.
    pub(crate) fn attempts(&self) -> &[RaceAttempt] {
        &self.attempts
    }

    /// The delay before the next attempt starts.
    pub(crate) fn attempt_delay(&self) -> Duration {
        self.schedule.attempt_delay()
    }

    /// The results of the look-ups, in the order of their end.
    pub(crate) fn answers(&self) -> &[(Instant, Result<DnsAnswer, ResolveError>)] {
        &self.answers
    }
}

impl<'a, T: Send + 'a> Race<'a, T> {
    pub(crate) fn new(settings: HappyEyeballs) -> Self {
        Self {
            schedule: Schedule::new(settings),
            lookups: FuturesUnordered::new(),
            connecting: FuturesUnordered::new(),
            attempts: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Adds a look-up. Its addresses join the race when it ends.
    pub(crate) fn add_lookup(
        &mut self,
        families: Families,
        lookup: impl Future<Output = LookupOutcome> + Send + 'a,
    ) {
        self.schedule.lookup_started(families);
        self.lookups
            .push(lookup.map(move |outcome| (families, outcome)).boxed());
    }

    /// Runs until an attempt succeeds or no address is left.
    ///
    /// `exhausted` is called once, when all known addresses were tried and the last attempt delay
    /// has passed. It may add look-ups.
    pub(crate) async fn run<C, F>(
        &mut self,
        connect: C,
        mut exhausted: impl FnMut(&mut Self),
    ) -> Option<T>
    where
        C: Fn(SocketAddr) -> F,
        F: Future<Output = io::Result<T>> + Send + 'a,
    {
        loop {
            match self.schedule.step(Instant::now()) {
                ScheduleStep::Start(address) => self.start(address, connect(address)),
                ScheduleStep::Exhausted => exhausted(self),
                ScheduleStep::Over => return None,
                ScheduleStep::Wait(until) => {
                    let event = match until {
                        Some(until) => timeout_at(until, self.event()).await.ok(),
                        None => Some(self.event().await),
                    };
                    if let Some(winner) = event.and_then(|event| self.handle(event)) {
                        return Some(winner);
                    }
                }
            }
        }
    }

    fn start(
        &mut self,
        address: SocketAddr,
        attempt: impl Future<Output = io::Result<T>> + Send + 'a,
    ) {
        let index = self.attempts.len();
        self.attempts.push(RaceAttempt {
            address,
            started: Instant::now(),
            ended: None,
        });
        self.connecting
            .push(attempt.map(move |outcome| (index, outcome)).boxed());
    }

    async fn event(&mut self) -> RaceEvent<T> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<RaceEvent<T>> {
        if let Poll::Ready(Some((index, outcome))) = self.connecting.poll_next_unpin(cx) {
            return Poll::Ready(RaceEvent::AttemptEnded(index, outcome));
        }
        match self.lookups.poll_next_unpin(cx) {
            Poll::Ready(Some((families, outcome))) => {
                Poll::Ready(RaceEvent::LookupEnded(families, outcome))
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    /// Handles an event. Returns the stream of a successful attempt.
    fn handle(&mut self, event: RaceEvent<T>) -> Option<T> {
        let now = Instant::now();
        match event {
            RaceEvent::LookupEnded(families, outcome) => {
                self.schedule
                    .lookup_ended(families, outcome.candidates, now);
                self.answers.push((now, outcome.answer));
                None
            }
            RaceEvent::AttemptEnded(index, Ok(winner)) => {
                self.attempts[index].ended = Some((now, AttemptEnd::Connected));
                Some(winner)
            }
            RaceEvent::AttemptEnded(index, Err(error)) => {
                self.attempts[index].ended = Some((now, AttemptEnd::Failed(error)));
                self.schedule.attempt_failed(now);
                None
            }
        }
    }
}
