//! One run: clients and chaos of one seed, and the checks at the end.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use cdn_origin::{
    OriginProxy,
    connector::Timeouts,
    pool::PoolSettings,
    proxy::{Limits, Upgrades},
};
use futures_util::future::join_all;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use tokio::{runtime::Builder, time::timeout};
use tower::ServiceExt;

use crate::relay::{LONG, Network, Protocol, alive_tasks, becomes_quiet, leaves_nothing};

use super::{
    chaos::Chaos,
    client::Client,
    origin::respond,
    world::{Totals, World},
};

/// How fast a run goes, in its own time.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// No request takes longer, whatever happens: the sum of all deadlines and retries.
    pub(super) bound: Duration,
}

impl Pace {
    pub(super) fn millis(self, rng: &mut fastrand::Rng, most: u64) -> Duration {
        Duration::from_millis(rng.u64(..=most))
    }
}

/// The clients of a run.
const CLIENTS: usize = 24;

/// Runs a seed over a protocol.
///
/// # Panics
///
/// If an invariant is broken. The message has the seed.
pub(super) fn run(seed: u64, protocol: Protocol, requests: usize) -> Totals {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().unwrap();
    let world = Arc::new(World::default());
    let guard = PrintsSeed { seed, protocol };
    runtime.block_on(simulate(seed, protocol, requests, world.clone()));
    let broken = world.broken();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    std::mem::forget(guard);
    world.totals().clone()
}

/// Prints how to replay a run that panics.
struct PrintsSeed {
    seed: u64,
    protocol: Protocol,
}

impl Drop for PrintsSeed {
    fn drop(&mut self) {
        let Self { seed, protocol } = self;
        eprintln!(
            "seed {seed} over {protocol} fails; CDN_ORIGIN_SEED={seed} cargo test --all-features \
             --test it simulation"
        );
    }
}

async fn simulate(seed: u64, protocol: Protocol, requests: usize, world: Arc<World>) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let tasks = alive_tasks();
    let pace = Pace {
        bound: Duration::from_secs(120),
    };
    let shared = world.clone();
    let network = Network::new(protocol, move |arrival| respond(shared.clone(), arrival));
    let timeouts = Timeouts::default()
        .dial(Duration::from_secs(2))
        .tls_handshake(Duration::from_secs(2));
    let connector = network.connector().timeouts(timeouts).build().unwrap();
    let proxy = OriginProxy::new(connector.clone())
        .limits(limits(&mut rng))
        .upgrades(Upgrades::default().idle_timeout(Duration::from_secs(8)))
        .pool(pool(&mut rng));
    if rng.bool() {
        let _ = timeout(LONG, proxy.prewarm()).await;
    }
    let chaos = tokio::spawn(
        Chaos {
            world: world.clone(),
            network: network.clone(),
            proxy: proxy.clone(),
            connector,
            protocol,
            rng: rng.fork(),
            pace,
        }
        .run(),
    );
    let clients = (0..CLIENTS).map(|_| Client {
        world: world.clone(),
        proxy: proxy.clone(),
        network: network.clone(),
        rng: rng.fork(),
        pace,
    });
    join_all(clients.map(|client| client.run(requests / CLIENTS + 1))).await;
    chaos.abort();
    let _ = chaos.await;
    network.forget_plans();

    becomes_quiet(&proxy, &network).await;
    // Connections that a fault has silenced may be left: those that are asked find out.
    proxy.retire_connections();
    becomes_quiet(&proxy, &network).await;
    let works = (0..4).map(|_| get(&world, &proxy));
    for status in join_all(works).await {
        assert_eq!(status, StatusCode::OK, "after the faults");
    }
    becomes_quiet(&proxy, &network).await;
    {
        let mut totals = world.totals();
        totals.retried = proxy.snapshot().pool.retried;
        totals.connections = network.wires().len();
        let faults: usize = network.wires().iter().map(|wire| wire.faults()).sum();
        totals.faults += faults;
    }
    leaves_nothing(proxy, network, tasks).await;
}

async fn get(world: &World, proxy: &OriginProxy) -> StatusCode {
    let id = world.next_id();
    let request = Request::get(format!("/{id}?length=100"));
    let request = request.header("x-id", id).header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    let status = response.status();
    let _ = response.into_body().collect().await;
    status
}

fn limits(rng: &mut fastrand::Rng) -> Limits {
    let limits = Limits::default()
        .response_timeout(Duration::from_secs(4))
        .body_idle_timeout(Duration::from_secs(4));
    match rng.u8(..3) {
        0 => limits.request_timeout(Duration::from_secs(9)),
        1 => limits
            .max_concurrency(12)
            .queue_timeout(Duration::from_secs(3)),
        _ => limits,
    }
}

fn pool(rng: &mut fastrand::Rng) -> PoolSettings {
    let pool = PoolSettings::default()
        .max_connections(rng.usize(2..16))
        .max_idle(rng.usize(..8))
        .min_idle(rng.usize(..2))
        .max_uses(rng.u64(5..100))
        .idle_timeout(Duration::from_millis(rng.u64(100..20_000)))
        .queue_timeout(Duration::from_secs(5));
    match rng.bool() {
        true => pool,
        false => pool.max_replay(rng.usize(..2000)),
    }
}
