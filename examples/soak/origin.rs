//! An origin that restarts.

use std::{
    convert::Infallible,
    error::Error,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::tls::rustls::{
    ServerConfig, crypto::aws_lc_rs, pki_types::PrivateKeyDer, server::NoServerSessionStorage,
};
use futures_util::{SinkExt, StreamExt, stream};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use rcgen::{CertificateParams, KeyPair};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinSet,
    time::{Instant, sleep},
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{handshake::derive_accept_key, protocol::Role},
};

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Plain HTTP/1, or TLS with these protocols.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Protocol {
    Http,
    Https(&'static [&'static str]),
}

/// When the origin last restarted.
pub(crate) type Restarts = Arc<Mutex<Option<Instant>>>;

/// An origin on the loopback.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    pub(crate) restarts: Restarts,
    acceptor: Option<TlsAcceptor>,
    running: Mutex<JoinSet<()>>,
}

impl Origin {
    /// Starts an origin, and returns the certificate that signed its own.
    pub(crate) async fn start(protocol: Protocol) -> Result<(Self, String), Box<dyn Error>> {
        let (acceptor, roots) = match protocol {
            Protocol::Http => (None, String::new()),
            Protocol::Https(protocols) => {
                let (config, roots) = server_config(protocols)?;
                (Some(TlsAcceptor::from(config)), roots)
            }
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let origin = Self {
            address: listener.local_addr()?,
            restarts: Restarts::default(),
            acceptor,
            running: Mutex::default(),
        };
        origin.serve(listener);
        Ok((origin, roots))
    }

    pub(crate) fn url(&self, name: &str) -> String {
        match self.acceptor {
            None => format!("http://{name}"),
            Some(_) => format!("https://{name}"),
        }
    }

    /// Closes every connection, and listens again a moment later.
    pub(crate) async fn restart(&self) -> io::Result<()> {
        self.mark();
        self.running().abort_all();
        let mut running = std::mem::take(&mut *self.running());
        while running.join_next().await.is_some() {}
        sleep(Duration::from_millis(100)).await;
        self.serve(TcpListener::bind(self.address).await?);
        self.mark();
        Ok(())
    }

    fn mark(&self) {
        *self.restarts.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn running(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve(&self, listener: TcpListener) {
        let acceptor = self.acceptor.clone();
        self.running().spawn(async move {
            // Aborted with this task.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                while connections.try_join_next().is_some() {}
                let acceptor = acceptor.clone();
                connections.spawn(async move {
                    match acceptor {
                        None => connection(stream).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                connection(stream).await;
                            }
                        }
                    }
                });
            }
        });
    }
}

fn server_config(protocols: &[&str]) -> Result<(Arc<ServerConfig>, String), Box<dyn Error>> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new([String::from(super::NAME)])?.self_signed(&key)?;
    let private = PrivateKeyDer::try_from(key.serialize_der())?;
    let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    // Sessions are in tickets: a cache in the origin would hide what grows in the proxy.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    Ok((config.into(), certificate.pem()))
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
    let builder = auto::Builder::new(TokioExecutor::new());
    let io = TokioIo::new(stream);
    // A proxy that goes away with its client is a part of the load.
    let _ = builder
        .serve_connection_with_upgrades(io, service_fn(respond))
        .await;
}

async fn respond(mut request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
    let mut response = Response::new(full("hello"));
    match request.uri().path() {
        "/echo" => {
            let content = collected(request).await?;
            *response.body_mut() = full(content);
        }
        "/count" => {
            let count = collected(request).await?.len();
            *response.body_mut() = full(count.to_string());
        }
        "/bytes" => *response.body_mut() = frames(64, Duration::ZERO, 16 * 1024),
        "/events" => {
            let kind = HeaderValue::from_static("text/event-stream");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            *response.body_mut() = frames(10, Duration::from_millis(50), 8);
        }
        "/slow" => sleep(Duration::from_millis(200)).await,
        "/broken" => {
            let error = || Err(io::Error::other("broken on purpose"));
            let parts = [Ok(Frame::data(Bytes::from_static(b"start"))), error()];
            *response.body_mut() = StreamBody::new(stream::iter(parts)).boxed_unsync();
        }
        "/socket" => return Ok(socket(&mut request)),
        _ => {}
    }
    Ok(response)
}

async fn collected(request: Request<Incoming>) -> Result<Bytes, io::Error> {
    let collected = request.into_body().collect().await;
    collected.map(|it| it.to_bytes()).map_err(io::Error::other)
}

fn full(content: impl Into<Bytes>) -> Body {
    let body = http_body_util::Full::new(content.into());
    body.map_err(|never: Infallible| match never {})
        .boxed_unsync()
}

/// A body of this many frames, with a pause before each.
fn frames(count: usize, pause: Duration, length: usize) -> Body {
    let frame = Bytes::from(vec![b'x'; length]);
    let frames = stream::iter(0..count).then(move |_| {
        let frame = frame.clone();
        async move {
            if !pause.is_zero() {
                sleep(pause).await;
            }
            Ok(Frame::data(frame))
        }
    });
    StreamBody::new(frames).boxed_unsync()
}

/// Switches to a WebSocket that returns every message.
fn socket(request: &mut Request<Incoming>) -> Response<Body> {
    let mut response = Response::new(full(""));
    let Some(key) = request.headers().get(header::SEC_WEBSOCKET_KEY) else {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        return response;
    };
    let accept = derive_accept_key(key.as_bytes());
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else {
            return;
        };
        let io = TokioIo::new(upgraded);
        let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
        while let Some(Ok(message)) = socket.next().await {
            if socket.send(message).await.is_err() {
                return;
            }
        }
    });
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}
