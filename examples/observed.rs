//! An axum app with a proxy that is observed: metrics, spans, an access log and a status page.
//!
//! ```text
//! cargo run --features metrics --example observed -- https://www.example.com
//! ```
//!
//! Open the address that it prints, and then:
//!
//! * `/metrics`: Prometheus text. `examples/grafana/cdn-origin.json` is a dashboard for it.
//! * `/status`: the pool, the origin and the last failures with their reports, for a phone.
//!
//! Standard output gets one span a line, as OTLP's JSON. Standard error gets the access log.
//!
//! Both pages are for operators: serve them to nobody else.

#[path = "observed/app.rs"]
mod app;
#[path = "observed/json_spans.rs"]
mod json_spans;
#[path = "observed/last_failures.rs"]
mod last_failures;
#[path = "observed/status_page.rs"]
mod status_page;

use std::{error::Error, net::SocketAddr};

use cdn_origin::CdnOriginConnector;
use tokio::net::TcpListener;
use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};

use json_spans::JsonSpans;

const USAGE: &str = "usage: observed ORIGIN [--sni NAME] [--listen ADDRESS]";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut builder = CdnOriginConnector::builder(arguments.next().ok_or(USAGE)?);
    let mut listen = String::from("127.0.0.1:0");
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--sni" => builder = builder.sni(arguments.next().ok_or(USAGE)?),
            "--listen" => listen = arguments.next().ok_or(USAGE)?,
            _ => return Err(USAGE.into()),
        }
    }
    tracing_subscriber::registry()
        .with(LevelFilter::DEBUG)
        .with(JsonSpans::new(|line| println!("{line}")))
        .init();
    // Before the observer is made, which describes its metrics to the recorder.
    let prometheus = app::prometheus()?.install_recorder()?;
    let log = |line: &str| eprintln!("{line}");
    let router = app::router(&builder.build()?, prometheus, log);
    let listener = TcpListener::bind(listen).await?;
    eprintln!("http://{}/", listener.local_addr()?);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}
