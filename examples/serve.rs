//! Serves the hosts of a configuration file, as a process in production: with metrics, a reload on
//! SIGHUP, and a graceful shutdown on SIGTERM.
//!
//! ```text
//! cargo run --features metrics,serde --example serve                  # shows all of it, offline
//! cargo run --features metrics,serde --example serve -- tenants.toml  # serves
//! ```
//!
//! The service listens on 127.0.0.1:3000, or on the second argument. `/metrics` is on
//! 127.0.0.1:9090, or on the third argument, which clients must not reach.
//!
//! `config/virtual_hosts.toml` has all keys of such a file. With a host `"*"`, one origin serves
//! all hosts.

#[path = "local_origin/mod.rs"]
mod local_origin;
#[path = "serve/service.rs"]
mod service;
#[path = "serve/show.rs"]
mod show;

use std::{env, future::IntoFuture, io};

use service::Service;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};
use tower::BoxError;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    // Before the service, which describes its metrics to the recorder.
    let prometheus = service::prometheus()?.install_recorder()?;
    let mut arguments = env::args().skip(1);
    let Some(file) = arguments.next() else {
        return show::show(&mut io::stdout(), prometheus).await;
    };
    let listen = arguments.next().unwrap_or_else(|| "127.0.0.1:3000".into());
    let admin = arguments.next().unwrap_or_else(|| "127.0.0.1:9090".into());

    let service = Service::read(file.into())?;
    let admin = TcpListener::bind(admin).await?;
    tokio::spawn(axum::serve(admin, service.admin(prometheus)).into_future());

    let (mut hangups, mut terminations) = (
        signal(SignalKind::hangup())?,
        signal(SignalKind::terminate())?,
    );
    let (reload, reloads) = mpsc::channel(1);
    tokio::spawn(async move {
        while hangups.recv().await.is_some() && reload.send(()).await.is_ok() {}
    });
    let listener = TcpListener::bind(listen).await?;
    let stop = async move {
        terminations.recv().await;
    };
    Ok(service.serve(listener, reloads, stop).await?)
}
