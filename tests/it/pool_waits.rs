//! Waiting for a connection: which request opens it, gets it, or fails with it.

use std::{
    convert::Infallible,
    future::pending,
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy, dial::ProxyProtocol, downstream::ClientAddress,
    error::ErrorKind, observe::CloseReason, pool::PoolSettings, proxy::Limits,
};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Channel, Empty, Full};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, DuplexStream},
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};
use tower::{ServiceExt, service_fn};

use crate::origin::Origin;

/// An in-memory origin whose connects wait for a permit, and fail if configured to.
#[derive(Clone)]
struct Gate {
    permits: Arc<Semaphore>,
    attempts: Arc<AtomicUsize>,
    refuses: bool,
}

impl Gate {
    fn new(refuses: bool) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(0)),
            attempts: Arc::default(),
            refuses,
        }
    }

    fn proxy(&self, settings: PoolSettings) -> OriginProxy {
        let gate = self.clone();
        let transport = service_fn(move |_: Uri| {
            let gate = gate.clone();
            async move {
                gate.attempts.fetch_add(1, SeqCst);
                gate.permits.acquire().await.unwrap().forget();
                if gate.refuses {
                    return Err(io::Error::from(io::ErrorKind::ConnectionRefused));
                }
                let (near, far) = tokio::io::duplex(1024);
                let origin = service_fn(|_: Request<Incoming>| async {
                    Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("ok")))
                });
                let origin = hyper_util::service::TowerToHyperService::new(origin);
                let connection = http1::Builder::new().serve_connection(TokioIo::new(far), origin);
                tokio::spawn(connection);
                Ok(TokioIo::new(near))
            }
        });
        let connector = CdnOriginConnector::builder("http://origin.example")
            .transport(transport)
            .build()
            .unwrap();
        OriginProxy::new(connector).pool(settings)
    }
}

async fn get(proxy: OriginProxy) -> (StatusCode, Option<Error>) {
    let request = Request::get("/").header("host", "client.test");
    let Ok(response) = proxy
        .oneshot(request.body(Empty::<Bytes>::new()).unwrap())
        .await;
    let error = response.extensions().get().cloned();
    let status = response.status();
    response.into_body().collect().await.unwrap();
    (status, error)
}

