//! Many tenants from a TOML file, which is read again when it changes.
//!
//! ```text
//! cargo run --example multi_tenant                    # offline: shows a reload, and ends
//! cargo run --example multi_tenant -- tenants.toml    # serves on 127.0.0.1:3000
//! ```
//!
//! ```toml
//! ["shop.example"]
//! url = "https://d1234567890.cloudfront.net"
//! sni = "shop.example"
//! max_connections = 32
//!
//! ["blog.example"]
//! url = "http://blog.internal.example:8080"
//! ```

#[path = "local_origin/mod.rs"]
mod local_origin;
#[path = "multi_tenant/tenants.rs"]
mod tenants;

use std::{env, fs, net::SocketAddr, time::Duration};

use axum::Router;
use cdn_origin::{CdnOriginConnector, OriginProxy, tenants::VirtualHosts};
use local_origin::{get, start};
use tenants::Tenants;
use tokio::{net::TcpListener, task::JoinSet};
use tower::BoxError;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    tracing_subscriber::fmt::init();
    let template = OriginProxy::new(CdnOriginConnector::any_origin().build()?);
    let hosts = VirtualHosts::new(template);
    match env::args().nth(1) {
        Some(file) => serve(hosts, file).await,
        None => show(&hosts).await,
    }
}

/// Serves the tenants of a file, and reads it again when it has changed.
async fn serve(hosts: VirtualHosts, file: String) -> Result<(), BoxError> {
    let mut tenants = Tenants::default();
    tenants.reload(&hosts, &fs::read_to_string(&file)?)?;
    let app = Router::new().fallback_service(hosts.clone());
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let text = tokio::fs::read_to_string(&file).await;
            let reloaded = text
                .map_err(BoxError::from)
                .and_then(|text| tenants.reload(&hosts, &text));
            if let Err(error) = reloaded {
                tracing::warn!(%error, "the tenants stay as they are");
            }
        }
    });
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    Ok(axum::serve(listener, service).await?)
}

/// Shows a reload with two origins of its own.
async fn show(hosts: &VirtualHosts) -> Result<(), BoxError> {
    let mut servers = JoinSet::new();
    let first = start("the first", &mut servers).await?;
    let second = start("the second", &mut servers).await?;
    let mut tenants = Tenants::default();
    let shop = |origin| format!("\"shop.example\" = {{ url = \"http://{origin}\" }}\n");
    let blog = format!("\"blog.example\" = {{ url = \"http://{second}\" }}\n");
    for file in [shop(first) + &blog, shop(second)] {
        tenants.reload(hosts, &file)?;
        println!("{file}");
        for host in ["shop.example", "blog.example", "other.example"] {
            let (status, text) = get(hosts.clone(), host).await?;
            println!("{host}: {status}: {text}");
        }
        println!();
    }
    Ok(())
}
