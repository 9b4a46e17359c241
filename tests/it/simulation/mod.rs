//! Thousands of requests through random faults, on a seed that replays.
//!
//! Clients send requests of all kinds through one pool. Meanwhile connections break, clients leave,
//! the origin restarts, and the proxy reloads. Whatever happens, these invariants hold:
//!
//! * The origin gets no request twice that is not idempotent.
//! * No client gets the response of another request.
//! * No body is short or changed without an error, in either direction.
//! * Every wait ends within its deadline.
//! * A connection takes no request that began after it was retired.
//! * At the end, the pool has all of its permits, and no task and no socket is left.
//!
//! Each run has a runtime of its own with one thread and a paused clock, so the same seed makes the
//! same choices. What does not replay exactly is the length of TLS signatures, by a byte or two,
//! and the jitter of `max_age`.
//!
//! [`relay`](crate::relay) is the network. turmoil simulates hosts and their links: it can hold
//! messages and part hosts, but not truncate, corrupt or half-close a stream. madsim replaces tokio
//! in every dependency, by a build of its own. Both would leave the streams to this crate anyway.
//!
//! A tunnel that passes its bytes one at a time takes no time here. On real sockets, a relay that
//! pauses for a millisecond after each byte lets some tens of bytes pass in a second, while the
//! same tunnels without a pause pass tens of kilobytes.
//!
//! [`moving_name`] changes the addresses of the origin's name, over sockets. There, a request fails
//! only while the name leads to no origin, and connections end whose address the name has lost.
//!
//! A failed run prints its seed. `CDN_ORIGIN_SEED=<seed> cargo test --all-features --test it
//! simulation` replays it.

mod chaos;
mod client;
mod moving_name;
mod origin;
mod run;
mod world;

use std::{
    env,
    hash::{BuildHasher, RandomState},
    time::{Duration, Instant},
};

use crate::relay::Protocol;

use self::{run::run, world::Totals};

/// The requests of a run.
const REQUESTS: usize = 200;

/// Runs these seeds over each protocol.
fn run_all(seeds: impl Iterator<Item = u64>) -> Totals {
    let mut totals = Totals::default();
    for seed in seeds {
        for protocol in Protocol::ALL {
            totals += run(seed, protocol, REQUESTS);
        }
    }
    totals
}

/// The seed of the environment, to replay a run.
fn given_seed() -> Option<u64> {
    let seed = env::var("CDN_ORIGIN_SEED").ok()?;
    Some(seed.parse().expect("CDN_ORIGIN_SEED is a number"))
}

#[test]
fn fixed_seeds_break_no_invariant() {
    let totals = match given_seed() {
        Some(seed) => run_all([seed].into_iter()),
        None => run_all(1..=2),
    };
    println!("{totals}");
    assert!(totals.requests >= 3 * REQUESTS && totals.faults > totals.requests / 20);
}

#[test]
#[ignore = "runs for two minutes, or for CDN_ORIGIN_SIMULATION_SECONDS"]
fn fresh_seeds_break_no_invariant() {
    let seconds = env::var("CDN_ORIGIN_SIMULATION_SECONDS").map_or(120, |seconds| {
        seconds
            .parse()
            .expect("CDN_ORIGIN_SIMULATION_SECONDS is a number")
    });
    let ends_at = Instant::now() + Duration::from_secs(seconds);
    let first = given_seed().unwrap_or_else(|| RandomState::new().hash_one(0) >> 16);
    let seeds = (first..).take_while(|_| Instant::now() < ends_at);
    let totals = run_all(seeds);
    println!("seeds from {first}: {totals}");
}

/// Runs this seed on a runtime of its own, over each protocol of HTTPS.
fn run_moving_name(seed: u64) {
    let mut vanished = 0;
    for is_http2 in [false, true] {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        println!("seed {seed}, HTTP/2 {is_http2}:");
        let summary = runtime.block_on(moving_name::run(seed, is_http2));
        println!("{summary}");
        assert!(summary.hopeless > 0 && summary.requests >= 300 && summary.connections > 5);
        vanished += summary.vanished;
    }
    assert!(vanished > 0);
}

#[test]
fn a_name_whose_addresses_change_and_die_breaks_no_invariant() {
    run_moving_name(given_seed().unwrap_or(1));
}
