//! Resident memory of an idle HTTP/1 connection over TLS in the pool.

use std::net::SocketAddr;

use cdn_origin::{CdnOriginConnector, Roots, VerifyPolicy};

use crate::{
    measure::process::resident_memory,
    origin::Origin,
    roles,
    setup::{NAME, Setup},
    workload::Protocol,
};

use super::idle;

const CONNECTIONS: usize = 2000;

pub(crate) fn run() {
    let setup = Setup::new();
    let origin = Origin::start(&setup);
    let origin = origin.address(Protocol::Http1).to_string();
    let role = ["role:memory", &origin, &setup.certificate()];
    println!("\n{:<48} {:>14}", "an idle connection in the pool", "KiB");
    assert!(roles::command(&role).status().unwrap().success());
}

/// The role `memory`: opens idle connections, and prints what each added.
pub(crate) async fn measure(origin: SocketAddr, pem: &[u8]) {
    let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
        .dial(origin)
        .verify(VerifyPolicy::roots(Roots::pem(pem)));
    let proxy = idle::pooled(connector.build().unwrap());
    idle::open(&proxy, 50).await;
    let before = resident_memory();
    idle::open(&proxy, CONNECTIONS + 50).await;
    let each = (resident_memory() - before) as f64 / CONNECTIONS as f64 / 1024.0;
    println!("  {:<46} {each:>14.2}", "axum, cdn-origin, HTTP/1 over TLS");
}
