//! Attempts that race: the schedule put into practice, over any kind of attempt.

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
    schedule::{Schedule, Step},
};
use crate::dial::resolve::{Answer, Families, ResolveError};

/// What a look-up told.
pub(crate) struct Told {
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) answer: Result<Answer, ResolveError>,
}

/// A race. It survives a deadline that ends [`run`](Self::run), so that one can see how far it got.
pub(crate) struct Race<'a, T> {
    schedule: Schedule,
    lookups: FuturesUnordered<BoxFuture<'a, (Families, Told)>>,
    attempts: FuturesUnordered<BoxFuture<'a, (usize, io::Result<T>)>>,
    runners: Vec<Runner>,
    answers: Vec<(Instant, Result<Answer, ResolveError>)>,
}

/// One attempt, in the order in which they began.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) address: SocketAddr,
    pub(crate) started: Instant,
    /// When and how it ended.
    pub(crate) ended: Option<(Instant, Ended)>,
}

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Connected,
    Failed(io::Error),
}

enum Event<T> {
    Told(Families, Told),
    Ended(usize, io::Result<T>),
}

impl<T> Race<'_, T> {
    /// What was tried, in the order in which it began.
    pub(crate) fn runners(&self) -> &[Runner] {
        &self.runners
    }

    /// How long an attempt runs alone.
    pub(crate) fn attempt_delay(&self) -> Duration {
        self.schedule.attempt_delay()
    }

    /// What look-ups told, in the order in which they did.
    pub(crate) fn answers(&self) -> &[(Instant, Result<Answer, ResolveError>)] {
        &self.answers
    }
}

impl<'a, T: Send + 'a> Race<'a, T> {
    pub(crate) fn new(settings: HappyEyeballs) -> Self {
        Self {
            schedule: Schedule::new(settings),
            lookups: FuturesUnordered::new(),
            attempts: FuturesUnordered::new(),
            runners: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// Adds a look-up: its addresses join the race when they are told.
    pub(crate) fn ask(
        &mut self,
        families: Families,
        lookup: impl Future<Output = Told> + Send + 'a,
    ) {
        self.schedule.asked(families);
        self.lookups
            .push(lookup.map(move |told| (families, told)).boxed());
    }

    /// Runs until an attempt has succeeded or there is nothing left to try. `spent` is called once
    /// when every known address has been tried and had its time; it may ask for more.
    pub(crate) async fn run<C, F>(
        &mut self,
        connect: C,
        mut spent: impl FnMut(&mut Self),
    ) -> Option<T>
    where
        C: Fn(SocketAddr) -> F,
        F: Future<Output = io::Result<T>> + Send + 'a,
    {
        loop {
            match self.schedule.step(Instant::now()) {
                Step::Start(address) => self.start(address, connect(address)),
                Step::Spent => spent(self),
                Step::Over => return None,
                Step::Wait(until) => {
                    let event = match until {
                        Some(until) => timeout_at(until, self.event()).await.ok(),
                        None => Some(self.event().await),
                    };
                    if let Some(winner) = event.and_then(|event| self.take_in(event)) {
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
        let index = self.runners.len();
        self.runners.push(Runner {
            address,
            started: Instant::now(),
            ended: None,
        });
        self.attempts
            .push(attempt.map(move |outcome| (index, outcome)).boxed());
    }

    async fn event(&mut self) -> Event<T> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Event<T>> {
        if let Poll::Ready(Some((index, outcome))) = self.attempts.poll_next_unpin(cx) {
            return Poll::Ready(Event::Ended(index, outcome));
        }
        match self.lookups.poll_next_unpin(cx) {
            Poll::Ready(Some((families, told))) => Poll::Ready(Event::Told(families, told)),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    /// The winner, if it is that.
    fn take_in(&mut self, event: Event<T>) -> Option<T> {
        let now = Instant::now();
        match event {
            Event::Told(families, told) => {
                self.schedule.told(families, told.candidates, now);
                self.answers.push((now, told.answer));
                None
            }
            Event::Ended(index, Ok(winner)) => {
                self.runners[index].ended = Some((now, Ended::Connected));
                Some(winner)
            }
            Event::Ended(index, Err(error)) => {
                self.runners[index].ended = Some((now, Ended::Failed(error)));
                self.schedule.failed(now);
                None
            }
        }
    }
}