fn spawn_get(proxy: &OriginProxy) -> JoinHandle<(StatusCode, Option<Error>)> {
    tokio::spawn(get(proxy.clone()))
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_request_that_comes_after_a_retirement_waits_for_no_connect_that_began_before() {
    let gate = Gate::new(false);
    let proxy = gate.proxy(PoolSettings::default());
    let before = spawn_get(&proxy);
    until(|| gate.attempts.load(SeqCst) == 1).await;
    before.abort();
    until(|| proxy.snapshot().pool.waiting == 0).await;
    proxy.retire_connections();
    let since = spawn_get(&proxy);
    until(|| gate.attempts.load(SeqCst) == 2).await;
    gate.permits.add_permits(1);
    until(|| proxy.snapshot().pool.closed(CloseReason::Retired) == 1).await;
    assert!(!since.is_finished());
    assert_eq!(proxy.snapshot().pool.waiting, 1);
    gate.permits.add_permits(1);
    assert_eq!(since.await.unwrap().0, StatusCode::OK);
    assert_eq!(proxy.snapshot().pool.opened, 2);
}

#[tokio::test]
async fn a_connect_outlives_its_request() {
    let gate = Gate::new(false);
    let proxy = gate.proxy(PoolSettings::default());
    let first = spawn_get(&proxy);
    until(|| proxy.snapshot().pool.open == 1).await;
    let second = spawn_get(&proxy);
    until(|| proxy.snapshot().pool.waiting == 2).await;
    first.abort();
    until(|| proxy.snapshot().pool.waiting == 1).await;
    gate.permits.add_permits(1);
    assert_eq!(second.await.unwrap().0, StatusCode::OK);
    assert_eq!(gate.attempts.load(SeqCst), 1);
}

#[tokio::test]
async fn a_connection_that_opens_when_no_request_waits_becomes_idle() {
    let gate = Gate::new(false);
    let proxy = gate.proxy(PoolSettings::default());
    let client = spawn_get(&proxy);
    until(|| gate.attempts.load(SeqCst) == 1).await;
    client.abort();
    gate.permits.add_permits(1);
    until(|| proxy.snapshot().pool.idle == 1).await;
    assert_eq!(get(proxy.clone()).await.0, StatusCode::OK);
    assert_eq!(gate.attempts.load(SeqCst), 1);
    let snapshot = proxy.snapshot().pool;
    assert_eq!((snapshot.open, snapshot.waiting), (1, 0));
}

#[tokio::test]
async fn a_failed_connect_fails_all_waiting_requests_if_there_is_no_other_connection() {
    let gate = Gate::new(true);
    let proxy = gate.proxy(PoolSettings::default());
    let clients: Vec<_> = (0..5).map(|_| spawn_get(&proxy)).collect();
    until(|| proxy.snapshot().pool.waiting == 5).await;
    gate.permits.add_permits(1);
    for client in clients {
        let (status, error) = client.await.unwrap();
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        assert_eq!(error.unwrap().kind(), ErrorKind::ConnectionRefused);
    }
    assert_eq!(gate.attempts.load(SeqCst), 1);
    until(|| proxy.snapshot().pool.open == 0).await;
}

#[tokio::test]
async fn a_failed_connect_without_a_request_fails_no_later_one() {
    let gate = Gate::new(true);
    let proxy = gate.proxy(PoolSettings::default().max_connections(1));
    let client = spawn_get(&proxy);
    until(|| gate.attempts.load(SeqCst) == 1).await;
    client.abort();
    gate.permits.add_permits(1);
    until(|| proxy.snapshot().pool.open == 0).await;
    assert_eq!(proxy.snapshot().pool.waiting, 0);
}

#[tokio::test]
async fn a_request_beyond_the_maximum_of_the_queue_is_answered_503_at_once() {
    let origin = Origin::http1(|_, _| pending()).await;
    let settings = PoolSettings::default().max_connections(1).max_queued(1);
    let proxy = OriginProxy::new(origin.connector()).pool(settings);
    let served = spawn_get(&proxy);
    origin
        .until(|counts| counts.requests.load(SeqCst) == 1)
        .await;
    let waiting = spawn_get(&proxy);
    until(|| proxy.snapshot().pool.waiting == 1).await;
    let (status, error) = get(proxy.clone()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::PoolExhausted);
    let diagnosis = error.diagnosis();
    assert_eq!(
        diagnosis.likeliest().unwrap().text(),
        "the queue of the pool is full: 1 requests wait for a connection"
    );
    served.abort();
    waiting.abort();
    until(|| proxy.snapshot().pool.waiting == 0).await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stalls_is_cancelled_one_deadline_after_its_last_frame() {
    const DEADLINE: Duration = Duration::from_secs(60);
    let transport = service_fn(|_: Uri| async {
        let (near, far) = tokio::io::duplex(1024);
        // Reads and never answers.
        tokio::spawn(async move {
            let mut far = far;
            tokio::io::copy(&mut far, &mut tokio::io::sink()).await
        });
        Ok::<_, Infallible>(TokioIo::new(near))
    });
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(transport)
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector).limits(Limits::default().response_timeout(DEADLINE));
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    let started = tokio::time::Instant::now();
    let sending = tokio::spawn(async move {
        sender.send_data(Bytes::from_static(b"one")).await.unwrap();
        tokio::time::sleep(DEADLINE / 4).await;
        sender.send_data(Bytes::from_static(b"two")).await.unwrap();
        pending::<()>().await;
    });
    let request = Request::post("/").header("host", "client.test");
    let Ok(response) = proxy.oneshot(request.body(body).unwrap()).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    let waited = started.elapsed();
    assert!(waited >= DEADLINE * 5 / 4, "{waited:?}");
    assert!(
        waited < DEADLINE * 5 / 4 + Duration::from_secs(1),
        "{waited:?}"
    );
    sending.abort();
}

/// An in-memory origin behind the PROXY protocol, version 2.
async fn behind_proxy_protocol() -> Result<TokioIo<DuplexStream>, Infallible> {
    let (near, mut far) = tokio::io::duplex(1024);
    tokio::spawn(async move {
        // A signature, two bytes of command and family, and the length of the addresses.
        let mut header = [0; 16];
        far.read_exact(&mut header).await.unwrap();
        let length = u16::from_be_bytes([header[14], header[15]]);
        let mut addresses = vec![0; length.into()];
        far.read_exact(&mut addresses).await.unwrap();
        let origin = hyper::service::service_fn(|_: Request<Incoming>| async {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("ok")))
        });
        let _ = http1::Builder::new()
            .serve_connection(TokioIo::new(far), origin)
            .await;
    });
    Ok(TokioIo::new(near))
}

#[tokio::test]
async fn four_thousand_clients_with_connections_of_their_own_are_all_served() {
    const CLIENTS: u16 = 4_000;
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(service_fn(|_: Uri| behind_proxy_protocol()))
        .proxy_protocol(ProxyProtocol::V2)
        .build()
        .unwrap();
    // No queue is as long, and no test as slow, as to end a wait.
    let settings = PoolSettings::default()
        .max_connections(32)
        .queue_timeout(Duration::from_secs(300));
    let proxy = OriginProxy::new(connector).pool(settings);

    let mut requests = JoinSet::new();
    for port in 1..=CLIENTS {
        let request = Request::get("/").header("host", "client.test");
        let mut request = request.body(Empty::<Bytes>::new()).unwrap();
        let client = ClientAddress::new(SocketAddr::from(([203, 0, 113, 7], port)));
        request.extensions_mut().insert(client);
        let response = proxy.clone().oneshot(request);
        requests.spawn(async move {
            let Ok(response) = response.await;
            let status = response.status();
            response.into_body().collect().await.unwrap();
            status
        });
    }
    while let Some(status) = requests.join_next().await {
        assert_eq!(status.unwrap(), StatusCode::OK);
    }

    let pool = proxy.snapshot().pool;
    assert_eq!((pool.waiting, pool.in_flight), (0, 0));
    assert_eq!(pool.opened, u64::from(CLIENTS));
}
