//! User instructions of a connection, compared with tokio-rustls and hyper-rustls.
//!
//! ```text
//! cargo bench --bench connect
//! ```
//!
//! callgrind counts them. Each connection carries one GET, because a TLS 1.3 client must read to
//! receive a session ticket. Full handshakes go to an origin that sends no tickets. They verify the
//! certificate; resumed ones do not.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench stops at the first failure"
)]

mod support {
    pub(crate) mod callgrind;
    pub(crate) mod client_config;
    pub(crate) mod filled_body;
    pub(crate) mod origin;
    pub(crate) mod process;
    pub(crate) mod rate;
}

use std::{net::SocketAddr, sync::Arc};

use cdn_origin::{CdnOriginConnector, Roots, VerifyPolicy};
use http::Uri;
use hyper_rustls::{FixedServerNameResolver, HttpsConnectorBuilder};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tower::ServiceExt;

use support::{
    callgrind, client_config,
    origin::{self, NAME, Origin},
    process::{listen, on_one_thread, role},
};

const FEW: u64 = 10;
const MANY: u64 = 60;

fn main() {
    let role = role();
    let arguments: Vec<&str> = role.iter().map(String::as_str).collect();
    match arguments[..] {
        ["origin", kind, file] => on_one_thread(origin::serve(kind, file)),
        ["connect", kind, times, origin, file] => {
            let pem = std::fs::read(file).unwrap();
            let times = times.parse().unwrap();
            on_one_thread(connect(kind, times, origin.parse().unwrap(), &pem));
        }
        _ => compare(),
    }
}

fn compare() {
    println!(
        "{:<48} {:>12} {:>7}",
        "a connection", "instructions", "ratio"
    );
    for (session, origin) in [("full", "ticketless"), ("resumed", "tls")] {
        let origin = Origin::start(origin);
        let bare = per_connection("bare", &origin);
        row(&format!("bare tokio-rustls, {session}"), bare, bare);
        let ours = per_connection("ours", &origin);
        row(&format!("CdnOriginConnector, {session}"), ours, bare);
        let peer = per_connection("hyper-rustls", &origin);
        row(&format!("hyper-rustls, {session}"), peer, bare);
    }
}

fn row(name: &str, count: u64, bare: u64) {
    let ratio = count as f64 / bare as f64;
    println!("{name:<48} {count:>12} {ratio:>7.3}");
}

fn per_connection(kind: &str, origin: &Origin) -> u64 {
    callgrind::each(FEW, MANY, |times| {
        let role = [
            "connect",
            kind,
            &times.to_string(),
            &origin.address(),
            origin.certificate(),
        ];
        callgrind::instructions(&role, |_| {})
    })
}

async fn connect(kind: &str, times: u64, origin: SocketAddr, pem: &[u8]) {
    // The parent process waits for an address.
    let _ = listen().await;
    match kind {
        "ours" => ours(times, origin, pem).await,
        "bare" => bare(times, origin, pem).await,
        _ => hyper_rustls(times, origin, pem).await,
    }
}

async fn ours(times: u64, origin: SocketAddr, pem: &[u8]) {
    let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
        .dial(origin)
        .verify(VerifyPolicy::roots(Roots::pem(pem)))
        .build()
        .unwrap();
    for _ in 0..times {
        exchange(connector.clone().oneshot(Uri::default()).await.unwrap()).await;
    }
}

async fn bare(times: u64, origin: SocketAddr, pem: &[u8]) {
    let mut config = client_config::client_config(pem);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    for _ in 0..times {
        let stream = TcpStream::connect(origin).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = NAME.try_into().unwrap();
        exchange(connector.connect(name, stream).await.unwrap()).await;
    }
}

async fn hyper_rustls(times: u64, origin: SocketAddr, pem: &[u8]) {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(client_config::client_config(pem))
        .https_only()
        .with_server_name_resolver(FixedServerNameResolver::new(NAME.try_into().unwrap()))
        .enable_all_versions()
        .build();
    let uri: Uri = format!("https://{origin}").parse().unwrap();
    for _ in 0..times {
        let stream = connector.clone().oneshot(uri.clone()).await.unwrap();
        exchange(TokioIo::new(stream)).await;
    }
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let request = format!("GET / HTTP/1.1\r\nhost: {NAME}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    assert!(response.starts_with(b"HTTP/1.1 200"));
}
