//! The pool's tasks: they end with the pool, and run in the span of whom they work for.

use std::{
    convert::Infallible,
    future::pending,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, OriginProxy, pool::PoolSettings};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{io::DuplexStream, runtime::Handle, task::yield_now};
use tower::ServiceExt;
use tracing::{Event, Instrument, Subscriber, info_span};
use tracing_subscriber::{
    layer::{Context, Layer, SubscriberExt},
    registry::LookupSpan,
};

/// Whether connects to the origin succeed.
#[derive(Clone, Copy)]
enum Connects {
    Succeed,
    Fail,
    Hang,
}

async fn connect(connects: Connects) -> io::Result<TokioIo<DuplexStream>> {
    match connects {
        Connects::Succeed => {}
        Connects::Fail => return Err(io::ErrorKind::ConnectionRefused.into()),
        Connects::Hang => pending().await,
    }
    let (near, far) = tokio::io::duplex(1024);
    let service = service_fn(|_: Request<Incoming>| async {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("ok")))
    });
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(far), service));
    Ok(TokioIo::new(near))
}

fn proxy(connects: Connects, settings: PoolSettings) -> OriginProxy {
    let transport = tower::service_fn(move |_: Uri| connect(connects));
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(transport)
        .build()
        .unwrap();
    OriginProxy::new(connector).pool(settings)
}

async fn get(proxy: &OriginProxy) -> StatusCode {
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    let status = response.status();
    response.into_body().collect().await.unwrap();
    status
}

fn tasks() -> usize {
    Handle::current().metrics().num_alive_tasks()
}

/// Lets all tasks run that can, while no time passes.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

/// Drops the pool, and checks that it had tasks, none of which is left.
async fn ends_with_the_pool(proxy: OriginProxy) {
    settle().await;
    assert!(tasks() > 0);
    drop(proxy);
    settle().await;
    assert_eq!(tasks(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_idle_reaper_ends_with_the_pool_however_long_the_timeout_is() {
    for timeout in [Duration::from_secs(45), Duration::MAX] {
        let proxy = proxy(
            Connects::Succeed,
            PoolSettings::default().idle_timeout(timeout),
        );
        assert_eq!(get(&proxy).await, StatusCode::OK);
        ends_with_the_pool(proxy).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_dns_watch_ends_with_the_pool() {
    let settings = PoolSettings::default().follow_dns(Duration::MAX);
    let proxy = proxy(Connects::Succeed, settings);
    assert_eq!(get(&proxy).await, StatusCode::OK);
    ends_with_the_pool(proxy).await;
}

#[tokio::test(start_paused = true)]
async fn prewarming_ends_with_the_pool_while_it_pauses() {
    let proxy = proxy(Connects::Fail, PoolSettings::default().min_idle(2));
    assert!(proxy.prewarm().await.is_err());
    assert_eq!(get(&proxy).await, StatusCode::BAD_GATEWAY);
    ends_with_the_pool(proxy).await;
}

#[tokio::test(start_paused = true)]
async fn prewarming_ends_with_the_pool_while_it_connects() {
    let proxy = proxy(Connects::Hang, PoolSettings::default().min_idle(2));
    let prewarm = tokio::spawn(proxy.prewarm());
    let request = tokio::spawn({
        let proxy = proxy.clone();
        async move { get(&proxy).await }
    });
    settle().await;
    prewarm.abort();
    request.abort();
    ends_with_the_pool(proxy).await;
}

#[tokio::test(start_paused = true)]
async fn a_connect_that_hangs_ends_with_the_pool() {
    let proxy = proxy(Connects::Hang, PoolSettings::default());
    let request = tokio::spawn({
        let proxy = proxy.clone();
        async move { get(&proxy).await }
    });
    settle().await;
    request.abort();
    ends_with_the_pool(proxy).await;
}

/// Records the innermost span of each event of the pool, apart from the crate's own spans.
#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<&'static str>>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let is_of_test = event.metadata().target() == module_path!();
        let is_of_pool = event.metadata().target().contains("::pool::");
        let mut scope = context.event_scope(event).into_iter().flatten();
        let is_own = |target: &str| target == "cdn_origin::spans";
        if let Some(span) = scope.find(|span| !is_own(span.metadata().target()))
            && (is_of_test || is_of_pool)
        {
            self.0.lock().unwrap().push(span.name());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connect_runs_in_the_span_of_its_request_and_a_task_of_the_pool_in_that_of_the_pool() {
    let spans = Spans::default();
    let subscriber = tracing_subscriber::registry().with(spans.clone());
    let _default = crate::tls_facts::subscribe(subscriber);
    let transport = tower::service_fn(|_: Uri| async {
        tracing::info!("connecting");
        connect(Connects::Fail).await
    });
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(transport)
        .build()
        .unwrap();
    let settings = PoolSettings::default().min_idle(1);
    let proxy = info_span!("pool").in_scope(|| OriginProxy::new(connector).pool(settings));
    let taken = || std::mem::take(&mut *spans.0.lock().unwrap());

    let prewarm = proxy.prewarm().instrument(info_span!("prewarm"));
    assert!(prewarm.await.is_err());
    assert_eq!(taken(), ["prewarm"]);

    let request = get(&proxy).instrument(info_span!("request"));
    assert_eq!(request.await, StatusCode::BAD_GATEWAY);
    settle().await;
    let mut both = taken();
    both.sort_unstable();
    // The request's connect; that of the prewarming, and its failure.
    assert_eq!(both, ["pool", "pool", "request"]);
}
