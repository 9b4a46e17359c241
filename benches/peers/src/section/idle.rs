//! User instructions of a request beside idle connections in the pool.
//!
//! The origin is a plain `http` one: 10,000 TLS handshakes under callgrind would take minutes.

use std::{net::SocketAddr, time::Duration};

use axum::{Router, body::Body};
use cdn_origin::{CdnOriginConnector, OriginProxy, pool::PoolSettings};
use http::Request;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{
    client,
    measure::callgrind::{self, Callgrind, Events},
    options::Options,
    origin::Origin,
    proxy, roles,
    server::Server,
    setup::{self, NAME, Setup},
    workload::Workload,
};

pub(crate) fn run(options: &Options) {
    if setup::program("valgrind").is_none() {
        return;
    }
    let setup = Setup::new();
    let origin = Origin::start(&setup);
    println!(
        "\n{:<48} {:>14} {:>8}",
        "1 KiB, 16 fields", "instructions", "/one"
    );
    let mut one = None;
    for connections in [1, 1000, 10_000] {
        let workload = Workload::with_connections(1);
        // Opening 10,000 connections does not always take the same work. With this many requests,
        // the difference is less than 1 % of a request.
        let requests = if options.quick { 1000 } else { 10_000 };
        let count = callgrind::each(100, 100 + requests, |requests| {
            let callgrind = Callgrind::new(&setup, Events::Instructions);
            let (connections, origin) = (connections.to_string(), origin.plain.to_string());
            let role = roles::command(&["role:idle", &connections, &origin]);
            let server = Server::of_ours(&mut callgrind.wrap(&role));
            client::send(server.address, workload, requests);
            callgrind.stop(server)
        })[0];
        let ratio = count / *one.get_or_insert(count);
        let name = format!("axum, cdn-origin, idle connections: {connections}");
        println!("  {name:<46} {count:>14.0} {ratio:>8.3}");
    }
}

/// The role `idle`: opens idle connections, then serves.
pub(crate) async fn serve(connections: usize, origin: SocketAddr) {
    let connector = CdnOriginConnector::builder(format!("http://{NAME}")).dial(origin);
    let proxy = pooled(connector.build().unwrap());
    open(&proxy, connections).await;
    proxy::serve(Router::new().fallback_service(proxy)).await;
}

/// A proxy whose pool keeps every connection of a bench.
pub(crate) fn pooled(connector: CdnOriginConnector) -> OriginProxy {
    let settings = PoolSettings::default()
        .max_connections(20_000)
        .max_idle(20_000)
        .idle_timeout(Duration::from_secs(3600));
    OriginProxy::new(connector).pool(settings)
}

/// Opens connections by concurrent requests, and leaves them idle.
pub(crate) async fn open(proxy: &OriginProxy, count: usize) {
    let mut unread = Vec::new();
    for _ in 0..count {
        let request = Request::get("/1k.html").header("host", "client.test");
        let request = request.body(Body::empty()).unwrap();
        unread.push(proxy.clone().oneshot(request).await.unwrap());
    }
    for response in unread {
        response.into_body().collect().await.unwrap();
    }
    while proxy.snapshot().pool.idle < count {
        tokio::task::yield_now().await;
    }
}
