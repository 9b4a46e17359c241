//! The race against RFC 8305, with fake sockets on paused time.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{Instant, sleep};

use super::{
    AddressOrder, AttemptEnd, Candidate, HappyEyeballs, History, IpFamilies, LookupOutcome, Race,
};
use crate::dial::resolve::{DnsAnswer, Families, ResolveError, Resolved};

/// What a fake address does.
#[derive(Clone, Copy, Debug)]
enum Does {
    Connects(u64),
    Fails(u64),
    Hangs,
}

/// What a fake look-up finds, and after how many milliseconds.
struct Lookup(Families, u64, Vec<(&'static str, Does)>);

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn address(text: &str) -> SocketAddr {
    SocketAddr::new(text.parse().unwrap(), 443)
}

/// A candidate with a route from an address of its own kind.
fn candidate(text: &str) -> Candidate {
    let local: IpAddr = match text.contains(':') {
        true => "2001:db8:ffff::1".parse().unwrap(),
        false => "203.0.113.200".parse().unwrap(),
    };
    Candidate {
        address: address(text),
        order: AddressOrder::Rfc6724(Some(local)),
        past: History::default().past(address(text), Instant::now()),
    }
}

fn found(addresses: &[(&'static str, Does)]) -> LookupOutcome {
    let candidates: Vec<_> = addresses.iter().map(|(text, _)| candidate(text)).collect();
    let resolved = Resolved::new(candidates.iter().map(|candidate| candidate.address));
    let answer = match candidates.is_empty() {
        true => Err(ResolveError::not_found("none")),
        false => Ok(DnsAnswer::fresh(Arc::new(resolved))),
    };
    LookupOutcome { candidates, answer }
}

fn does(lookups: &[Lookup], at: SocketAddr) -> Does {
    let mut all = lookups.iter().flat_map(|Lookup(_, _, addresses)| addresses);
    let found = all.find(|(text, _)| address(text) == at);
    found.expect("an address of the test").1
}

async fn attempt(does: Does) -> io::Result<()> {
    match does {
        Does::Connects(after) => {
            sleep(ms(after)).await;
            Ok(())
        }
        Does::Fails(after) => {
            sleep(ms(after)).await;
            Err(io::ErrorKind::ConnectionRefused.into())
        }
        Does::Hangs => std::future::pending().await,
    }
}

/// Runs a race; the attempts with the millisecond in which each began, and who won when.
async fn run(
    settings: HappyEyeballs,
    lookups: Vec<Lookup>,
) -> (Vec<(String, u64)>, Option<(String, u64)>) {
    let began = Instant::now();
    let since = |at: Instant| u64::try_from(at.duration_since(began).as_millis()).unwrap();
    let mut race = Race::new(settings);
    for Lookup(families, after, addresses) in &lookups {
        let (after, found) = (*after, found(addresses));
        race.add_lookup(*families, async move {
            sleep(ms(after)).await;
            found
        });
    }
    let limit = ms(60_000);
    let outcome =
        tokio::time::timeout(limit, race.run(|at| attempt(does(&lookups, at)), |_| ())).await;
    let text = |at: SocketAddr| at.ip().to_string();
    let attempts = race.attempts().iter();
    let tried = attempts.map(|attempt| (text(attempt.address), since(attempt.started)));
    let winner = race
        .attempts()
        .iter()
        .find_map(|attempt| match attempt.ended {
            Some((at, AttemptEnd::Connected)) => Some((text(attempt.address), since(at))),
            _ => None,
        });
    assert_eq!(matches!(outcome, Ok(Some(()))), winner.is_some());
    (tried.collect(), winner)
}

fn tries(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    let expected = expected.iter();
    expected
        .map(|(text, at)| ((*text).to_owned(), *at))
        .collect()
}

fn won(text: &str, at: u64) -> Option<(String, u64)> {
    Some((text.to_owned(), at))
}

const SIX: &str = "2001:db8::6";
const SIX_TOO: &str = "2001:db8::66";
const SIX_AGAIN: &str = "2001:db8::666";
const FOUR: &str = "192.0.2.4";
const FOUR_TOO: &str = "192.0.2.44";

// Section 3: an AAAA answer that comes first is used at once.
#[tokio::test(start_paused = true)]
async fn aaaa_first_starts_at_once_and_does_not_wait_for_a() {
    let lookups = vec![
        Lookup(Families::V6, 10, vec![(SIX, Does::Connects(20))]),
        Lookup(Families::V4, 5_000, vec![(FOUR, Does::Connects(1))]),
    ];
    let (tried, winner) = run(HappyEyeballs::default(), lookups).await;
    assert_eq!(tried, tries(&[(SIX, 10)]));
    assert_eq!(winner, won(SIX, 30));
}

// Section 3: an A answer that comes first waits a little for the AAAA answer.
#[tokio::test(start_paused = true)]
async fn a_first_waits_for_aaaa_within_the_resolution_delay() {
    let lookups = vec![
        Lookup(Families::V6, 40, vec![(SIX, Does::Connects(20))]),
        Lookup(Families::V4, 10, vec![(FOUR, Does::Connects(1))]),
    ];
    let (tried, winner) = run(HappyEyeballs::default(), lookups).await;
    assert_eq!(tried, tries(&[(SIX, 40)]));
    assert_eq!(winner, won(SIX, 60));
}

// Section 3: it waits for the Resolution Delay and no longer; what comes later joins the addresses
// that are left.
#[tokio::test(start_paused = true)]
async fn a_first_goes_on_alone_after_the_resolution_delay_and_late_aaaa_joins() {
    let lookups = vec![
        Lookup(Families::V6, 100, vec![(SIX, Does::Connects(20))]),
        Lookup(
            Families::V4,
            10,
            vec![(FOUR, Does::Hangs), (FOUR_TOO, Does::Connects(1))],
        ),
    ];
    let (tried, winner) = run(HappyEyeballs::default(), lookups).await;
    assert_eq!(tried, tries(&[(FOUR, 60), (SIX, 310)]));
    assert_eq!(winner, won(SIX, 330));
}

// Section 3: a negative AAAA answer ends the wait.
#[tokio::test(start_paused = true)]
async fn a_negative_aaaa_ends_the_resolution_delay() {
    let lookups = vec![
        Lookup(Families::V6, 20, vec![]),
        Lookup(Families::V4, 10, vec![(FOUR, Does::Connects(1))]),
    ];
    let (tried, winner) = run(HappyEyeballs::default(), lookups).await;
    assert_eq!(tried, tries(&[(FOUR, 20)]));
    assert_eq!(winner, won(FOUR, 21));
}

#[tokio::test(start_paused = true)]
async fn a_failed_a_does_not_matter_where_aaaa_comes_later() {
    let lookups = vec![
        Lookup(Families::V6, 3_000, vec![(SIX, Does::Connects(1))]),
        Lookup(Families::V4, 10, vec![]),
    ];
    let (_, winner) = run(HappyEyeballs::default(), lookups).await;
    assert_eq!(winner, won(SIX, 3_001));
}

/// Both families at once, as the system's resolver reports them.
fn together(addresses: &[(&'static str, Does)]) -> Vec<Lookup> {
    vec![Lookup(Families::Both, 0, addresses.to_vec())]
}

// Section 4: the families are interleaved, with a First Address Family Count of 1; section 5:
// attempts begin 250 ms apart.
#[tokio::test(start_paused = true)]
async fn families_take_turns_250_milliseconds_apart() {
    let all = [SIX, SIX_TOO, SIX_AGAIN, FOUR, FOUR_TOO].map(|it| (it, Does::Hangs));
    let (tried, winner) = run(HappyEyeballs::default(), together(&all)).await;
    let expected = [
        (SIX, 0),
        (FOUR, 250),
        (SIX_TOO, 500),
        (FOUR_TOO, 750),
        (SIX_AGAIN, 1_000),
    ];
    assert_eq!(tried, tries(&expected));
    assert_eq!(winner, None);
}

// Section 4: a higher First Address Family Count favours the first family.
#[tokio::test(start_paused = true)]
async fn a_first_address_family_count_of_two_is_kept() {
    let all = [SIX, SIX_TOO, SIX_AGAIN, FOUR, FOUR_TOO].map(|it| (it, Does::Hangs));
    let settings = HappyEyeballs::default()
        .first_family_count(2)
        .attempt_delay(ms(100));
    let (tried, _) = run(settings, together(&all)).await;
    let expected = [
        (SIX, 0),
        (SIX_TOO, 100),
        (FOUR, 200),
        (SIX_AGAIN, 300),
        (FOUR_TOO, 400),
    ];
    assert_eq!(tried, tries(&expected));
}

// Section 8: an attempt delay of 100 ms at least and 2 s at most.
#[tokio::test(start_paused = true)]
async fn the_attempt_delay_stays_within_its_bounds() {
    for (asked, kept) in [(0, 100), (10, 100), (99, 100), (700, 700), (60_000, 2_000)] {
        let settings = HappyEyeballs::default().attempt_delay(ms(asked));
        let all = [(SIX, Does::Hangs), (FOUR, Does::Connects(0))];
        let (tried, _) = run(settings, together(&all)).await;
        assert_eq!(tried, tries(&[(SIX, 0), (FOUR, kept)]), "{asked}");
    }
}

// Section 5: a failure starts the next attempt without waiting for the delay.
#[tokio::test(start_paused = true)]
async fn a_failure_starts_the_next_attempt_at_once() {
    let all = [
        (SIX, Does::Fails(30)),
        (SIX_TOO, Does::Connects(5)),
        (FOUR, Does::Fails(0)),
    ];
    let (tried, winner) = run(HappyEyeballs::default(), together(&all)).await;
    assert_eq!(tried, tries(&[(SIX, 0), (FOUR, 30), (SIX_TOO, 30)]));
    assert_eq!(winner, won(SIX_TOO, 35));
}

#[tokio::test(start_paused = true)]
async fn an_earlier_attempt_may_still_win() {
    let all = [(SIX, Does::Connects(300)), (FOUR, Does::Connects(100))];
    let (tried, winner) = run(HappyEyeballs::default(), together(&all)).await;
    assert_eq!(tried, tries(&[(SIX, 0), (FOUR, 250)]));
    assert_eq!(winner, won(SIX, 300));
}

#[tokio::test(start_paused = true)]
async fn a_dead_first_address_costs_one_attempt_delay() {
    let all = [(SIX, Does::Hangs), (FOUR, Does::Connects(7))];
    let (_, winner) = run(HappyEyeballs::default(), together(&all)).await;
    assert_eq!(winner, won(FOUR, 257));
}

#[tokio::test(start_paused = true)]
async fn a_race_that_nobody_can_win_is_over() {
    let all = [(SIX, Does::Fails(1)), (FOUR, Does::Fails(1))];
    let (tried, winner) = run(HappyEyeballs::default(), together(&all)).await;
    assert_eq!(tried.len(), 2);
    assert_eq!(winner, None);
    let (tried, winner) = run(HappyEyeballs::default(), together(&[])).await;
    assert_eq!((tried.len(), winner), (0, None));
}

#[tokio::test(start_paused = true)]
async fn losers_are_dropped_with_the_race() {
    struct Guard(Arc<Mutex<u32>>);
    impl Drop for Guard {
        fn drop(&mut self) {
            *self.0.lock().unwrap() += 1;
        }
    }
    let dropped = Arc::new(Mutex::new(0));
    let mut race = Race::new(HappyEyeballs::default());
    let found = found(&[(SIX, Does::Hangs), (FOUR, Does::Connects(1))]);
    race.add_lookup(Families::Both, async move { found });
    let connect = |at: SocketAddr| {
        let guard = Guard(dropped.clone());
        async move {
            let _guard = guard;
            attempt(match at.is_ipv6() {
                true => Does::Hangs,
                false => Does::Connects(1),
            })
            .await
        }
    };
    let won = race.run(connect, |_| ()).await;
    assert_eq!(won, Some(()));
    drop(race);
    assert_eq!(*dropped.lock().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_preferred_family_comes_first() {
    let all = [(SIX, Does::Hangs), (FOUR, Does::Hangs)];
    for (families, first) in [
        (IpFamilies::Any, SIX),
        (IpFamilies::PreferV6, SIX),
        (IpFamilies::PreferV4, FOUR),
    ] {
        let settings = HappyEyeballs::default().families(families);
        let (tried, _) = run(settings, together(&all)).await;
        assert_eq!(tried[0].0, first, "{families:?}");
    }
}

// The addresses that were known swallow everything; the name has moved since.
#[tokio::test(start_paused = true)]
async fn more_may_be_asked_for_while_all_that_was_known_hangs() {
    let began = Instant::now();
    let lookups = together(&[(FOUR, Does::Hangs), (FOUR_TOO, Does::Connects(3))]);
    let mut race = Race::new(HappyEyeballs::default());
    let known = found(&[(FOUR, Does::Hangs)]);
    race.add_lookup(Families::Both, async move { known });
    let mut times = 0;
    let won = race.run(
        |at| attempt(does(&lookups, at)),
        |race| {
            times += 1;
            let more = found(&[(FOUR, Does::Hangs), (FOUR_TOO, Does::Connects(3))]);
            race.add_lookup(Families::Both, async move {
                sleep(ms(20)).await;
                more
            });
        },
    );
    assert_eq!(won.await, Some(()));
    assert_eq!(times, 1);
    assert_eq!(began.elapsed(), ms(250 + 20 + 3));
    let tried: Vec<_> = race.attempts().iter().map(|it| it.address).collect();
    assert_eq!(tried, [address(FOUR), address(FOUR_TOO)]);
}

#[tokio::test(start_paused = true)]
async fn more_may_be_asked_for_where_all_that_was_known_failed() {
    let lookups = together(&[(FOUR, Does::Fails(1)), (FOUR_TOO, Does::Connects(3))]);
    let mut race = Race::new(HappyEyeballs::default());
    let known = found(&[(FOUR, Does::Fails(1))]);
    race.add_lookup(Families::Both, async move { known });
    let won = race.run(
        |at| attempt(does(&lookups, at)),
        |race| {
            let more = found(&[(FOUR_TOO, Does::Connects(3))]);
            race.add_lookup(Families::Both, async move { more });
        },
    );
    assert_eq!(won.await, Some(()));
}
