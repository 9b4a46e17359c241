//! Many tenants from a TOML file, which is read again when it changes.
//!
//! ```text
//! cargo run --features serde --example multi_tenant                    # shows a reload, offline
//! cargo run --features serde --example multi_tenant -- tenants.toml    # serves on 127.0.0.1:3000
//! ```
//!
//! `config/virtual_hosts.toml` has all keys of such a file.

#[path = "local_origin/mod.rs"]
mod local_origin;

use std::{env, fs, net::SocketAddr, time::Duration};

use axum::Router;
use cdn_origin::{config::VirtualHostsConfig, tenants::VirtualHosts};
use local_origin::{get, start};
use tokio::{net::TcpListener, task::JoinSet};
use tower::BoxError;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    tracing_subscriber::fmt::init();
    match env::args().nth(1) {
        Some(file) => serve(file).await,
        None => show().await,
    }
}

/// Serves the tenants of a file, and reads it again when it has changed.
async fn serve(file: String) -> Result<(), BoxError> {
    let mut config: VirtualHostsConfig = toml::from_str(&fs::read_to_string(&file)?)?;
    let hosts = VirtualHosts::try_from(&config)?;
    let app = Router::new().fallback_service(hosts.clone());
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            if let Err(error) = read_again(&file, &mut config, &hosts) {
                tracing::warn!(%error, "the tenants stay as they are");
            }
        }
    });
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}

/// Applies what has changed in the file. An error changes nothing.
fn read_again(
    file: &str,
    config: &mut VirtualHostsConfig,
    hosts: &VirtualHosts,
) -> Result<(), BoxError> {
    let new = toml::from_str(&fs::read_to_string(file)?)?;
    if new != *config {
        config.reload(&new, hosts)?;
        *config = new;
    }
    Ok(())
}

/// Shows a reload with two origins of its own.
async fn show() -> Result<(), BoxError> {
    let mut servers = JoinSet::new();
    let first = start("the first", &mut servers).await?;
    let second = start("the second", &mut servers).await?;
    let shop = |origin| format!("hosts.\"shop.example\".origin.url = \"http://{origin}\"\n");
    let blog = format!("hosts.\"blog.example\".origin.url = \"http://{second}\"\n");
    let old: VirtualHostsConfig = toml::from_str(&(shop(first) + &blog))?;
    let new = toml::from_str(&shop(second))?;
    let hosts = VirtualHosts::try_from(&old)?;
    for config in [&old, &new] {
        old.reload(config, &hosts)?;
        for host in ["shop.example", "blog.example", "other.example"] {
            let (status, text) = get(hosts.clone(), host).await?;
            println!("{host}: {status}: {text}");
        }
    }
    Ok(())
}
