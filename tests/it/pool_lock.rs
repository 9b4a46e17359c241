//! Foreign code and the pool's lock: transports, bodies, wakers and subscribers may call the pool,
//! and a transport may panic.

use std::{
    convert::Infallible,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    sync::{Arc, Mutex, OnceLock, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{CdnOriginConnector, OriginProxy, pool::PoolSettings};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{
    body::{Body, Frame, Incoming},
    rt::{Read, ReadBufCursor, Write},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::DuplexStream,
    net::TcpStream,
    task::{JoinSet, yield_now},
};
use tower::ServiceExt;
use tracing_subscriber::layer::{Context as LayerContext, Layer, SubscriberExt};

use crate::origin::Origin;

/// What a stream does besides reading and writing.
trait Behaviour: Clone + Send + Sync + Unpin + 'static {
    fn on_read(&self, cx: &Context<'_>);
    fn on_write(&self);
    fn on_shutdown(&self);
    fn on_drop(&self);
}

/// A custom transport's stream.
struct Stream<T, B: Behaviour> {
    io: TokioIo<T>,
    behaviour: B,
}

impl<T, B: Behaviour> Stream<T, B> {
    fn io(self: Pin<&mut Self>) -> Pin<&mut TokioIo<T>>
    where
        T: Unpin,
    {
        Pin::new(&mut self.get_mut().io)
    }
}

impl<T, B> Read for Stream<T, B>
where
    T: tokio::io::AsyncRead + Unpin,
    B: Behaviour,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        self.behaviour.on_read(cx);
        self.io().poll_read(cx, buf)
    }
}

impl<T, B> Write for Stream<T, B>
where
    T: tokio::io::AsyncWrite + Unpin,
    B: Behaviour,
{
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.behaviour.on_write();
        self.io().poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.behaviour.on_shutdown();
        self.io().poll_shutdown(cx)
    }
}

impl<T, B: Behaviour> Drop for Stream<T, B> {
    fn drop(&mut self) {
        self.behaviour.on_drop();
    }
}

/// A stream whose other end answers every request with 200, in memory.
fn in_memory<B: Behaviour>(behaviour: B) -> Stream<DuplexStream, B> {
    let (near, far) = tokio::io::duplex(1024);
    let service = service_fn(|request: Request<Incoming>| async {
        let _ = request.into_body().collect().await;
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("ok")))
    });
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(far), service));
    let io = TokioIo::new(near);
    Stream { io, behaviour }
}

async fn get(proxy: OriginProxy) -> StatusCode {
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = proxy.oneshot(request).await;
    let status = response.status();
    let _ = response.into_body().collect().await;
    status
}

async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            yield_now().await;
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    outcome.expect("it does not come true");
}

/// Where a stream panics once it is armed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    Read,
    Write,
    Shutdown,
    Drop,
    /// While it is read, and when it is dropped after that.
    ReadAndDrop,
}

/// Panics once it is armed, and keeps the waker of the last read.
#[derive(Clone, Default)]
struct Panicking(Arc<Mutex<(Option<Fault>, Option<Waker>)>>);

impl Panicking {
    fn arm(&self, fault: Fault) {
        let waker = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.0 = Some(fault);
            state.1.take()
        };
        // The stream looks as if something had arrived.
        waker.expect("the stream was read").wake();
    }

    fn panic_at(&self, faults: &[Fault]) {
        let armed = self.0.lock().unwrap_or_else(PoisonError::into_inner).0;
        if armed.is_some_and(|armed| faults.contains(&armed)) {
            panic!("a bug in a custom transport");
        }
    }
}

impl Behaviour for Panicking {
    fn on_read(&self, cx: &Context<'_>) {
        self.panic_at(&[Fault::Read, Fault::ReadAndDrop]);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 = Some(cx.waker().clone());
    }

    fn on_write(&self) {
        self.panic_at(&[Fault::Write]);
    }

    fn on_shutdown(&self) {
        self.panic_at(&[Fault::Shutdown]);
    }

    fn on_drop(&self) {
        self.panic_at(&[Fault::Drop, Fault::ReadAndDrop]);
    }
}

/// A proxy over streams in memory, and the behaviour of each stream that was opened.
fn panicking(settings: PoolSettings) -> (OriginProxy, Arc<Mutex<Vec<Panicking>>>) {
    let opened = Arc::new(Mutex::new(Vec::new()));
    let streams = opened.clone();
    let transport = tower::service_fn(move |_: Uri| {
        let behaviour = Panicking::default();
        streams.lock().unwrap().push(behaviour.clone());
        async move { Ok::<_, Infallible>(in_memory(behaviour)) }
    });
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(transport)
        .build()
        .unwrap();
    (OriginProxy::new(connector).pool(settings), opened)
}

