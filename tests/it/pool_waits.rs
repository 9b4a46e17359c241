//! Waiting for a connection: who opens it, who gets it, who is told that it failed.

use std::{
    convert::Infallible,
    future::pending,
    io,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, Error, OriginProxy, error::ErrorKind, pool::PoolSettings};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Channel, Empty, Full};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{sync::Semaphore, task::JoinHandle};
use tower::{ServiceExt, service_fn};

use crate::origin::Origin;

/// An in-memory origin whose connects wait for leave, and fail while they are told to.
#[derive(Clone)]
struct Gate {
    leave: Arc<Semaphore>,
    attempts: Arc<AtomicUsize>,
    refuses: bool,
}

impl Gate {
    fn new(refuses: bool) -> Self {
        Self {
            leave: Arc::new(Semaphore::new(0)),
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
                gate.leave.acquire().await.unwrap().forget();
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

fn visit(proxy: &OriginProxy) -> JoinHandle<(StatusCode, Option<Error>)> {
    tokio::spawn(get(proxy.clone()))
}

async fn until(holds: impl Fn() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_connect_outlives_the_client_who_asked_for_it() {
    let gate = Gate::new(false);
    let proxy = gate.proxy(PoolSettings::default());
    let first = visit(&proxy);
    until(|| proxy.pool_snapshot().open() == 1).await;
    let second = visit(&proxy);
    until(|| proxy.pool_snapshot().waiting() == 2).await;
    first.abort();
    until(|| proxy.pool_snapshot().waiting() == 1).await;
    gate.leave.add_permits(1);
    assert_eq!(second.await.unwrap().0, StatusCode::OK);
    assert_eq!(gate.attempts.load(SeqCst), 1);
}

#[tokio::test]
async fn a_connection_that_comes_when_nobody_waits_any_more_rests() {
    let gate = Gate::new(false);
    let proxy = gate.proxy(PoolSettings::default());
    let client = visit(&proxy);
    until(|| gate.attempts.load(SeqCst) == 1).await;
    client.abort();
    gate.leave.add_permits(1);
    until(|| proxy.pool_snapshot().idle() == 1).await;
    assert_eq!(get(proxy.clone()).await.0, StatusCode::OK);
    assert_eq!(gate.attempts.load(SeqCst), 1);
    let snapshot = proxy.pool_snapshot();
    assert_eq!((snapshot.open(), snapshot.waiting()), (1, 0));
}

#[tokio::test]
async fn a_failed_connect_is_told_at_once_to_all_for_whom_there_is_no_other() {
    let gate = Gate::new(true);
    let proxy = gate.proxy(PoolSettings::default());
    let clients: Vec<_> = (0..5).map(|_| visit(&proxy)).collect();
    until(|| proxy.pool_snapshot().waiting() == 5).await;
    gate.leave.add_permits(1);
    for client in clients {
        let (status, error) = client.await.unwrap();
        assert_eq!(status, StatusCode::BAD_GATEWAY);
        assert_eq!(error.unwrap().kind(), ErrorKind::ConnectionRefused);
    }
    assert_eq!(gate.attempts.load(SeqCst), 1);
    until(|| proxy.pool_snapshot().open() == 0).await;
}

#[tokio::test]
async fn a_failed_connect_whose_client_left_fails_nobody_later() {
    let gate = Gate::new(true);
    let proxy = gate.proxy(PoolSettings::default().max_connections(1));
    let client = visit(&proxy);
    until(|| gate.attempts.load(SeqCst) == 1).await;
    client.abort();
    gate.leave.add_permits(1);
    until(|| proxy.pool_snapshot().open() == 0).await;
    assert_eq!(proxy.pool_snapshot().waiting(), 0);
}

#[tokio::test]
async fn one_more_than_may_wait_is_503_at_once() {
    let origin = Origin::http1(|_, _| pending()).await;
    let settings = PoolSettings::default().max_connections(1).max_queued(1);
    let proxy = OriginProxy::new(origin.connector()).pool(settings);
    let served = visit(&proxy);
    origin
        .until(|counts| counts.requests.load(SeqCst) == 1)
        .await;
    let waiting = visit(&proxy);
    until(|| proxy.pool_snapshot().waiting() == 1).await;
    let (status, error) = get(proxy.clone()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(error.unwrap().kind(), ErrorKind::PoolExhausted);
    served.abort();
    waiting.abort();
    until(|| proxy.pool_snapshot().waiting() == 0).await;
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_stalls_is_given_up_one_deadline_after_its_last_move() {
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
    let proxy = OriginProxy::new(connector).response_timeout(DEADLINE);
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
