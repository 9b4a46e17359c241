//! Transports of the caller's own.

use std::{convert::Infallible, io, net::SocketAddr};

use cdn_origin::{
    CdnOriginConnector,
    error::{ErrorKind, Stage},
};
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::TcpStream,
};
use tower::{Service, ServiceExt, service_fn};

use crate::{
    failing,
    support::{Authority, Edge},
};

/// TCP to this address, whatever the target is.
pub(crate) fn to(
    address: SocketAddr,
) -> impl Service<Uri, Response = TokioIo<TcpStream>, Error = io::Error, Future: Send>
+ Clone
+ Send
+ Sync {
    service_fn(move |_: Uri| async move { TcpStream::connect(address).await.map(TokioIo::new) })
}

#[tokio::test]
async fn a_given_transport_is_told_the_dial_target_with_its_port() {
    let (near, mut far) = tokio::io::duplex(1024);
    let near = std::sync::Arc::new(std::sync::Mutex::new(Some(near)));
    let transport = service_fn(move |uri: Uri| {
        assert_eq!(uri, "http://origin.example:80/");
        let near: DuplexStream = near.lock().unwrap().take().unwrap();
        async move { Ok::<_, Infallible>(TokioIo::new(near)) }
    });
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(transport)
        .build()
        .unwrap();
    let mut stream = connector.oneshot(Uri::default()).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    stream.flush().await.unwrap();
    let mut heard = [0; 5];
    far.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
}

#[tokio::test]
async fn hyper_utils_http_connector_is_a_transport_for_https_too() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves("localhost").start().await;
    let connector = failing::to(&edge, &authority, "localhost")
        .transport(hyper_util::client::legacy::connect::HttpConnector::new())
        .build()
        .unwrap();
    let stream = connector.oneshot(Uri::default()).await.unwrap();
    assert!(stream.info().facts().tls_session().is_some());
}

#[tokio::test]
async fn a_transport_that_fails_is_a_failure_to_dial() {
    let transport = service_fn(|_: Uri| async {
        Err::<TokioIo<DuplexStream>, _>(io::Error::from(io::ErrorKind::ConnectionRefused))
    });
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(transport)
        .build()
        .unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.stage(), Stage::Dial);
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_stalls_meets_the_dial_deadline() {
    let transport =
        service_fn(|_: Uri| std::future::pending::<Result<TokioIo<DuplexStream>, Infallible>>());
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(transport)
        .build()
        .unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.stage(), Stage::Dial);
    assert!(error.kind() == ErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_answers_the_hello_meets_the_handshake_deadline() {
    let (near, _far) = tokio::io::duplex(64 * 1024);
    let near = std::sync::Arc::new(std::sync::Mutex::new(Some(near)));
    let transport = service_fn(move |_: Uri| {
        let near: DuplexStream = near.lock().unwrap().take().unwrap();
        async move { Ok::<_, Infallible>(TokioIo::new(near)) }
    });
    let connector = CdnOriginConnector::builder("https://origin.example")
        .verify(cdn_origin::tls::danger::accept_any_certificate())
        .transport(transport)
        .build()
        .unwrap();
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.stage(), Stage::Handshake);
    assert_eq!(
        error.facts().deadline(),
        Some(std::time::Duration::from_secs(10))
    );
}
