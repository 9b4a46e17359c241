//! What a GiB costs: CPU seconds of the proxy, in user code and in the kernel, for responses of 1 MiB.
//!
//! ```text
//! cargo bench --bench bulk
//! ```
//!
//! Beside today's stack, and nginx where it is installed. CPU time depends on what else the machine does, and on where in memory the
//! buffers of a process come to lie. So the rounds of the proxies alternate, each proxy is started several times, and the median of all its
//! rounds counts: still, differences of a twentieth mean nothing.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench that cannot go on stops"
)]

mod support {
    pub(crate) mod client;
    pub(crate) mod filled;
    pub(crate) mod legacy;
    pub(crate) mod nginx;
    pub(crate) mod origin;
    pub(crate) mod ours;
    pub(crate) mod pace;
    pub(crate) mod process;
    pub(crate) mod trust;
    pub(crate) mod usage;
}

use std::net::SocketAddr;

use axum::Router;

use support::{
    client::Client,
    legacy,
    nginx::Nginx,
    origin::{self, Origin},
    ours,
    process::{Served, in_role, listen, on_one_thread, role},
    usage,
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
    let words: Vec<&str> = role.iter().map(String::as_str).collect();
    match words[..] {
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
        "ours" => Router::new().fallback_service(ours::proxy("https", origin, pem)),
        _ => legacy::router(origin, pem),
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listen().await, service).await.unwrap();
}

/// A proxy that was started.
struct Contestant {
    process: u32,
    client: Client,
}

impl Contestant {
    fn new(process: u32, address: SocketAddr) -> Self {
        let mut client = Client::connect(address);
        client.get("/large", LENGTH);
        Self { process, client }
    }

    /// CPU seconds for a GiB, in one round.
    fn round(&mut self) -> f64 {
        let before = usage::cpu_seconds(self.process);
        for _ in 0..REQUESTS {
            self.client.get("/large", LENGTH);
        }
        let taken = usage::cpu_seconds(self.process) - before;
        taken * GIB as f64 / (REQUESTS * LENGTH) as f64
    }
}

/// Today's stack, ours, and nginx where it is installed: all started anew, in front of an origin of their own.
fn rounds(seconds: &mut [Vec<f64>]) {
    let origin = Origin::start("tls");
    let start = |kind| {
        let role = ["proxy", kind, &origin.address(), origin.certificate()];
        Served::start(&mut in_role(&role))
    };
    let (legacy, ours, nginx) = (start("legacy"), start("ours"), Nginx::start(&origin));
    let mut contestants = vec![
        Contestant::new(legacy.child.id(), legacy.address),
        Contestant::new(ours.child.id(), ours.address),
    ];
    contestants.extend(
        nginx
            .iter()
            .map(|nginx| Contestant::new(nginx.process(), nginx.address)),
    );
    for _ in 0..ROUNDS {
        for (contestant, seconds) in contestants.iter_mut().zip(&mut *seconds) {
            seconds.push(contestant.round());
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
        rounds(&mut seconds);
    }
    let medians = seconds.each_mut().map(|seconds| median(seconds));
    let [today, _, nginx] = medians;
    println!(
        "{:<48} {:>12} {:>9} {:>9}",
        "1 GiB in responses of 1 MiB", "CPU seconds", "of today", "of nginx"
    );
    for (name, median) in NAMES.iter().zip(medians) {
        let Some(median) = median else {
            println!("{name:<48} {:>12}", "not installed");
            continue;
        };
        let share = |of: Option<f64>| of.map_or(String::new(), |of| format!("{:.2}", median / of));
        println!(
            "{name:<48} {median:>12.2} {:>9} {:>9}",
            share(today),
            share(nginx)
        );
    }
}
