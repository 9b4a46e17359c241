//! An axum app that proxies unmatched routes to a CDN.
//!
//! ```text
//! cargo run --example axum_fallback -- https://d1234567890.cloudfront.net --sni www.example.com
//! ```
//!
//! Open the address that it prints. If a request fails, the client gets 502 or 504, and the full
//! report goes to standard error.
//!
//! `--host NAME` sets the Host, `--preserve-host` keeps the client's, `--expected NAME` sets the
//! name that the certificate must be valid for, `--dial ADDRESS` sets what TCP connects to, and
//! `--listen ADDRESS` sets the address to listen on. To trust a private certificate authority, set
//! `SSL_CERT_FILE=ca.pem` in the environment.

use std::{error::Error, net::SocketAddr};

use axum::{Router, extract::Request, middleware::Next, response::Response, routing::get};
use cdn_origin::{CdnOriginConnector, HostRewriteLayer, OriginProxy, diagnosis::Diagnosis};
use tokio::net::TcpListener;

const USAGE: &str = "usage: axum_fallback ORIGIN [--sni NAME] [--host NAME | --preserve-host] \
                     [--expected NAME] [--dial ADDRESS] [--listen ADDRESS]";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let mut arguments = std::env::args().skip(1);
    let origin = arguments.next().ok_or(USAGE)?;
    let mut builder = CdnOriginConnector::builder(origin);
    let mut listen = String::from("127.0.0.1:0");
    let mut preserve_host = false;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--sni" => builder = builder.sni(arguments.next().ok_or(USAGE)?),
            "--host" => builder = builder.host(arguments.next().ok_or(USAGE)?),
            "--expected" => builder = builder.expected_name(arguments.next().ok_or(USAGE)?),
            "--dial" => builder = builder.dial(arguments.next().ok_or(USAGE)?),
            "--listen" => listen = arguments.next().ok_or(USAGE)?,
            "--preserve-host" => preserve_host = true,
            _ => return Err(USAGE.into()),
        }
    }

    let mut proxy = OriginProxy::new(builder.build()?);
    if preserve_host {
        proxy = proxy.host_rewrite(HostRewriteLayer::preserve());
    }
    let app = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .fallback_service(proxy)
        .layer(axum::middleware::from_fn(print_reports));

    let listener = TcpListener::bind(listen).await?;
    println!("http://{}/", listener.local_addr()?);
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}

/// Prints the report of a failed request; the client gets only a short response.
async fn print_reports(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if let Some(error) = response.extensions().get::<cdn_origin::Error>() {
        eprintln!("\n{}", error.report());
    }
    if let Some(diagnosis) = response.extensions().get::<Diagnosis>() {
        eprintln!("\n{}: {diagnosis}", response.status());
    }
    response
}
