//! Drops a future after a number of polls.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use tokio::{task::yield_now, time::advance};

use crate::relay::Network;

/// As many polls as are tried at most.
const MOST_POLLS: usize = 200;

/// The size of the pieces in which bytes arrive meanwhile: a handshake and a small exchange then
/// take about as many polls.
const PIECES: usize = 100;

/// When a future is polled, and how often before it is dropped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Polls {
    count: usize,
    when: When,
}

/// When a future is polled.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum When {
    /// When it is woken.
    Woken,
    /// After each round of the runtime, in which a millisecond passes if its clock is paused.
    InEachRound,
}

impl Polls {
    /// The outcome, if it takes at most this number of polls. Otherwise the future is dropped.
    pub(super) async fn of<F: Future>(self, networks: &[&Network], future: F) -> Option<F::Output> {
        networks.iter().for_each(|it| it.set_pieces(Some(PIECES)));
        let outcome = {
            // Dropped before the caller goes on.
            let mut future = pin!(future);
            let mut left = self.count;
            loop {
                let polled = poll_fn(|cx| match future.as_mut().poll(cx) {
                    Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                    Poll::Pending => {
                        left -= 1;
                        match left == 0 || self.when == When::InEachRound {
                            true => Poll::Ready(None),
                            false => Poll::Pending,
                        }
                    }
                });
                let polled = polled.await;
                if polled.is_some() || left == 0 {
                    break polled;
                }
                match networks {
                    [] => yield_now().await,
                    // The next piece arrives.
                    _ => advance(Duration::from_millis(1)).await,
                }
            }
        };
        networks.iter().for_each(|it| it.set_pieces(None));
        outcome
    }
}

/// Makes a trial with each number of polls, or with one of so many. A trial returns whether its
/// future completed.
pub(super) async fn at_each_poll(
    when: &[When],
    stride: usize,
    mut trial: impl AsyncFnMut(Polls) -> bool,
) {
    for when in when {
        let mut tried = 0;
        for count in (1..=MOST_POLLS).step_by(stride) {
            tried = count;
            if trial(Polls { count, when: *when }).await {
                break;
            }
        }
        println!("{when:?}: up to {tried} polls");
    }
}

/// Both.
pub(super) const EITHER: &[When] = &[When::Woken, When::InEachRound];
