//! Serves the hosts of a configuration file, as a process in production: with metrics, an access
//! log on standard output, a reload on SIGHUP, and a graceful shutdown on SIGTERM.
//!
//! ```text
//! cargo run --features metrics,serde --example serve                  # shows all of it, offline
//! cargo run --features metrics,serde --example serve -- tenants.toml  # serves
//! ```
//!
//! The service listens on 127.0.0.1:3000, or on the second argument. `/metrics` and `/readyz` are
//! on 127.0.0.1:9090, or on the third argument, which clients must not reach.
//!
//! At SIGTERM, `/readyz` answers 503. After a notice for the load balancer, new requests are
//! refused, and those in flight end.
//!
//! The log on standard error has INFO and above. `RUST_LOG=info,cdn_origin=debug` adds the failures
//! that clients cause, for example.
//!
//! Paths of certificates in the file are relative to the working directory: write absolute ones.
//!
//! `config/virtual_hosts.toml` has all keys of such a file. With a host `"*"`, one origin serves
//! all hosts.
//!
//! To use it, see `README.md` of the examples.

mod access_log;
mod admin;
mod service;
mod serving;
mod show;
mod signals;

use std::{
    env,
    future::IntoFuture,
    io::{self, IsTerminal},
    process::ExitCode,
    time::Duration,
};

use service::Service;
use tokio::{net::TcpListener, sync::mpsc};
use tower::BoxError;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};

/// How long a load balancer may take to see that `/readyz` fails: its interval, times the failures
/// that it needs.
const NOTICE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    let log = tracing_subscriber::fmt().with_env_filter(filter.from_env_lossy());
    let log = log.with_ansi(io::stderr().is_terminal());
    log.with_writer(io::stderr).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("serve: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), BoxError> {
    // Before the service, which describes its metrics to the recorder.
    let prometheus = admin::prometheus()?.install_recorder()?;
    let mut arguments = env::args().skip(1);
    let Some(file) = arguments.next() else {
        return show::show(&mut io::stdout(), prometheus).await;
    };
    let listen = arguments.next().unwrap_or_else(|| "127.0.0.1:3000".into());
    let metrics = arguments.next().unwrap_or_else(|| "127.0.0.1:9090".into());

    let (access_log, log_writer) = access_log::to_stdout();
    let service = Service::read(file.into(), access_log)?;
    let metrics = bind(&metrics).await?;
    tokio::spawn(axum::serve(metrics, admin::pages(&service, prometheus)).into_future());
    let (reload, reloads) = mpsc::channel(1);
    let stop = signals::signals(reload)?;
    let listener = bind(&listen).await?;
    tokio::spawn(admin::check(service.hosts.clone()));
    service.serve(listener, reloads, stop, NOTICE).await?;
    access_log::finish(log_writer).await;
    Ok(())
}

async fn bind(address: &str) -> Result<TcpListener, BoxError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| format!("{address}: {error}").into())
}
