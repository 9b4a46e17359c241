//! Overload: what a proxy answers at multiples of what its origin can carry.
//!
//! ```text
//! cargo bench --bench overload
//! ```
//!
//! The origin has eight workers, and each request takes one of them for 26 ms: about 300 requests a
//! second. It works on requests of clients that left, as most origins do. Each row is a number of
//! requests at a fixed rate, through a proxy in a process of its own. A run takes five minutes.
//!
//! * goodput: complete responses with status 200, in each second until the last one
//! * p99: of those responses
//! * 503: of the proxy
//! * left: clients that gave up after a second
//! * memory: the peak of the proxy, in MiB
//! * connections: opened to the origin
//!
//! Linux only: resident memory is read from `/proc`.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench stops at the first failure"
)]

use std::{
    convert::Infallible,
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy,
    proxy::{AdaptiveConcurrency, Limits},
};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::{
    net::TcpListener,
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, timeout},
};

const WORKERS: usize = 8;
const WORK: Duration = Duration::from_millis(26);
const CAPACITY: f64 = 300.0;
const SECONDS: f64 = 10.0;
const PATIENCE: Duration = Duration::from_secs(1);
const MUCH_PATIENCE: Duration = Duration::from_secs(30);

fn main() {
    let role: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = role.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    match arguments[..] {
        ["proxy", limit, origin] => runtime.block_on(proxy(limit, origin)),
        _ => runtime.block_on(measure()),
    }
}

/// The proxy in a process of its own, ended on drop.
struct ProxyProcess {
    child: Child,
    address: SocketAddr,
}

impl ProxyProcess {
    fn start(limit: &str, origin: SocketAddr) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["proxy", limit, &origin.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let output = child.stdout.as_mut().unwrap();
        BufReader::new(output).read_line(&mut line).unwrap();
        let address = line.trim().parse().expect("an address");
        Self { child, address }
    }
}

impl Drop for ProxyProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves HTTP/1 and HTTP/2 without TLS.
async fn proxy(limit: &str, origin: &str) {
    let connector = CdnOriginConnector::builder(format!("http://{origin}"));
    let limits = match limit {
        "off" => Limits::default().adaptive_concurrency(AdaptiveConcurrency::off()),
        _ => Limits::default(),
    };
    let proxy = OriginProxy::new(connector.build().unwrap()).limits(limits);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let service = TowerToHyperService::new(proxy.clone());
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// The origin, and how many connections it has accepted.
async fn origin() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = Arc::<AtomicUsize>::default();
    let workers = Arc::new(Semaphore::new(WORKERS));
    tokio::spawn({
        let accepted = accepted.clone();
        async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                accepted.fetch_add(1, Relaxed);
                let workers = workers.clone();
                let answer = move |_| {
                    let workers = workers.clone();
                    let work = tokio::spawn(async move {
                        let _worker = workers.acquire_owned().await.unwrap();
                        sleep(WORK).await;
                    });
                    async {
                        work.await.unwrap();
                        let content = Bytes::from_static(&[b'x'; 1024]);
                        Ok::<_, Infallible>(Response::new(Full::new(content)))
                    }
                };
                let service = hyper::service::service_fn(answer);
                tokio::spawn(async move {
                    let server = hyper::server::conn::http1::Builder::new();
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        }
    });
    (address, accepted)
}

#[derive(Default)]
struct Outcome {
    latencies: Mutex<Vec<Duration>>,
    refused: AtomicUsize,
    left: AtomicUsize,
}

impl Outcome {
    fn p99(&self) -> Duration {
        let mut latencies = self.latencies.lock().unwrap();
        latencies.sort_unstable();
        let at = latencies.len() * 99 / 100;
        latencies.get(at).copied().unwrap_or_default()
    }
}

type Downstream = Client<HttpConnector, Empty<Bytes>>;

async fn request(client: Downstream, proxy: SocketAddr, patience: Duration, outcome: Arc<Outcome>) {
    let start = Instant::now();
    let exchange = async {
        let request = Request::get(format!("http://{proxy}/")).body(Empty::new());
        let response = client.request(request.unwrap()).await.ok()?;
        let status = response.status();
        response.into_body().collect().await.ok()?;
        Some(status)
    };
    match timeout(patience, exchange).await {
        Ok(Some(StatusCode::OK)) => outcome.latencies.lock().unwrap().push(start.elapsed()),
        Ok(_) => drop(outcome.refused.fetch_add(1, Relaxed)),
        Err(_) => drop(outcome.left.fetch_add(1, Relaxed)),
    }
}

async fn send(
    client: &Downstream,
    proxy: SocketAddr,
    load: f64,
    count: usize,
    patience: Duration,
) -> Arc<Outcome> {
    let outcome = Arc::<Outcome>::default();
    let mut pace = interval(Duration::from_secs_f64(1.0 / (load * CAPACITY)));
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut requests = JoinSet::new();
    for _ in 0..count {
        pace.tick().await;
        requests.spawn(request(client.clone(), proxy, patience, outcome.clone()));
    }
    requests.join_all().await;
    outcome
}

async fn measure() {
    println!(
        "{:<9} {:<7} {:<6} {:>4} {:>8} {:>8} {:>6} {:>6} {:>7} {:>11}",
        "limit",
        "clients",
        "stay",
        "load",
        "goodput",
        "p99 ms",
        "503",
        "left",
        "memory",
        "connections"
    );
    let loads = [0.5, 1.0, 2.0, 4.0];
    for limit in ["adaptive", "off"] {
        for protocol in ["h1", "h2"] {
            for (stay, patience) in [("no", PATIENCE), ("yes", MUCH_PATIENCE)] {
                for load in loads {
                    if limit == "adaptive" || load > 1.0 {
                        row(limit, protocol, stay, patience, load).await;
                    }
                }
            }
        }
    }
}

async fn row(limit: &str, protocol: &str, stay: &str, patience: Duration, load: f64) {
    let (origin, accepted) = origin().await;
    let proxy = ProxyProcess::start(limit, origin);
    let client = Client::builder(TokioExecutor::new())
        .http2_only(protocol == "h2")
        .build_http();
    // The usual load.
    send(&client, proxy.address, 0.5, 300, patience).await;
    let count = (load * CAPACITY * SECONDS) as usize;
    let start = Instant::now();
    let outcome = send(&client, proxy.address, load, count, patience).await;
    let elapsed = start.elapsed().as_secs_f64();
    let served = outcome.latencies.lock().unwrap().len();
    println!(
        "{limit:<9} {protocol:<7} {stay:<6} {load:>4} {:>8.0} {:>8} {:>6} {:>6} {:>7.1} {:>11}",
        served as f64 / elapsed,
        outcome.p99().as_millis(),
        outcome.refused.load(Relaxed),
        outcome.left.load(Relaxed),
        peak_memory(proxy.child.id()),
        accepted.load(Relaxed),
    );
}

/// The peak resident memory of a process, in MiB.
fn peak_memory(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let mut lines = status.lines();
    let peak = lines.find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: f64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    kib / 1024.0
}
