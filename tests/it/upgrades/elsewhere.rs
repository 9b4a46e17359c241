//! Upgrades through a group of origins, and to an origin that is told who the client is.

use std::{net::SocketAddr, pin::pin};

use axum::{Extension, Router};
use cdn_origin::{CdnOriginConnector, OriginProxy, dial::ProxyProtocol, downstream::ClientAddress};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::{
    ASK, SWITCH, bytes, head,
    websockets::{EchoOrigin, client, talk},
};
use crate::{
    groups::failover,
    support::{Site, refused_address},
};

#[tokio::test]
async fn a_websocket_passes_the_first_origin_of_a_group_and_counts_as_its_tunnel() {
    let (primary, backup) = (EchoOrigin::start().await, EchoOrigin::start().await);
    let group = failover(primary.proxy(), backup.proxy()).build().unwrap();
    let site = Site::serve(Router::new().fallback_service(group.clone())).await;
    let tunnels = || {
        let members = group.snapshot().into_iter();
        members.map(|it| it.proxy.pool.tunnels).collect::<Vec<_>>()
    };

    let socket = client(&site).await;
    assert_eq!(tunnels(), [1, 0]);
    let mut drained = pin!(group.drain());
    assert!(futures_util::poll!(&mut drained).is_pending());
    talk(socket).await;
    drained.await;
    assert_eq!(tunnels(), [0, 0]);
}

#[tokio::test]
async fn a_group_closes_the_tunnels_of_its_origins() {
    let (primary, backup) = (EchoOrigin::start().await, EchoOrigin::start().await);
    let group = failover(primary.proxy(), backup.proxy()).build().unwrap();
    let site = Site::serve(Router::new().fallback_service(group.clone())).await;
    let _socket = client(&site).await;
    let drained = group.drain();
    group.close_tunnels();
    drained.await;
}

#[tokio::test]
async fn a_websocket_falls_back_to_an_origin_that_can_be_reached() {
    let refused = refused_address();
    let primary = CdnOriginConnector::builder("http://origin.example").dial(refused.address());
    let backup = EchoOrigin::start().await;
    let group = failover(primary.build().unwrap(), backup.proxy())
        .build()
        .unwrap();
    let site = Site::serve(Router::new().fallback_service(group.clone())).await;

    talk(client(&site).await).await;

    let failures = group.snapshot().into_iter().map(|it| it.failures);
    assert_eq!(failures.collect::<Vec<_>>(), [1, 0]);
}

#[tokio::test]
async fn each_tunnel_begins_with_its_own_client_and_no_connection_is_used_twice() {
    let origin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connector = CdnOriginConnector::builder("http://origin.test")
        .dial(origin.local_addr().unwrap())
        .proxy_protocol(ProxyProtocol::V1);
    let proxy = OriginProxy::new(connector.build().unwrap());

    for (address, line) in [
        (
            "203.0.113.7:40001",
            "PROXY TCP4 203.0.113.7 0.0.0.0 40001 0",
        ),
        ("[2001:db8::7]:40002", "PROXY TCP6 2001:db8::7 :: 40002 0"),
        (
            "203.0.113.7:40001",
            "PROXY TCP4 203.0.113.7 0.0.0.0 40001 0",
        ),
    ] {
        let address: SocketAddr = address.parse().unwrap();
        let client = ClientAddress::new(address);
        let router = Router::new().fallback_service(proxy.clone());
        let site = Site::serve(router.layer(Extension(client))).await;
        let mut client = TcpStream::connect(site.address()).await.unwrap();
        client.write_all(ASK.as_bytes()).await.unwrap();

        let (mut stream, _) = origin.accept().await.unwrap();
        let mut proxy_line = Vec::new();
        while !proxy_line.ends_with(b"\r\n") {
            proxy_line.push(stream.read_u8().await.unwrap());
        }
        assert_eq!(String::from_utf8(proxy_line).unwrap().trim_end(), line);
        assert!(head(&mut stream).await.starts_with("GET /chat?a=b "));
        stream.write_all(SWITCH.as_bytes()).await.unwrap();
        assert!(head(&mut client).await.starts_with("HTTP/1.1 101 "));

        client.write_all(b"ping").await.unwrap();
        assert_eq!(&bytes::<4>(&mut stream).await, b"ping");
        stream.write_all(b"pong").await.unwrap();
        assert_eq!(&bytes::<4>(&mut client).await, b"pong");
    }
}