#[tokio::test]
async fn a_stream_that_panics_while_it_is_idle_costs_its_connection_only() {
    // The pool looks at the idle connection when a request comes, or in its reaper.
    for by_reaper in [false, true] {
        for fault in [
            Fault::Read,
            Fault::Shutdown,
            Fault::Drop,
            Fault::ReadAndDrop,
        ] {
            let settings = PoolSettings::default().max_connections(1);
            let (proxy, opened) = panicking(settings);
            assert_eq!(get(proxy.clone()).await, StatusCode::OK);
            until(|| proxy.snapshot().pool.idle == 1).await;
            opened.lock().unwrap()[0].arm(fault);
            if by_reaper && fault != Fault::Shutdown && fault != Fault::Drop {
                until(|| proxy.snapshot().pool.open == 0).await;
            }
            for _ in 0..3 {
                assert_eq!(get(proxy.clone()).await, StatusCode::OK, "{fault:?}");
            }
            proxy.retire_connections();
            until(|| proxy.snapshot().pool.open == 0).await;
            let pool = proxy.snapshot().pool;
            assert_eq!(pool.opened, pool.closed_total(), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_stream_that_panics_under_a_request_costs_that_request_only() {
    for fault in [Fault::Write, Fault::Read] {
        let settings = PoolSettings::default().max_connections(1);
        let (proxy, opened) = panicking(settings);
        assert_eq!(get(proxy.clone()).await, StatusCode::OK);
        until(|| proxy.snapshot().pool.idle == 1).await;
        // One request waits for the other's connection.
        let requests = [(); 2].map(|()| tokio::spawn(get(proxy.clone())));
        opened.lock().unwrap()[0].arm(fault);
        let mut panicked = 0;
        for request in requests {
            match request.await {
                Ok(status) => assert_eq!(status, StatusCode::OK),
                Err(error) => panicked += usize::from(error.is_panic()),
            }
        }
        assert!(panicked <= 1, "{fault:?}");
        assert_eq!(get(proxy.clone()).await, StatusCode::OK, "{fault:?}");
        assert_eq!(proxy.snapshot().pool.open, 1);
    }
}

/// Asks the pool for a snapshot: under the pool's lock, this would block forever, and panics in
/// debug builds.
#[derive(Clone, Default)]
struct Reentrant {
    proxy: Arc<OnceLock<OriginProxy>>,
    calls: Arc<Mutex<u64>>,
}

impl Reentrant {
    fn call(&self) {
        if let Some(proxy) = self.proxy.get() {
            let _ = proxy.snapshot().pool;
            *self.calls.lock().unwrap() += 1;
        }
    }

    fn calls(&self) -> u64 {
        *self.calls.lock().unwrap()
    }
}

impl Behaviour for Reentrant {
    fn on_read(&self, _: &Context<'_>) {
        self.call();
    }

    fn on_write(&self) {
        self.call();
    }

    fn on_shutdown(&self) {
        self.call();
    }

    fn on_drop(&self) {
        self.call();
    }
}

impl<S: tracing::Subscriber> Layer<S> for Reentrant {
    fn on_event(&self, _: &tracing::Event<'_>, _: LayerContext<'_, S>) {
        self.call();
    }
}

/// A request body that calls the pool when it is polled or dropped. It is polled under the lock of
/// its upload, which comes before the pool's.
struct ReentrantBody {
    calls: Reentrant,
    frames: usize,
}

impl Body for ReentrantBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.calls.call();
        if self.frames == 0 {
            return Poll::Ready(None);
        }
        self.frames -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"some")))))
    }
}

impl Drop for ReentrantBody {
    fn drop(&mut self) {
        self.calls.call();
    }
}

/// An upload whose body calls the pool.
async fn put(proxy: OriginProxy, calls: Reentrant) -> StatusCode {
    let body = ReentrantBody { calls, frames: 3 };
    let request = Request::put("/").header("host", "client.test");
    let Ok(response) = proxy.oneshot(request.body(body).unwrap()).await;
    let status = response.status();
    let _ = response.into_body().collect().await;
    status
}

/// A waker that calls the pool before it wakes.
struct ReentrantWaker(Reentrant, Waker);

impl Wake for ReentrantWaker {
    fn wake(self: Arc<Self>) {
        self.0.call();
        self.1.wake_by_ref();
    }
}

/// Polls a future with a waker that calls the pool.
async fn woken_by<T>(calls: Reentrant, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let waker = ReentrantWaker(calls.clone(), cx.waker().clone());
        let waker = Waker::from(Arc::new(waker));
        future.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await
}

