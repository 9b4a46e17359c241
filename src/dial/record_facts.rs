//! What a race adds to the facts of an error and to the address history.

use std::{io, net::SocketAddr, time::Duration};

use tokio::time::Instant;

use crate::error::{DialAttempt, DialOutcome, Facts, Resolution, ServiceBinding};

use super::{
    egress_guard::Prohibited,
    race::{AttemptEnd, History, Race, RaceAttempt},
    resolve::DnsAnswer,
};

/// Adds the results of the race's look-ups to `facts`. The race ran from `began` to `now`.
pub(super) fn write_resolutions<T>(
    race: &Race<'_, T>,
    began: Instant,
    now: Instant,
    facts: &mut Facts,
) {
    let answers = race.answers().iter();
    facts.resolutions = answers
        .filter_map(|(_, answer)| answer.as_ref().ok().map(resolution))
        .collect();
    let first_address = race.answers().iter().find(|(_, answer)| answer.is_ok());
    let resolved_at = first_address.map_or(now, |(at, _)| *at);
    facts.elapsed.resolve = Some(resolved_at.duration_since(began));
    facts.service = winner(race).and_then(|winner| service(race, winner.address));
}

/// Adds the race's attempts to `facts`. The race ran from `began` to `now`.
pub(super) fn write_attempts<T>(
    race: &Race<'_, T>,
    began: Instant,
    now: Instant,
    facts: &mut Facts,
) {
    let winner = winner(race);
    facts.peer = winner.map(|attempt| attempt.address);
    let report = |attempt: &RaceAttempt| dial_attempt(attempt, began, now, winner.is_some());
    facts.attempts = race.attempts().iter().map(report).collect();
    let first = race.attempts().first();
    facts.elapsed.dial = first.map(|attempt| now.duration_since(attempt.started));
}

/// Records the outcome of each attempt for the order of the next race.
pub(super) fn write_history<T>(race: &Race<'_, T>, now: Instant, history: &History) {
    let won = winner(race).is_some();
    for attempt in race.attempts() {
        let took = duration(attempt, now);
        match &attempt.ended {
            Some((_, AttemptEnd::Connected)) => history.connected(attempt.address, took, now),
            Some((_, AttemptEnd::Failed(error))) if blames_address(error) => {
                history.failed(attempt.address, now);
            }
            Some((_, AttemptEnd::Failed(_))) => {}
            // It ran for less than the attempt delay, which proves nothing.
            None if took < race.attempt_delay() => {}
            None if won => history.overtaken(attempt.address, took, now),
            None => history.failed(attempt.address, now),
        }
    }
}

/// Whether the address caused the error, rather than this host or its settings.
fn blames_address(error: &io::Error) -> bool {
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

fn winner<'r, T>(race: &'r Race<'_, T>) -> Option<&'r RaceAttempt> {
    let connected =
        |attempt: &&RaceAttempt| matches!(attempt.ended, Some((_, AttemptEnd::Connected)));
    race.attempts().iter().find(connected)
}

fn duration(attempt: &RaceAttempt, now: Instant) -> Duration {
    let end = attempt.ended.as_ref().map_or(now, |(at, _)| *at);
    end.duration_since(attempt.started)
}

fn dial_attempt(attempt: &RaceAttempt, began: Instant, now: Instant, won: bool) -> DialAttempt {
    let times = (
        attempt.started.duration_since(began),
        duration(attempt, now),
    );
    let with = |outcome| DialAttempt::new(attempt.address, times, outcome);
    match &attempt.ended {
        Some((_, AttemptEnd::Connected)) => with(DialOutcome::Connected),
        Some((_, AttemptEnd::Failed(error))) if is_prohibited(error) => {
            with(DialOutcome::Prohibited)
        }
        Some((_, AttemptEnd::Failed(error))) => {
            with(DialOutcome::Failed(error.kind())).because(error.to_string())
        }
        None if won => with(DialOutcome::Overtaken),
        None => with(DialOutcome::Failed(io::ErrorKind::TimedOut)),
    }
}

/// The service binding of the newest answer with this address.
fn service<T>(race: &Race<'_, T>, address: SocketAddr) -> Option<ServiceBinding> {
    let answers = race.answers().iter().rev();
    let mut answers = answers.filter_map(|(_, answer)| answer.as_ref().ok());
    let telling = answers.find(|answer| answer.resolved.addresses.contains(&address))?;
    telling.resolved.service.clone()
}

fn resolution(answer: &DnsAnswer) -> Resolution {
    let resolved = &answer.resolved;
    Resolution {
        source: resolved.source.clone(),
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
        race::{AddressOrder, Candidate, LookupOutcome},
    };

    const SIX: &str = "[2001:db8::6]:443";
    const FOUR: &str = "192.0.2.4:443";

    /// The look-up result for these addresses, each with a route.
    fn looked_up(history: &History, addresses: &[&str]) -> LookupOutcome {
        let candidate = |text: &&str| {
            let address: SocketAddr = text.parse().unwrap();
            let local = match address.is_ipv6() {
                true => "2001:db8:ffff::1",
                false => "203.0.113.200",
            };
            Candidate {
                address,
                order: AddressOrder::Rfc6724(local.parse().ok()),
                past: history.past(address, Instant::now()),
            }
        };
        let candidates: Vec<_> = addresses.iter().map(candidate).collect();
        let resolved = Resolved::new(candidates.iter().map(|it| it.address));
        LookupOutcome {
            candidates,
            answer: Ok(DnsAnswer::fresh(Arc::new(resolved))),
        }
    }

    /// Runs a race and records it. Returns the addresses in the order of their attempts.
    async fn race<F>(
        history: &History,
        addresses: &[&str],
        connect: impl Fn(SocketAddr) -> F,
    ) -> Vec<String>
    where
        F: Future<Output = io::Result<()>> + Send + 'static,
    {
        let mut race = Race::new(HappyEyeballs::default());
        let result = looked_up(history, addresses);
        race.add_lookup(Families::Both, async move { result });
        let _ = timeout(Duration::from_secs(10), race.run(connect, |_| ())).await;
        write_history(&race, Instant::now(), history);
        let tried = race.attempts().iter();
        tried.map(|attempt| attempt.address.to_string()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_broken_family_costs_one_attempt_delay_a_minute_instead_of_one_per_race() {
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
    async fn errors_of_this_host_do_not_count_against_an_address() {
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
