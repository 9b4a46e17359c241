//! CPU time of the proxy for 1 GiB, in user code and in the kernel, in responses of 1 MiB.
//!
//! ```text
//! cargo bench --bench bulk
//! ```
//!
//! The proxy is compared with the baseline (axum, hyper-util's client, hyper-rustls) and with nginx
//! if it is installed. CPU time depends on the load of the machine and on the memory layout of the
//! process. The rounds of the proxies therefore alternate, each proxy is started several times, and
//! the result is the median of all rounds. Differences below 5 % are noise.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench stops at the first failure"
)]

mod support {
    pub(crate) mod baseline;
    pub(crate) mod client;
    pub(crate) mod client_config;
    pub(crate) mod cpu_time;
    pub(crate) mod filled_body;
    pub(crate) mod nginx;
    pub(crate) mod origin;
    pub(crate) mod origin_proxy;
    pub(crate) mod process;
    pub(crate) mod rate;
}

use std::net::SocketAddr;

use axum::Router;

use support::{
    baseline,
    client::Client,
    cpu_time,
    nginx::Nginx,
    origin::{self, Origin},
    origin_proxy,
    process::{Served, in_role, listen, on_one_thread, role},
};

const STARTS: usize = 5;
const ROUNDS: usize = 5;
const REQUESTS: usize = 256;
const LENGTH: usize = 1024 * 1024;
const GIB: usize = 1024 * LENGTH;

const NAMES: [&str; 3] = [
    "axum, hyper-util's client, hyper-rustls",
    "axum, OriginProxy",
    "nginx",
];

fn main() {
    let role = role();
    let arguments: Vec<&str> = role.iter().map(String::as_str).collect();
    match arguments[..] {
        ["origin", kind, file] => on_one_thread(origin::serve(kind, file)),
        ["proxy", kind, origin, file] => {
            let pem = std::fs::read(file).unwrap();
            on_one_thread(proxy(kind, origin.parse().unwrap(), &pem));
        }
        _ => compare(),
    }
}

async fn proxy(kind: &str, origin: SocketAddr, pem: &[u8]) {
    let router = match kind {
        "origin-proxy" => Router::new().fallback_service(origin_proxy::proxy("https", origin, pem)),
        _ => baseline::router(origin, pem),
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listen().await, service).await.unwrap();
}

/// A running proxy and a client of it.
struct MeasuredProxy {
    process: u32,
    client: Client,
}

impl MeasuredProxy {
    fn new(process: u32, address: SocketAddr) -> Self {
        let mut client = Client::connect(address);
        client.get("/large", LENGTH);
        Self { process, client }
    }

    /// Measures the CPU seconds for 1 GiB in one round.
    fn round(&mut self) -> f64 {
        let before = cpu_time::cpu_seconds(self.process);
        for _ in 0..REQUESTS {
            self.client.get("/large", LENGTH);
        }
        let taken = cpu_time::cpu_seconds(self.process) - before;
        taken * GIB as f64 / (REQUESTS * LENGTH) as f64
    }
}

/// Starts all proxies in front of one new origin and measures some rounds of each.
fn measure(seconds: &mut [Vec<f64>]) {
    let origin = Origin::start("tls");
    let start = |kind| {
        let role = ["proxy", kind, &origin.address(), origin.certificate()];
        Served::start(&mut in_role(&role))
    };
    let (baseline, ours) = (start("baseline"), start("origin-proxy"));
    let nginx = Nginx::start(&origin);
    let mut proxies = vec![
        MeasuredProxy::new(baseline.child.id(), baseline.address),
        MeasuredProxy::new(ours.child.id(), ours.address),
    ];
    proxies.extend(
        nginx
            .iter()
            .map(|nginx| MeasuredProxy::new(nginx.process(), nginx.address)),
    );
    for _ in 0..ROUNDS {
        for (proxy, seconds) in proxies.iter_mut().zip(&mut *seconds) {
            seconds.push(proxy.round());
        }
    }
}

fn median(seconds: &mut [f64]) -> Option<f64> {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied()
}

fn compare() {
    let mut seconds = [const { Vec::new() }; 3];
    for _ in 0..STARTS {
        measure(&mut seconds);
    }
    let medians = seconds.each_mut().map(|seconds| median(seconds));
    let [baseline, _, nginx] = medians;
    println!(
        "{:<48} {:>12} {:>9} {:>9}",
        "1 GiB in responses of 1 MiB", "CPU seconds", "/baseline", "/nginx"
    );
    for (name, median) in NAMES.iter().zip(medians) {
        let Some(median) = median else {
            println!("{name:<48} {:>12}", "not installed");
            continue;
        };
        let share = |of: Option<f64>| of.map_or(String::new(), |of| format!("{:.2}", median / of));
        println!(
            "{name:<48} {median:>12.2} {:>9} {:>9}",
            share(baseline),
            share(nginx)
        );
    }
}