/// Requests that are queued, cancelled, retired and reaped, in a pool that is too small for them.
async fn rush_hour(proxy: &OriginProxy, foreign: &Reentrant) {
    foreign.proxy.set(proxy.clone()).ok().unwrap();
    for round in 0..10 {
        let mut requests = JoinSet::new();
        for _ in 0..10 {
            requests.spawn(woken_by(foreign.clone(), get(proxy.clone())));
            let upload = put(proxy.clone(), foreign.clone());
            requests.spawn(woken_by(foreign.clone(), upload));
        }
        let cancelled = requests.spawn(woken_by(foreign.clone(), get(proxy.clone())));
        for _ in 0..round {
            yield_now().await;
        }
        cancelled.abort();
        if round % 3 == 0 {
            proxy.retire_connections();
        }
        while let Some(request) = requests.join_next().await {
            match request {
                Ok(status) => assert_eq!(status, StatusCode::OK),
                Err(error) => assert!(error.is_cancelled(), "{error}"),
            }
        }
    }
    // The idle timeout closes the last ones.
    until(|| proxy.snapshot().pool.open == 0).await;
}

fn small() -> PoolSettings {
    PoolSettings::default()
        .max_connections(3)
        .max_idle(2)
        .max_uses(7)
        .idle_timeout(Duration::from_millis(50))
        .queue_timeout(Duration::from_secs(20))
}

#[tokio::test]
async fn transports_bodies_wakers_and_subscribers_may_call_the_pool_over_http1() {
    let foreign = Reentrant::default();
    let subscriber = tracing_subscriber::registry().with(foreign.clone());
    let _default = crate::tls_facts::subscribe(subscriber);
    let behaviour = foreign.clone();
    let transport = tower::service_fn(move |_: Uri| {
        let behaviour = behaviour.clone();
        async move { Ok::<_, Infallible>(in_memory(behaviour)) }
    });
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(transport)
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector).pool(small());
    rush_hour(&proxy, &foreign).await;
    assert!(foreign.calls() > 1_000, "{}", foreign.calls());
}

#[tokio::test]
async fn transports_bodies_wakers_and_subscribers_may_call_the_pool_over_http2() {
    let foreign = Reentrant::default();
    let subscriber = tracing_subscriber::registry().with(foreign.clone());
    let _default = crate::tls_facts::subscribe(subscriber);
    let origin = Origin::http2(4, |_, request| async {
        let _ = request.into_body().collect().await;
        Response::new(Full::from("ok"))
    })
    .await;
    let (behaviour, address) = (foreign.clone(), origin.address());
    let transport = tower::service_fn(move |_: Uri| {
        let behaviour = behaviour.clone();
        async move {
            let stream = TcpStream::connect(address).await?;
            let io = TokioIo::new(stream);
            Ok::<_, io::Error>(Stream { io, behaviour })
        }
    });
    let builder = origin.connector().to_builder().transport(transport);
    let proxy = OriginProxy::new(builder.build().unwrap()).pool(small());
    rush_hour(&proxy, &foreign).await;
    assert!(foreign.calls() > 1_000, "{}", foreign.calls());
}

/// Counts the reads, and keeps the waker of the last one.
#[derive(Clone, Default)]
struct Waking(Arc<Mutex<(u64, Option<Waker>)>>);

impl Behaviour for Waking {
    fn on_read(&self, cx: &Context<'_>) {
        let mut state = self.0.lock().unwrap();
        state.0 += 1;
        state.1 = Some(cx.waker().clone());
    }

    fn on_write(&self) {}

    fn on_shutdown(&self) {}

    fn on_drop(&self) {}
}

#[tokio::test(start_paused = true)]
async fn an_idle_stream_that_wakes_all_the_time_is_read_a_few_times_a_second() {
    let stream = Waking::default();
    let behaviour = stream.clone();
    let transport = tower::service_fn(move |_: Uri| {
        let behaviour = behaviour.clone();
        async move { Ok::<_, Infallible>(in_memory(behaviour)) }
    });
    let connector = CdnOriginConnector::builder("http://origin.example")
        .transport(transport)
        .build()
        .unwrap();
    let proxy = OriginProxy::new(connector);
    assert_eq!(get(proxy.clone()).await, StatusCode::OK);
    until(|| proxy.snapshot().pool.idle == 1).await;
    let before = stream.0.lock().unwrap().0;

    // A session ticket that arrives wakes a stream as well, and is no reason to close it.
    for _ in 0..10_000 {
        let waker = stream.0.lock().unwrap().1.clone();
        waker.expect("the stream was read").wake();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    let reads = stream.0.lock().unwrap().0 - before;
    assert!((10..=110).contains(&reads), "{reads} in ten seconds");
    assert_eq!(proxy.snapshot().pool.idle, 1);
}
