//! Common setups in front of a CDN: how they fail, and the call that fixes each.
//!
//! `cargo run --example tour` needs no network and ends within seconds. Each setup fails first, the
//! error names the cause and the builder call that fixes it, and with that call the setup works.
//! `cargo run --example tour -- --serve` keeps the last proxy running and prints a `curl` line to
//! try.

#[path = "tour/demo.rs"]
mod demo;
#[path = "tour/haproxy.rs"]
mod haproxy;
#[path = "tour/nginx.rs"]
mod nginx;
#[path = "../tests/it/support/mod.rs"]
mod support;
#[path = "tour/symptoms.rs"]
mod symptoms;

use std::{error::Error, net::SocketAddr};

use axum::Router;
use cdn_origin::OriginProxy;
use tokio::net::TcpListener;

use demo::{heading, paragraph};
use nginx::SITE;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    paragraph(
        "This tour runs cdn-origin against a TLS server on 127.0.0.1 that behaves like the edge \
         of a CDN. Every builder below also dials that server (.dial) and trusts its \
         certificate authority (.verify).",
    );
    haproxy::run().await?;
    let (edge, proxy) = nginx::run().await?;
    symptoms::run().await?;
    paragraph(
        "This is the end of the tour. The guide explains how to read an error report. The \
         example axum_fallback proxies to a real origin.",
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
    heading("The last proxy runs until Ctrl-C");
    println!("\n  curl -i -H 'Host: {SITE}' http://{address}/hello\n");
    println!("This request fails, because SNI and Host disagree:\n");
    println!("  curl -i http://{address}/hello\n");
    let router: Router = Router::new()
        .fallback_service(proxy)
        .layer(axum::middleware::map_response(demo::print_diagnosis));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}
