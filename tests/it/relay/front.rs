//! A WebSocket client in front of hyper's server with the proxy.

use std::{
    convert::Infallible,
    io,
    sync::{Arc, Mutex, PoisonError},
};

use cdn_origin::{Error, OriginProxy};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn, upgrade::OnUpgrade};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tower::{BoxError, ServiceExt};

use super::OriginBody;

/// A client that has asked for an upgrade, and got the head of a response.
pub(crate) struct Upgrade {
    pub(crate) stream: DuplexStream,
    pub(crate) status: u16,
    /// The error of a response of the proxy itself.
    pub(crate) error: Option<Error>,
}

impl Upgrade {
    /// Sends a WebSocket handshake through the proxy.
    ///
    /// # Errors
    ///
    /// If the connection ends before the head of a response.
    pub(crate) async fn ask(proxy: &OriginProxy, path: &str) -> io::Result<Self> {
        let (client, serving) = Self::serve(proxy, path);
        tokio::spawn(serving);
        client.await
    }

    /// The same in its two parts: the client, and the server of its connection.
    pub(crate) fn serve(
        proxy: &OriginProxy,
        path: &str,
    ) -> (
        impl Future<Output = io::Result<Self>> + use<>,
        impl Future<Output = ()> + Send + use<>,
    ) {
        let (stream, far) = tokio::io::duplex(64 * 1024);
        let error = Arc::new(Mutex::new(None));
        let (proxy, found) = (proxy.clone(), error.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let (proxy, found) = (proxy.clone(), found.clone());
            async move {
                let response: Response<_> = proxy.oneshot(request).await?;
                let error = response.extensions().get::<Error>().cloned();
                *found.lock().unwrap_or_else(PoisonError::into_inner) = error;
                Ok::<_, Infallible>(response)
            }
        });
        let server = http1::Builder::new().serve_connection(TokioIo::new(far), service);
        let serving = async move {
            let _ = server.with_upgrades().await;
        };
        (Self::handshake(stream, path.to_owned(), error), serving)
    }

    async fn handshake(
        mut stream: DuplexStream,
        path: String,
        error: Arc<Mutex<Option<Error>>>,
    ) -> io::Result<Self> {
        let handshake = format!(
            "GET {path} HTTP/1.1\r\nhost: client.test\r\nconnection: upgrade\r\n\
             upgrade: websocket\r\nsec-websocket-version: 13\r\n\
             sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(handshake.as_bytes()).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head);
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let error = error.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(Self {
            stream,
            status: status.unwrap_or_default(),
            error,
        })
    }

    /// Whether these bytes come back unchanged. `None` if the tunnel closes first.
    pub(crate) async fn echoes(&mut self, bytes: &[u8]) -> Option<bool> {
        self.stream.write_all(bytes).await.ok()?;
        let mut echo = vec![0; bytes.len()];
        self.stream.read_exact(&mut echo).await.ok()?;
        Some(echo == bytes)
    }
}

/// The origin's response to the handshake.
pub(crate) fn switch() -> Response<OriginBody> {
    let body = Full::default().map_err(BoxError::from).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let fields = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ];
    for (name, value) in fields {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// The origin's side of a tunnel: sends back what arrives.
pub(crate) async fn echo(upgrade: OnUpgrade) {
    let Ok(upgraded) = upgrade.await else { return };
    let mut tunnel = TokioIo::new(upgraded);
    let mut buffer = vec![0; 4096];
    while let Ok(count @ 1..) = tunnel.read(&mut buffer).await {
        if tunnel.write_all(&buffer[..count]).await.is_err() || tunnel.flush().await.is_err() {
            return;
        }
    }
    let _ = tunnel.shutdown().await;
}
