//! Sends every kind of request through the proxy for an hour, and fails if something grows.
//!
//! ```text
//! cargo run --release --example soak -- [SECONDS] [REQUESTS_PER_SECOND]
//! ```
//!
//! Origins of HTTP/1, and of HTTP/1 and HTTP/2 over TLS, restart while requests are under way.
//! Certificates are reloaded, connections are retired, clients are slow or leave. Now and then the
//! load pauses until everything is at rest, and a line shows the memory, sockets and tasks that are
//! left, and the latencies since the last line.
//!
//! It runs in one process, on the loopback, and needs `/proc`.

#[path = "soak/load.rs"]
mod load;
#[path = "soak/origin.rs"]
mod origin;
#[path = "soak/sample.rs"]
mod sample;

use std::{alloc::System, error::Error, process::ExitCode, sync::Arc, time::Duration};

use cap::Cap;
use cdn_origin::{
    CdnOriginConnector, OriginProxy, Roots, VerifyPolicy,
    pool::PoolSettings,
    proxy::{Limits, Upgrades},
};
use fastrand::Rng;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    time::{Instant, interval},
};

use load::Load;
use origin::{Origin, Protocol};
use sample::Samples;

/// Counts the bytes that are allocated. What the process occupies also depends on how the allocator
/// arranges them.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// How often an origin restarts, certificates are reloaded, or connections are retired.
const DISTURBANCE: Duration = Duration::from_secs(7);

/// The names of the sites, in SNI and Host.
const NAME: &str = "www.example.test";

/// A proxy, its origin, and the address that clients connect to.
struct Site {
    origin: Origin,
    connector: CdnOriginConnector,
    proxy: OriginProxy,
    roots: String,
}

impl Site {
    async fn start(protocol: Protocol) -> Result<(Arc<Self>, Load), Box<dyn Error>> {
        let (origin, roots) = Origin::start(protocol).await?;
        let builder = CdnOriginConnector::builder(origin.url(NAME)).dial(origin.address);
        let builder = match protocol {
            Protocol::Http => builder,
            Protocol::Https(_) => builder.verify(VerifyPolicy::roots(Roots::pem(&roots))),
        };
        let connector = builder.build()?;
        let pool = PoolSettings::default()
            .max_connections(64)
            .max_uses(500)
            .idle_timeout(Duration::from_secs(2));
        let proxy = OriginProxy::new(connector.clone())
            .limits(Limits::default().response_timeout(Duration::from_secs(20)))
            .upgrades(Upgrades::default())
            .pool(pool);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let load = Load::to(listener.local_addr()?, origin.restarts.clone());
        tokio::spawn(serve(listener, proxy.clone()));
        let site = Self {
            origin,
            connector,
            proxy,
            roots,
        };
        Ok((Arc::new(site), load))
    }

    /// Does what operators do.
    async fn disturb(&self, kind: u8) -> Result<(), Box<dyn Error>> {
        match kind % 3 {
            0 => self.origin.restart().await?,
            1 => self.proxy.retire_connections(),
            _ => self.reload()?,
        }
        Ok(())
    }

    /// Lets go of idle connections, and of the sessions of TLS.
    fn release(&self) -> Result<(), cdn_origin::BuildError> {
        self.proxy.retire_connections();
        self.reload()
    }

    fn reload(&self) -> Result<(), cdn_origin::BuildError> {
        if self.roots.is_empty() {
            return Ok(());
        }
        let policy = VerifyPolicy::roots(Roots::pem(&self.roots));
        self.connector.reload(|tls| tls.verify(policy))
    }
}

/// Serves the proxy to clients of HTTP/1 and HTTP/2.
async fn serve(listener: TcpListener, proxy: OriginProxy) {
    while let Ok((stream, _)) = listener.accept().await {
        let proxy = proxy.clone();
        tokio::spawn(async move {
            let builder = auto::Builder::new(TokioExecutor::new());
            let service = TowerToHyperService::new(proxy);
            let io = TokioIo::new(stream);
            // Clients that leave are a part of the load.
            let _ = builder.serve_connection_with_upgrades(io, service).await;
        });
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().map_or(Ok(3600), |text| text.parse())?;
    let rate: u64 = arguments.next().map_or(Ok(50), |text| text.parse())?;
    let (sites, loads) = start().await?;
    let mut samples = Samples::new(Duration::from_secs(seconds));
    let mut rng = Rng::with_seed(17);
    // As much as ever at once, so that the allocator reaches its size before the warm-up ends.
    for load in &loads {
        load.burst();
    }
    let mut ticks = interval(Duration::from_millis(1000 / rate.clamp(1, 1000)));
    let mut disturbed = Instant::now();
    while !samples.are_complete() {
        ticks.tick().await;
        let load = &loads[rng.usize(..loads.len())];
        load.send(rng.u8(..));
        if disturbed.elapsed() > DISTURBANCE {
            disturbed = Instant::now();
            sites[rng.usize(..sites.len())].disturb(rng.u8(..)).await?;
        }
        if samples.is_due() {
            samples.take(&loads, &sites).await?;
            ticks.reset();
        }
    }
    for site in &sites {
        println!(
            "{:?} {:?}",
            site.connector.handshakes(),
            site.proxy.snapshot().pool
        );
    }
    Ok(samples.verdict(&loads))
}

async fn start() -> Result<(Vec<Arc<Site>>, Vec<Load>), Box<dyn Error>> {
    let protocols = [
        Protocol::Http,
        Protocol::Https(&["http/1.1"]),
        Protocol::Https(&["h2", "http/1.1"]),
    ];
    let (mut sites, mut loads) = (Vec::new(), Vec::new());
    for protocol in protocols {
        let (site, load) = Site::start(protocol).await?;
        sites.push(site);
        loads.push(load);
    }
    Ok((sites, loads))
}
