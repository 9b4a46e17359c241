//! User instructions of a connection, beside tokio-rustls alone and hyper-rustls.
//!
//! Each connection carries one GET, because a TLS 1.3 client must read to receive a session ticket.
//! Full handshakes go to an origin that sends no tickets. They verify the certificate; resumed ones
//! do not. The origin is always the one of `origin/own.rs`.

use std::{net::SocketAddr, sync::Arc};

use cdn_origin::{CdnOriginConnector, Roots, VerifyPolicy};
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tower::ServiceExt;

use crate::{
    measure::callgrind::{self, Callgrind, Events},
    options::Options,
    origin::own,
    proxy::stack,
    roles,
    setup::{self, NAME, Setup},
    workload::Protocol,
};

pub(crate) fn run(options: &Options) {
    if setup::program("valgrind").is_none() {
        return;
    }
    let setup = Setup::new();
    let origin = own::start(&setup);
    let times = if options.quick { 20 } else { 60 };
    println!(
        "\n{:<48} {:>14} {:>8}",
        "a connection", "instructions", "/bare"
    );
    let resumed = origin.origin.address(Protocol::Http1);
    for (session, address) in [("full", origin.ticketless), ("resumed", resumed)] {
        let mut bare = None;
        for kind in ["tokio-rustls", "cdn-origin", "hyper-rustls"] {
            let count = callgrind::each(10, 10 + times, |times| {
                let callgrind = Callgrind::new(&setup, Events::Instructions);
                let (times, address) = (times.to_string(), address.to_string());
                let role = ["role:connect", kind, &times, &address, &setup.certificate()];
                let status = callgrind.wrap(&roles::command(&role)).status();
                assert!(status.unwrap().success());
                callgrind.counts()
            })[0];
            let ratio = count / *bare.get_or_insert(count);
            println!(
                "  {:<46} {count:>14.0} {ratio:>8.3}",
                format!("{kind}, {session}")
            );
        }
    }
}

/// The role `connect`: opens so many connections, one after the other.
pub(crate) async fn open(kind: &str, times: usize, origin: SocketAddr, pem: &[u8]) {
    match kind {
        "cdn-origin" => with_cdn_origin(times, origin, pem).await,
        "tokio-rustls" => with_tokio_rustls(times, origin, pem).await,
        _ => with_hyper_rustls(times, origin, pem).await,
    }
}

async fn with_cdn_origin(times: usize, origin: SocketAddr, pem: &[u8]) {
    let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
        .dial(origin)
        .verify(VerifyPolicy::roots(Roots::pem(pem)))
        .build()
        .unwrap();
    for _ in 0..times {
        exchange(connector.clone().oneshot(Uri::default()).await.unwrap()).await;
    }
}

async fn with_tokio_rustls(times: usize, origin: SocketAddr, pem: &[u8]) {
    let mut config = stack::client_config(pem);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    for _ in 0..times {
        let stream = TcpStream::connect(origin).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = NAME.try_into().unwrap();
        exchange(connector.connect(name, stream).await.unwrap()).await;
    }
}

async fn with_hyper_rustls(times: usize, origin: SocketAddr, pem: &[u8]) {
    let connector = stack::connector(Protocol::Http1, pem);
    let uri: Uri = format!("https://{NAME}:{}", origin.port()).parse().unwrap();
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
