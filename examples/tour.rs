//! Both accounts, broken and mended, on an edge in a box.
//!
//! `cargo run --example tour` needs no network and ends within seconds. What you see: each setup fails as its account tells, the
//! error names the cause and the builder call that mends it, and with that call it works.
//! `cargo run --example tour -- --serve` keeps the last proxy up and prints a `curl` line to try.

#[path = "tour/haproxy.rs"]
mod haproxy;
#[path = "tour/nginx.rs"]
mod nginx;
#[path = "tour/stage.rs"]
mod stage;
#[path = "../tests/it/support/mod.rs"]
mod support;
#[path = "tour/table.rs"]
mod table;

use std::{error::Error, net::SocketAddr};

use axum::Router;
use cdn_origin::OriginProxy;
use tokio::net::TcpListener;

use nginx::SITE;
use stage::{heading, say};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    say(
        "A tour of cdn-origin on an edge in a box: a TLS server on 127.0.0.1 that behaves like a CDN. Every builder below also \
         dials that server (.dial) and trusts its certificate authority (.verify).",
    );
    haproxy::tell().await?;
    let (edge, proxy) = nginx::tell().await?;
    table::tell().await?;
    say(
        "That was the tour. The documentation's guide explains how to read an error; the axum_fallback example takes a real origin.",
    );
    if std::env::args().any(|argument| argument == "--serve") {
        serve(proxy).await?;
    }
    drop(edge);
    Ok(())
}

async fn serve(proxy: OriginProxy) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    heading("The last proxy stays up until Ctrl-C");
    println!("\n  curl -i -H 'Host: {SITE}' http://{address}/hello\n");
    println!("And one that fails, because SNI and Host disagree:\n");
    println!("  curl -i http://{address}/hello\n");
    let router: Router = Router::new()
        .fallback_service(proxy)
        .layer(axum::middleware::map_response(stage::print_diagnosis));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}
