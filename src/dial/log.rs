//! What a race leaves behind: facts for reports, and memories for the next race.

use std::{io, net::SocketAddr, time::Duration};

use tokio::time::Instant;

use crate::error::{DialAttempt, DialOutcome, Facts, Resolution, ServiceBinding};

use super::{
    guard::Prohibited,
    race::{Ended, History, Race, Runner},
    resolve::Answer,
};

/// Adds to `facts` what look-ups of the race that began at `began` have told until `now`.
pub(super) fn write_resolutions<T>(
    race: &Race<'_, T>,
    began: Instant,
    now: Instant,
    facts: &mut Facts,
) {
    let told = race.answers().iter();
    facts.resolutions = told
        .filter_map(|(_, answer)| answer.as_ref().ok().map(resolution))
        .collect();
    let first_address = race.answers().iter().find(|(_, answer)| answer.is_ok());
    let resolved_at = first_address.map_or(now, |(at, _)| *at);
    facts.elapsed.resolve = Some(resolved_at.duration_since(began));
    facts.service = winner(race).and_then(|winner| service(race, winner.address));
}

/// Adds to `facts` what was tried in the race that began at `began`, until `now`.
pub(super) fn write_attempts<T>(
    race: &Race<'_, T>,
    began: Instant,
    now: Instant,
    facts: &mut Facts,
) {
    let winner = winner(race);
    facts.peer = winner.map(|runner| runner.address);
    let attempt = |runner: &Runner| attempt(runner, began, now, winner.is_some());
    facts.attempts = race.runners().iter().map(attempt).collect();
    let first = race.runners().first();
    facts.elapsed.dial = first.map(|runner| now.duration_since(runner.started));
}

/// Remembers what the next race should know.
pub(super) fn write_history<T>(race: &Race<'_, T>, now: Instant, history: &History) {
    let won = winner(race).is_some();
    for runner in race.runners() {
        let took = took(runner, now);
        match &runner.ended {
            Some((_, Ended::Connected)) => history.took(runner.address, took, now),
            Some((_, Ended::Failed(error))) if is_of_the_address(error) => {
                history.failed(runner.address, now);
            }
            Some((_, Ended::Failed(_))) => {}
            // It had no time to show what it can.
            None if took < race.attempt_delay() => {}
            None if won => history.overtaken(runner.address, took, now),
            None => history.failed(runner.address, now),
        }
    }
}

/// Whether the error tells something of the address, and not of this host or its settings alone.
fn is_of_the_address(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::TimedOut
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
    )
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

fn attempt(runner: &Runner, began: Instant, now: Instant, won: bool) -> DialAttempt {
    let times = (runner.started.duration_since(began), took(runner, now));
    let attempt = |outcome| DialAttempt::new(runner.address, times, outcome);
    match &runner.ended {
        Some((_, Ended::Connected)) => attempt(DialOutcome::Connected),
        Some((_, Ended::Failed(error))) if is_prohibited(error) => attempt(DialOutcome::Prohibited),
        Some((_, Ended::Failed(error))) => {
            attempt(DialOutcome::Failed(error.kind())).because(error.to_string())
        }
        None if won => attempt(DialOutcome::Overtaken),
        None => attempt(DialOutcome::Failed(io::ErrorKind::TimedOut)),
    }
}

/// What the newest answer says of the service at this address.
fn service<T>(race: &Race<'_, T>, address: SocketAddr) -> Option<ServiceBinding> {
    let answers = race.answers().iter().rev();
    let mut answers = answers.filter_map(|(_, answer)| answer.as_ref().ok());
    let telling = answers.find(|answer| answer.resolved.addresses.contains(&address))?;
    telling.resolved.service.clone()
}

fn resolution(answer: &Answer) -> Resolution {
    let resolved = &answer.resolved;
    Resolution {
        source: resolved.told_by.clone(),
        addresses: resolved.addresses.len(),
        ttl: resolved.ttl,
        age: answer.age,
        stale: answer.stale,
        service: resolved.service.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, sync::Arc};

    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::dial::{
        Families, HappyEyeballs, Resolved,
        race::{Candidate, Told},
    };

    const SIX: &str = "[2001:db8::6]:443";
    const FOUR: &str = "192.0.2.4:443";

    /// Addresses with a route, as a look-up would tell them now.
    fn told(history: &History, addresses: &[&str]) -> Told {
        let candidate = |text: &&str| {
            let address: SocketAddr = text.parse().unwrap();
            let local = match address.is_ipv6() {
                true => "2001:db8:ffff::1",
                false => "203.0.113.200",
            };
            Candidate {
                address,
                local: local.parse().ok(),
                past: history.past(address, Instant::now()),
            }
        };
        let candidates: Vec<_> = addresses.iter().map(candidate).collect();
        let resolved = Resolved::new(candidates.iter().map(|it| it.address));
        Told {
            candidates,
            answer: Ok(Answer::just_told(Arc::new(resolved))),
        }
    }

    /// One race that is remembered: the addresses in the order in which they were tried.
    async fn race<F>(
        history: &History,
        addresses: &[&str],
        connect: impl Fn(SocketAddr) -> F,
    ) -> Vec<String>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let mut race = Race::new(HappyEyeballs::default());
        let told = told(history, addresses);
        race.ask(Families::Both, async move { told });
        let _ = timeout(Duration::from_secs(10), race.run(connect, |_| ())).await;
        write_history(&race, Instant::now(), history);
        let tried = race.runners().iter();
        tried.map(|runner| runner.address.to_string()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_family_that_leads_nowhere_costs_an_attempt_delay_a_minute_and_not_each_time() {
        let history = History::default();
        let connect = |at: SocketAddr| async move {
            match at.is_ipv6() {
                true => std::future::pending().await,
                false => Ok(()),
            }
        };
        let all = [SIX, FOUR];
        assert_eq!(race(&history, &all, connect).await, all);
        assert_eq!(race(&history, &all, connect).await, [FOUR]);
        sleep(Duration::from_secs(60)).await;
        assert_eq!(race(&history, &all, connect).await, all);
    }

    #[tokio::test(start_paused = true)]
    async fn faults_of_this_host_are_not_held_against_an_address() {
        let history = History::default();
        let connect = |_| async { Err(io::ErrorKind::AddrNotAvailable.into()) };
        let all = [SIX, FOUR];
        for _ in 0..2 {
            assert_eq!(race(&history, &all, connect).await, all);
        }
        let connect = |_| async { Err(io::ErrorKind::ConnectionRefused.into()) };
        race(&history, &[SIX], connect).await;
        assert_eq!(race(&history, &all, connect).await, [FOUR, SIX]);
    }
}
