//! Memory of the proxy: for each idle connection, and while a slow peer reads 1 GiB.
//!
//! ```text
//! cargo bench --bench memory
//! ```
//!
//! Linux only: resident memory is read from `/proc`. Each figure comes from a separate process that
//! runs only the proxy. The slow client and the slow origin read 20 MiB a second: a run takes two
//! minutes.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench stops at the first failure"
)]

mod support {
    pub(crate) mod filled_body;
    pub(crate) mod idle_connections;
    pub(crate) mod origin;
    pub(crate) mod origin_proxy;
    pub(crate) mod process;
    pub(crate) mod rate;
    pub(crate) mod resident_memory;
    pub(crate) mod slow_peer;
}

use std::net::SocketAddr;

use axum::{Router, routing::get};

use support::{
    idle_connections,
    origin::{self, Origin},
    origin_proxy,
    process::{Served, in_role, listen, on_one_thread, role},
    resident_memory, slow_peer,
};

const CONNECTIONS: usize = 2000;

fn main() {
    let role = role();
    let arguments: Vec<&str> = role.iter().map(String::as_str).collect();
    match arguments[..] {
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
        let mut process = in_role(&["idle", scheme, &origin.address(), origin.certificate()]);
        assert!(process.status().unwrap().success());
    }
    let origin = Origin::start("tls");
    for direction in ["down", "up"] {
        let role = ["proxy", &origin.address(), origin.certificate()];
        let proxy = Served::start(&mut in_role(&role));
        slow_peer::warm_up(proxy.address);
        let before = slow_peer::query(proxy.address, "/now");
        match direction {
            "down" => slow_peer::download(proxy.address),
            _ => slow_peer::upload(proxy.address),
        }
        let grown = slow_peer::query(proxy.address, "/peak").saturating_sub(before);
        let mib = grown as f64 / 1024.0 / 1024.0;
        println!(
            "{:<48} {mib:>8.2} MiB",
            format!("growth while 1 GiB goes {direction} at 20 MiB/s")
        );
    }
}

async fn idle_connections(scheme: &str, origin: SocketAddr, pem: &[u8]) {
    let proxy = origin_proxy::proxy(scheme, origin, pem);
    idle_connections::open(&proxy, 50).await;
    let before = resident_memory::now();
    idle_connections::open(&proxy, CONNECTIONS + 50).await;
    let each = (resident_memory::now() - before) as f64 / CONNECTIONS as f64 / 1024.0;
    println!(
        "{:<48} {each:>8.2} KiB",
        format!("an idle connection, {scheme}")
    );
}

async fn proxy(origin: SocketAddr, pem: &[u8]) {
    let router = Router::new()
        .route("/now", get(|| async { resident_memory::now().to_string() }))
        .route(
            "/peak",
            get(|| async { resident_memory::peak().to_string() }),
        )
        .fallback_service(origin_proxy::proxy("https", origin, pem));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listen().await, service).await.unwrap();
}
