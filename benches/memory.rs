//! How much memory the proxy holds: for each idle connection, and while 1 GiB passes to or from a peer that is slow.
//!
//! ```text
//! cargo bench --bench memory
//! ```
//!
//! Linux only: resident memory is read from `/proc`. Each figure is that of a process of its own in which only the proxy runs. The slow
//! client and the slow origin read 20 MiB a second, so that a run takes two minutes.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench that cannot go on stops"
)]

mod support {
    pub(crate) mod filled;
    pub(crate) mod idle;
    pub(crate) mod origin;
    pub(crate) mod ours;
    pub(crate) mod pace;
    pub(crate) mod process;
    pub(crate) mod resident;
    pub(crate) mod slow;
}

use std::net::SocketAddr;

use axum::{Router, routing::get};

use support::{
    idle,
    origin::{self, Origin},
    ours,
    process::{Served, in_role, listen, on_one_thread, role},
    resident, slow,
};

const CONNECTIONS: usize = 2000;

fn main() {
    let role = role();
    let words: Vec<&str> = role.iter().map(String::as_str).collect();
    match words[..] {
        ["origin", kind, file] => on_one_thread(origin::serve(kind, file)),
        ["idle", scheme, origin, file] => {
            let pem = std::fs::read(file).unwrap();
            on_one_thread(idle_connections(scheme, origin.parse().unwrap(), &pem));
        }
        ["proxy", origin, file] => {
            let pem = std::fs::read(file).unwrap();
            on_one_thread(proxy(origin.parse().unwrap(), &pem));
        }
        _ => measure(),
    }
}

fn measure() {
    for (scheme, kind) in [("http", "plain"), ("https", "tls")] {
        let origin = Origin::start(kind);
        let mut role = in_role(&["idle", scheme, &origin.address(), origin.certificate()]);
        assert!(role.status().unwrap().success());
    }
    let origin = Origin::start("tls");
    for way in ["down", "up"] {
        let role = ["proxy", &origin.address(), origin.certificate()];
        let proxy = Served::start(&mut in_role(&role));
        slow::warm_up(proxy.address);
        let before = slow::ask(proxy.address, "/now");
        match way {
            "down" => slow::download(proxy.address),
            _ => slow::upload(proxy.address),
        }
        let grown = slow::ask(proxy.address, "/most").saturating_sub(before);
        let mib = grown as f64 / 1024.0 / 1024.0;
        println!(
            "{:<48} {mib:>8.2} MiB",
            format!("growth while 1 GiB goes {way} at 20 MiB/s")
        );
    }
}

async fn idle_connections(scheme: &str, origin: SocketAddr, pem: &[u8]) {
    let proxy = ours::proxy(scheme, origin, pem);
    idle::leave(&proxy, 50).await;
    let before = resident::now();
    idle::leave(&proxy, CONNECTIONS + 50).await;
    let each = (resident::now() - before) as f64 / CONNECTIONS as f64 / 1024.0;
    println!(
        "{:<48} {each:>8.2} KiB",
        format!("an idle connection, {scheme}")
    );
}

async fn proxy(origin: SocketAddr, pem: &[u8]) {
    let router = Router::new()
        .route("/now", get(|| async { resident::now().to_string() }))
        .route("/most", get(|| async { resident::most().to_string() }))
        .fallback_service(ours::proxy("https", origin, pem));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listen().await, service).await.unwrap();
}
