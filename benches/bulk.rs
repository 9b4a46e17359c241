//! What a GiB costs: CPU seconds of the proxy, in user code and in the kernel, for responses of 1 MiB.
//!
//! ```text
//! cargo bench --bench bulk
//! ```
//!
//! Beside today's stack, and nginx where it is installed. The rounds of the proxies alternate and the median counts, but CPU time depends
//! on what else the machine does, and on where in memory buffers come to lie: differences of a tenth mean nothing.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench that cannot go on stops"
)]

mod support {
    pub(crate) mod filled;
    pub(crate) mod legacy;
    pub(crate) mod nginx;
    pub(crate) mod origin;
    pub(crate) mod ours;
    pub(crate) mod pace;
    pub(crate) mod process;
    pub(crate) mod trust;
    pub(crate) mod usage;
    pub(crate) mod visitor;
}

use std::net::SocketAddr;

use axum::Router;

use support::{
    legacy,
    nginx::Nginx,
    origin::{self, Origin},
    ours,
    process::{Served, in_role, listen, on_one_thread, role},
    usage,
    visitor::Visitor,
};

const ROUNDS: usize = 7;
const REQUESTS: usize = 256;
const LENGTH: usize = 1024 * 1024;
const GIB: usize = 1024 * LENGTH;

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

/// A proxy, and what each of its rounds took.
struct Contestant {
    name: &'static str,
    process: u32,
    visitor: Visitor,
    seconds: Vec<f64>,
}

impl Contestant {
    fn new(name: &'static str, process: u32, address: SocketAddr) -> Self {
        let mut visitor = Visitor::connect(address);
        visitor.get("/large", LENGTH);
        Self {
            name,
            process,
            visitor,
            seconds: Vec::new(),
        }
    }

    fn round(&mut self) {
        let before = usage::cpu_seconds(self.process);
        for _ in 0..REQUESTS {
            self.visitor.get("/large", LENGTH);
        }
        let taken = usage::cpu_seconds(self.process) - before;
        self.seconds
            .push(taken * GIB as f64 / (REQUESTS * LENGTH) as f64);
    }

    fn median(&mut self) -> f64 {
        self.seconds.sort_by(f64::total_cmp);
        self.seconds[self.seconds.len() / 2]
    }
}

fn compare() {
    let origin = Origin::start("tls");
    let start = |kind| {
        let role = ["proxy", kind, &origin.address(), origin.certificate()];
        Served::start(&mut in_role(&role))
    };
    let (legacy, ours, nginx) = (start("legacy"), start("ours"), Nginx::start(&origin));
    let mut contestants = vec![
        Contestant::new(
            "axum, hyper-util's client, hyper-rustls",
            legacy.child.id(),
            legacy.address,
        ),
        Contestant::new("axum, OriginProxy", ours.child.id(), ours.address),
    ];
    if let Some(nginx) = &nginx {
        contestants.push(Contestant::new("nginx", nginx.process(), nginx.address));
    }
    for _ in 0..ROUNDS {
        contestants.iter_mut().for_each(Contestant::round);
    }
    let medians: Vec<f64> = contestants.iter_mut().map(Contestant::median).collect();
    println!(
        "{:<48} {:>12} {:>9} {:>9}",
        "1 GiB in responses of 1 MiB", "CPU seconds", "of today", "of nginx"
    );
    let nginx = nginx.and_then(|_| medians.last());
    for (contestant, median) in contestants.iter().zip(&medians) {
        let of_today = median / medians[0];
        let of_nginx = nginx.map_or(String::new(), |nginx| format!("{:.2}", median / nginx));
        println!(
            "{:<48} {median:>12.2} {of_today:>9.2} {of_nginx:>9}",
            contestant.name
        );
    }
}
