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

use std::{collections::BTreeMap, convert::Infallible, env, fs, net::SocketAddr, time::Duration};

use axum::Router;
use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy,
    pool::PoolSettings,
    tenants::{Tenant, VirtualHosts},
};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use toml::{Table, Value};
use tower::{BoxError, ServiceExt};

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

/// The tenants that are in use, as the file describes them.
#[derive(Default)]
struct Tenants(BTreeMap<String, Value>);

impl Tenants {
    /// Adds, replaces and removes what has changed. An error changes nothing.
    fn reload(&mut self, hosts: &VirtualHosts, text: &str) -> Result<(), BoxError> {
        let new: BTreeMap<_, _> = text.parse::<Table>()?.into_iter().collect();
        let changed = new
            .iter()
            .filter(|(host, it)| self.0.get(*host) != Some(it));
        let changed = changed
            .map(|(host, value)| Ok((host, tenant(value)?)))
            .collect::<Result<Vec<_>, BoxError>>()?;
        for (host, tenant) in changed {
            hosts.insert(host, tenant)?;
        }
        for host in self.0.keys().filter(|host| !new.contains_key(*host)) {
            hosts.remove(host);
        }
        self.0 = new;
        Ok(())
    }
}

/// One tenant of the file.
fn tenant(value: &Value) -> Result<Tenant, BoxError> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let mut tenant = Tenant::new(text("url").ok_or("a tenant needs a url")?);
    if let Some(name) = text("sni") {
        tenant = tenant.sni(name);
    }
    if let Some(name) = text("expected_name") {
        tenant = tenant.expected_name(name);
    }
    if let Some(host) = text("host") {
        tenant = tenant.host(host);
    }
    if let Some(count) = value.get("max_connections").and_then(Value::as_integer) {
        let settings = PoolSettings::default().max_connections(count.try_into()?);
        tenant = tenant.pool(settings);
    }
    Ok(tenant)
}

/// Shows a reload with two origins of its own.
async fn show(hosts: &VirtualHosts) -> Result<(), BoxError> {
    let (first, second) = (start("the first").await?, start("the second").await?);
    let mut tenants = Tenants::default();
    let before = format!(
        "\"shop.example\" = {{ url = \"http://{first}\" }}\n\
         \"blog.example\" = {{ url = \"http://{second}\" }}"
    );
    let after = format!("\"shop.example\" = {{ url = \"http://{second}\" }}");
    for file in [before, after] {
        tenants.reload(hosts, &file)?;
        println!("{file}\n");
        for host in ["shop.example", "blog.example", "other.example"] {
            let request = Request::get("/").header("host", host);
            let request = request.body(Empty::<Bytes>::new())?;
            let Ok(response) = hosts.clone().oneshot(request).await;
            let status = response.status();
            let text = response.into_body().collect().await?.to_bytes();
            println!(
                "{host}: {status}: {}",
                String::from_utf8_lossy(&text).trim()
            );
        }
        println!();
    }
    Ok(())
}

/// Starts an origin that responds to every request with its name.
async fn start(name: &'static str) -> Result<SocketAddr, BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(move |_: Request<Incoming>| async move {
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(name))))
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(async move { drop(connection.await) });
        }
    });
    Ok(address)
}
