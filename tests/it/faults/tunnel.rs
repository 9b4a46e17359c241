//! Upgrades and tunnels: a WebSocket client in front of hyper's server with the proxy.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use cdn_origin::Error;
use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    time::Instant,
};
use tower::ServiceExt;

use crate::relay::{Towards, Trigger};

use super::{
    cell::{Deadline, Fault, Outcome},
    run::failure,
    scene::{MAIN, Scene},
};

/// A client that asks for an upgrade.
struct Client {
    stream: DuplexStream,
    /// The error of the proxy's response.
    error: Arc<Mutex<Option<Error>>>,
}

impl Client {
    async fn ask(scene: &Scene) -> (Self, String) {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let error = Arc::new(Mutex::new(None));
        let (proxy, found) = (scene.proxy.clone(), error.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (proxy, found) = (proxy.clone(), found.clone());
            async move {
                let response: Response<_> = proxy.oneshot(request).await?;
                let error = response.extensions().get::<Error>().cloned();
                *found.lock().unwrap() = error;
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        let server = http1::Builder::new().serve_connection(TokioIo::new(far), service);
        tokio::spawn(server.with_upgrades());
        let mut client = Self {
            stream: near,
            error,
        };
        let handshake = format!(
            "GET {MAIN} HTTP/1.1\r\nhost: client.test\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        client.stream.write_all(handshake.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.stream.read_u8().await.unwrap());
        }
        (client, String::from_utf8(head).unwrap())
    }

    /// Whether these bytes come back unchanged. `None` if the tunnel closes first.
    async fn echoes(&mut self, bytes: &[u8]) -> Option<bool> {
        self.stream.write_all(bytes).await.ok()?;
        let mut echo = vec![0; bytes.len()];
        self.stream.read_exact(&mut echo).await.ok()?;
        Some(echo == bytes)
    }
}

/// The outcome of the upgrade, with a fault in its request or its response.
pub(super) async fn upgrade(scene: &Scene) -> Outcome {
    let (mut client, head) = Client::ask(scene).await;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let error = client.error.lock().unwrap().take();
    match (status, error) {
        (_, Some(error)) => failure(status, &error),
        (101, None) => {
            let echoed = client.echoes(b"ping").await;
            assert_eq!(echoed, Some(true));
            Outcome::Passes
        }
        (status, None) => Outcome::OriginResponds(status),
    }
}

/// The outcome for a tunnel, with a fault in one of its directions.
pub(super) async fn pass(scene: &Scene, fault: Fault, towards: Towards) -> Outcome {
    let (mut client, _) = Client::ask(scene).await;
    assert_eq!(client.echoes(b"ping").await, Some(true));
    let wire = scene.network.last_wire();
    wire.plan(towards, Trigger::Bytes(10), fault.of_wire());
    let started = Instant::now();
    let bytes = Bytes::from_static(&[7; 1000]);
    match client.echoes(&bytes).await {
        Some(true) => Outcome::Passes,
        Some(false) => Outcome::Unnoticed,
        None if started.elapsed() < Deadline::Tunnel.time() => Outcome::Closes,
        None => Outcome::ClosesAfter(Deadline::Tunnel),
    }
}
