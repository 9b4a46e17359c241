//! Requests that wait for another connection while one over HTTP/2 is silent or idle.

use std::{
    convert::Infallible,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::Router;
use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind, OriginProxy, VerifyPolicy,
    diagnosis::{CauseId, Certainty},
    error::Stage,
    observe::CloseReason,
    pool::{PoolSettings, PoolSnapshot},
    tls::{Roots, rustls},
};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::TcpStream,
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::{
    frames::{PING, Peer, to_peers_with},
    origin::{NAME, server_config},
    support::{Authority, Site},
};

/// An in-memory origin that prefers HTTP/2. It answers with the version of the request; HTTP/2
/// requests wait for a permit.
#[derive(Clone)]
struct Origin {
    config: Arc<rustls::ServerConfig>,
    roots: String,
    /// As many connections are silent after the handshake before there is one that is not.
    silent: usize,
    connects: Arc<AtomicUsize>,
    permits: Arc<Semaphore>,
}

impl Origin {
    fn new(silent: usize) -> Self {
        let authority = Authority::new();
        let mut config = Arc::unwrap_or_clone(server_config(&authority, b"h2"));
        config.alpn_protocols.push(b"http/1.1".to_vec());
        Self {
            config: Arc::new(config),
            roots: authority.root_pem(),
            silent,
            connects: Arc::default(),
            permits: Arc::new(Semaphore::new(0)),
        }
    }

    fn proxy(&self, settings: PoolSettings) -> OriginProxy {
        let origin = self.clone();
        let transport = tower::service_fn(move |_: Uri| {
            let (near, far) = tokio::io::duplex(64 * 1024);
            let number = origin.connects.fetch_add(1, SeqCst);
            tokio::spawn(origin.clone().serve(number, far));
            async { Ok::<_, Infallible>(TokioIo::new(near)) }
        });
        let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
            .transport(transport)
            .verify(VerifyPolicy::roots(Roots::pem(self.roots.clone())))
            .build()
            .unwrap();
        OriginProxy::new(connector).pool(settings)
    }

    async fn serve(self, number: usize, stream: DuplexStream) {
        let tls = TlsAcceptor::from(self.config).accept(stream).await.unwrap();
        if number < self.silent {
            return pending().await;
        }
        let speaks_http2 = tls.get_ref().1.alpn_protocol() == Some(b"h2");
        let permits = self.permits;
        let service = service_fn(move |request: Request<Incoming>| {
            let permits = permits.clone();
            async move {
                if speaks_http2 {
                    permits.acquire().await.unwrap().forget();
                }
                let version = format!("{:?}", request.version());
                Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(version)))
            }
        });
        let io = TokioIo::new(tls);
        let _ = match speaks_http2 {
            true => {
                let server = conn::http2::Builder::new(TokioExecutor::new());
                server.serve_connection(io, service).await
            }
            false => {
                let server = conn::http1::Builder::new();
                server.serve_connection(io, service).await
            }
        };
    }
}

async fn get(proxy: OriginProxy) -> (StatusCode, Bytes) {
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = proxy.oneshot(request).await;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap();
    (status, body.to_bytes())
}

/// The response to a WebSocket handshake.
async fn answer_to_an_upgrade(site: &Site) -> String {
    let mut client = TcpStream::connect(site.address()).await.unwrap();
    let ask = "GET / HTTP/1.1\r\nHost: client.test\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    client.write_all(ask.as_bytes()).await.unwrap();
    let mut heard = String::new();
    client.read_to_string(&mut heard).await.unwrap();
    heard
}

async fn until(proxy: &OriginProxy, wanted: impl Fn(PoolSnapshot) -> bool) {
    while !wanted(proxy.snapshot().pool) {
        tokio::task::yield_now().await;
    }
}

