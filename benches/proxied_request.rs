//! User instructions of a proxied request, compared with axum, hyper-util's client and
//! hyper-rustls.
//!
//! ```text
//! cargo bench --bench proxied_request
//! ```
//!
//! callgrind counts them. The proxy runs in a separate process, on one thread, between a client
//! with one persistent connection and an origin that responds with 1 KiB.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench stops at the first failure"
)]

mod support {
    pub(crate) mod baseline;
    pub(crate) mod callgrind;
    pub(crate) mod client;
    pub(crate) mod client_config;
    pub(crate) mod filled_body;
    pub(crate) mod idle_connections;
    pub(crate) mod layers;
    pub(crate) mod origin;
    pub(crate) mod origin_proxy;
    pub(crate) mod process;
    pub(crate) mod rate;
}

use std::{convert::Infallible, net::SocketAddr};

use axum::{Router, routing::get};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;

use support::{
    baseline, callgrind,
    client::Client,
    idle_connections, layers,
    origin::{self, Origin},
    origin_proxy,
    process::{listen, on_one_thread, role},
};

const FEW: u64 = 300;
/// Opening 10,000 connections does not always take the same work. With this many requests, the
/// difference is less than 1 % of a request.
const MANY: u64 = 10_300;
const IDLE: &str = "10000";

fn main() {
    let role = role();
    let arguments: Vec<&str> = role.iter().map(String::as_str).collect();
    match arguments[..] {
        ["origin", kind, file] => on_one_thread(origin::serve(kind, file)),
        ["hyper"] => on_one_thread(hyper_without_the_proxy()),
        ["axum"] => on_one_thread(serve(Router::new().fallback(|| async { [b'x'; 1024] }))),
        ["proxy", kind, idle, origin, file] => {
            let pem = std::fs::read(file).unwrap();
            on_one_thread(proxy(kind, idle, origin.parse().unwrap(), &pem));
        }
        ["layer", name, calls] => on_one_thread(layers::call(name, calls.parse().unwrap())),
        _ => compare(),
    }
}

fn compare() {
    let (tls, h2, plain) = (
        Origin::start("tls"),
        Origin::start("h2"),
        Origin::start("plain"),
    );
    let proxied = |kind, idle, origin: &Origin| {
        per_request(&["proxy", kind, idle, &origin.address(), origin.certificate()])
    };
    println!(
        "{:<48} {:>12} {:>7}",
        "a request of 1 KiB", "instructions", "ratio"
    );
    let baseline = proxied("baseline", "0", &tls);
    row(
        "axum, hyper-util's client, hyper-rustls",
        baseline,
        baseline,
    );
    row("axum, OriginProxy", proxied("https", "0", &tls), baseline);
    row(
        "hyper alone, response from memory",
        per_request(&["hyper"]),
        baseline,
    );
    row(
        "axum alone, response from memory",
        per_request(&["axum"]),
        baseline,
    );

    let baseline = proxied("baseline", "0", &h2);
    row(
        "axum, hyper-util's client, origin over HTTP/2",
        baseline,
        baseline,
    );
    row(
        "axum, OriginProxy, origin over HTTP/2",
        proxied("https", "0", &h2),
        baseline,
    );

    let few = proxied("http", "1", &plain);
    row("axum, OriginProxy, origin without TLS", few, few);
    row(
        "the same with 10,000 idle connections",
        proxied("http", IDLE, &plain),
        few,
    );

    println!(
        "\n{:<48} {:>12}",
        "a layer around an empty service", "instructions"
    );
    let bare = per_call("none");
    for name in layers::NAMES {
        println!("{name:<48} {:>12}", per_call(name).saturating_sub(bare));
    }
}

fn row(name: &str, count: u64, baseline: u64) {
    let ratio = count as f64 / baseline as f64;
    println!("{name:<48} {count:>12} {ratio:>7.2}");
}

fn per_request(role: &[&str]) -> u64 {
    callgrind::each(FEW, MANY, |requests| {
        callgrind::instructions(role, |address| {
            let mut client = Client::connect(address);
            for _ in 0..requests {
                client.get("/page", 1024);
            }
            client.send("/quit");
            client
        })
    })
}

fn per_call(name: &str) -> u64 {
    callgrind::each(FEW, MANY, |calls| {
        callgrind::instructions(&["layer", name, &calls.to_string()], |_| {})
    })
}

async fn proxy(kind: &str, idle: &str, origin: SocketAddr, pem: &[u8]) {
    if kind == "baseline" {
        return serve(baseline::router(origin, pem)).await;
    }
    let proxy = origin_proxy::proxy(kind, origin, pem);
    idle_connections::open(&proxy, idle.parse().unwrap()).await;
    serve(Router::new().fallback_service(proxy)).await;
}

async fn serve(router: Router) {
    let router = router.route("/quit", get(quit));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listen().await, service).await.unwrap();
}

async fn quit() {
    std::process::exit(0);
}

async fn hyper_without_the_proxy() {
    let listener = listen().await;
    let (stream, _) = listener.accept().await.unwrap();
    let service = service_fn(|request: Request<hyper::body::Incoming>| async move {
        if request.uri().path() == "/quit" {
            quit().await;
        }
        let body = Full::new(Bytes::from_static(&[b'x'; 1024]));
        Ok::<_, Infallible>(Response::new(body))
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
