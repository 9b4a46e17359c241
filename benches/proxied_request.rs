//! What a proxied request costs: user instructions, counted by callgrind, beside the stack that Rust users write today.
//!
//! ```text
//! cargo bench --bench proxied_request
//! ```
//!
//! The proxy runs in a process of its own under valgrind, on one thread, between a client that keeps one connection open and an origin
//! that answers 1 KiB.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench that cannot go on stops"
)]

mod support {
    pub(crate) mod client;
    pub(crate) mod count;
    pub(crate) mod filled;
    pub(crate) mod idle;
    pub(crate) mod layers;
    pub(crate) mod legacy;
    pub(crate) mod origin;
    pub(crate) mod ours;
    pub(crate) mod pace;
    pub(crate) mod process;
    pub(crate) mod trust;
}

use std::{convert::Infallible, net::SocketAddr};

use axum::{Router, routing::get};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;

use support::{
    client::Client,
    count, idle, layers, legacy,
    origin::{self, Origin},
    ours,
    process::{listen, on_one_thread, role},
};

const FEW: u64 = 300;
/// Opening 10,000 connections is not the same work each time: spread over so many requests, what differs is less than 1 % of one.
const MANY: u64 = 10_300;
const IDLE: &str = "10000";

fn main() {
    let role = role();
    let words: Vec<&str> = role.iter().map(String::as_str).collect();
    match words[..] {
        ["origin", kind, file] => on_one_thread(origin::serve(kind, file)),
        ["hyper"] => on_one_thread(hyper_alone()),
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
    let today = proxied("legacy", "0", &tls);
    row("axum, hyper-util's client, hyper-rustls", today, today);
    row("axum, OriginProxy", proxied("https", "0", &tls), today);
    row(
        "hyper alone, answering from memory",
        per_request(&["hyper"]),
        today,
    );
    row(
        "axum alone, answering from memory",
        per_request(&["axum"]),
        today,
    );

    let today = proxied("legacy", "0", &h2);
    row(
        "axum, hyper-util's client, origin over HTTP/2",
        today,
        today,
    );
    row(
        "axum, OriginProxy, origin over HTTP/2",
        proxied("https", "0", &h2),
        today,
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
        "a layer around a service that does nothing", "instructions"
    );
    let bare = per_call("none");
    for name in layers::NAMES {
        println!("{name:<48} {:>12}", per_call(name).saturating_sub(bare));
    }
}

fn row(name: &str, count: u64, today: u64) {
    let ratio = count as f64 / today as f64;
    println!("{name:<48} {count:>12} {ratio:>7.2}");
}

fn per_request(role: &[&str]) -> u64 {
    count::each(FEW, MANY, |requests| {
        count::instructions(role, |address| {
            let mut client = Client::connect(address);
            for _ in 0..requests {
                client.get("/page", 1024);
            }
            client.ask("/quit");
            client
        })
    })
}

fn per_call(name: &str) -> u64 {
    count::each(FEW, MANY, |calls| {
        count::instructions(&["layer", name, &calls.to_string()], |_| {})
    })
}

async fn proxy(kind: &str, idle: &str, origin: SocketAddr, pem: &[u8]) {
    if kind == "legacy" {
        return serve(legacy::router(origin, pem)).await;
    }
    let proxy = ours::proxy(kind, origin, pem);
    idle::leave(&proxy, idle.parse().unwrap()).await;
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

async fn hyper_alone() {
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
