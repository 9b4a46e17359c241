//! What a race leaves behind: facts for reports, and memories for the next race.

use std::{io, time::Duration};

use tokio::time::Instant;

use crate::error::{Attempt, AttemptOutcome, Facts, Resolution};

use super::{
    guard::Prohibited,
    race::{Ended, History, Race, Runner},
    resolve::Answer,
};

/// Adds to `facts` what the race that began at `began` has seen until `now`.
pub(super) fn write_facts<T>(race: &Race<'_, T>, began: Instant, now: Instant, facts: &mut Facts) {
    let told = race.answers().iter();
    facts.resolutions = told
        .filter_map(|(_, answer)| answer.as_ref().ok().map(resolution))
        .collect();
    let first_address = race.answers().iter().find(|(_, answer)| answer.is_ok());
    let resolved_at = first_address.map_or(now, |(at, _)| *at);
    facts.elapsed.resolve = Some(resolved_at.duration_since(began));

    let winner = winner(race);
    facts.peer = winner.map(|runner| runner.address);
    let attempt = |runner: &Runner| attempt(runner, began, now, winner.is_some());
    facts.attempts = race.runners().iter().map(attempt).collect();
    let first = race.runners().first();
    facts.elapsed.dial = first.map(|runner| now.duration_since(runner.started));
}

/// Remembers what the next race should know.
pub(super) fn write_history<T>(race: &Race<'_, T>, now: Instant, history: &History) {
    let best = winner(race).map(|runner| took(runner, now));
    for runner in race.runners() {
        match (&runner.ended, best) {
            (Some((_, Ended::Connected)), _) => {
                history.took(runner.address, took(runner, now), now);
            }
            (Some((_, Ended::Failed(error))), _) if is_prohibited(error) => {}
            (Some((_, Ended::Failed(_))), _) | (None, None) => history.failed(runner.address, now),
            // Overtaken, and slower for certain: it began earlier.
            (None, Some(best)) if took(runner, now) > best => {
                history.took(runner.address, took(runner, now), now);
            }
            (None, Some(_)) => {}
        }
    }
}

pub(super) fn is_prohibited(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|inner| inner.is::<Prohibited>())
}

fn winner<'r, T>(race: &'r Race<'_, T>) -> Option<&'r Runner> {
    let connected = |runner: &&Runner| matches!(runner.ended, Some((_, Ended::Connected)));
    race.runners().iter().find(connected)
}

fn took(runner: &Runner, now: Instant) -> Duration {
    let end = runner.ended.as_ref().map_or(now, |(at, _)| *at);
    end.duration_since(runner.started)
}

fn attempt(runner: &Runner, began: Instant, now: Instant, won: bool) -> Attempt {
    let times = (runner.started.duration_since(began), took(runner, now));
    let attempt = |outcome| Attempt::new(runner.address, times, outcome);
    match &runner.ended {
        Some((_, Ended::Connected)) => attempt(AttemptOutcome::Connected),
        Some((_, Ended::Failed(error))) if is_prohibited(error) => {
            attempt(AttemptOutcome::Prohibited)
        }
        Some((_, Ended::Failed(error))) => {
            attempt(AttemptOutcome::Failed(error.kind())).because(error.to_string())
        }
        None if won => attempt(AttemptOutcome::Overtaken),
        None => attempt(AttemptOutcome::Failed(io::ErrorKind::TimedOut)),
    }
}

fn resolution(answer: &Answer) -> Resolution {
    let resolved = &answer.resolved;
    Resolution {
        told_by: resolved.told_by.clone(),
        addresses: resolved.addresses.len(),
        ttl: resolved.ttl,
        age: answer.age,
        stale: answer.stale,
        service: resolved.service.clone(),
    }
}