fn one_connection() -> PoolSettings {
    PoolSettings::default().max_connections(1)
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_never_sends_settings_keeps_no_request_from_another_connection() {
    let origin = Origin::new(1);
    origin.permits.add_permits(1);
    let proxy = origin.proxy(PoolSettings::default());
    let held_up = tokio::spawn(get(proxy.clone()));
    until(&proxy, |pool| pool.streams == 1).await;
    let (status, version) = get(proxy.clone()).await;
    assert_eq!((status, &version[..]), (StatusCode::OK, &b"HTTP/2.0"[..]));
    assert_eq!(origin.connects.load(SeqCst), 2);
    assert!(!held_up.is_finished());
    held_up.abort();
}

#[tokio::test]
async fn an_idle_http2_connection_makes_room_for_an_upgrade() {
    let origin = Origin::new(0);
    origin.permits.add_permits(1);
    let proxy = origin.proxy(one_connection());
    let site = Site::serve(Router::new().fallback_service(proxy.clone())).await;
    assert_eq!(&get(proxy.clone()).await.1[..], b"HTTP/2.0");
    until(&proxy, |pool| pool.idle == 1).await;
    let heard = answer_to_an_upgrade(&site).await;
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n"), "{heard}");
    assert!(heard.ends_with("\r\n\r\nHTTP/1.1"), "{heard}");
    assert_eq!(proxy.snapshot().pool.closed(CloseReason::Surplus), 1);
}

#[tokio::test]
async fn an_http2_connection_whose_last_stream_ends_makes_room_for_an_upgrade_that_waits() {
    let origin = Origin::new(0);
    let proxy = origin.proxy(one_connection());
    let site = Site::serve(Router::new().fallback_service(proxy.clone())).await;
    let streams = [
        tokio::spawn(get(proxy.clone())),
        tokio::spawn(get(proxy.clone())),
    ];
    until(&proxy, |pool| pool.streams == 2).await;
    let upgrade = tokio::spawn(async move { answer_to_an_upgrade(&site).await });
    until(&proxy, |pool| pool.waiting == 1).await;
    origin.permits.add_permits(2);
    for stream in streams {
        assert_eq!(&stream.await.unwrap().1[..], b"HTTP/2.0");
    }
    let heard = upgrade.await.unwrap();
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n"), "{heard}");
    assert_eq!(proxy.snapshot().pool.closed(CloseReason::Surplus), 1);
}

/// `SETTINGS_MAX_CONCURRENT_STREAMS` is 0.
const NONE_AT_A_TIME: &[u8] = &[0, 3, 0, 0, 0, 0];

#[tokio::test(start_paused = true)]
async fn an_origin_that_allows_no_stream_is_not_a_pool_that_is_too_small() {
    let (proxy, connections) = to_peers_with(NONE_AT_A_TIME, |_, mut peer: Peer| async move {
        while let Some(head) = peer.next().await {
            if head.kind == PING && !head.is_ack() {
                peer.acknowledge_ping().await;
            }
        }
    });
    let settings = PoolSettings::default().queue_timeout(Duration::from_secs(1));
    let proxy = proxy.pool(settings);
    // It was to be the first request of the connection, before the limit was known.
    let first = tokio::spawn(get(proxy.clone()));
    while proxy.snapshot().pool.open == 0 || proxy.snapshot().pool.streams == 0 {
        tokio::task::yield_now().await;
    }
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.kind(), ErrorKind::PoolExhausted);
    let diagnosis = error.diagnosis();
    let cause = diagnosis.likeliest().unwrap();
    assert_eq!(cause.id(), CauseId::OriginDown, "{}", error.report());
    assert_eq!(cause.certainty(), Certainty::Likely);
    assert_eq!(connections.load(SeqCst), 1);
    first.abort();
}

/// A pool that is full of connects is not too small: the connects are what is slow.
#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_the_only_connect_ends_as_a_connect_that_takes_too_long() {
    let connects = Arc::new(AtomicUsize::new(0));
    let counted = connections_that_hang(&connects);
    let connector = CdnOriginConnector::builder("https://www.example.test")
        .transport(counted)
        .build()
        .unwrap();
    let settings = PoolSettings::default()
        .max_connections(1)
        .queue_timeout(Duration::from_secs(1));
    let proxy = OriginProxy::new(connector).pool(settings);
    let first = tokio::spawn(get(proxy.clone()));
    while connects.load(SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = proxy.oneshot(request).await;
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(
        (error.kind(), error.stage()),
        (ErrorKind::TimedOut, Stage::Handshake)
    );
    first.abort();
}

/// A transport on which nothing ever arrives.
fn connections_that_hang(
    connects: &Arc<AtomicUsize>,
) -> impl tower::Service<Uri, Response = TokioIo<DuplexStream>, Error = Infallible, Future: Send>
+ Clone
+ Send
+ Sync
+ use<> {
    let connects = connects.clone();
    tower::service_fn(move |_: Uri| {
        let (near, far) = tokio::io::duplex(64 * 1024);
        connects.fetch_add(1, SeqCst);
        tokio::spawn(async move {
            let _far = far;
            pending::<()>().await
        });
        async { Ok::<_, Infallible>(TokioIo::new(near)) }
    })
}
