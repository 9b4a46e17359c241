//! A primary origin and its backups: who is asked when, and how one that failed comes back.

use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU16, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy,
    error::Stage,
    group::{Ejection, OriginGroup, OriginState},
    pool::{PoolSettings, RetryBudget},
};
use futures_util::future::join_all;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::AbortHandle,
    time::MissedTickBehavior,
};
use tower::ServiceExt;

use crate::tls_facts::Log;

/// As many requests as can be in a site at a time.
const GATE: usize = 1000;

/// An origin that can be killed, with all its connections, and brought back.
#[derive(Clone)]
struct Site(Arc<Inner>);

struct Inner {
    name: &'static str,
    dead: AtomicBool,
    /// Takes requests and hangs up.
    hangs_up: AtomicBool,
    /// Takes requests and never answers.
    hangs: AtomicBool,
    status: AtomicU16,
    requests: AtomicUsize,
    /// Requests wait for it.
    gate: Semaphore,
    connections: Mutex<Vec<AbortHandle>>,
}

impl Site {
    fn new(name: &'static str) -> Self {
        Self(Arc::new(Inner {
            name,
            dead: AtomicBool::new(false),
            hangs_up: AtomicBool::new(false),
            hangs: AtomicBool::new(false),
            status: AtomicU16::new(200),
            requests: AtomicUsize::new(0),
            gate: Semaphore::new(GATE),
            connections: Mutex::default(),
        }))
    }

    fn kill(&self) {
        self.0.dead.store(true, SeqCst);
        let connections = std::mem::take(&mut *self.0.connections.lock().unwrap());
        connections.iter().for_each(AbortHandle::abort);
    }

    fn revive(&self) {
        self.0.dead.store(false, SeqCst);
    }

    fn answer_with(&self, status: StatusCode) {
        self.0.status.store(status.as_u16(), SeqCst);
    }

    fn requests(&self) -> usize {
        self.0.requests.load(SeqCst)
    }

    fn serve(&self, io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let site = self.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let site = site.clone();
            async move { site.answer(request).await }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
        let task = tokio::spawn(async move { drop(connection.await) });
        let mut connections = self.0.connections.lock().unwrap();
        connections.push(task.abort_handle());
    }

    /// Its name, and what was sent.
    async fn answer(&self, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
        self.0.requests.fetch_add(1, SeqCst);
        let body = request.into_body().collect().await;
        let body = body.map_err(io::Error::other)?.to_bytes();
        let leave = self.0.gate.acquire().await;
        drop(leave);
        if self.0.hangs.load(SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.0.hangs_up.load(SeqCst) {
            return Err(io::Error::other("it hangs up"));
        }
        let said = [self.0.name.as_bytes(), &body].concat();
        let response = Response::builder().status(self.0.status.load(SeqCst));
        Ok(response.body(Full::from(said)).unwrap())
    }

    fn check(&self) -> io::Result<()> {
        match self.0.dead.load(SeqCst) {
            true => Err(io::ErrorKind::ConnectionRefused.into()),
            false => Ok(()),
        }
    }

    /// A proxy to it, in memory.
    fn proxy(&self) -> OriginProxy {
        let site = self.clone();
        let transport = tower::service_fn(move |_: Uri| {
            let site = site.clone();
            async move {
                site.check()?;
                let (near, far) = tokio::io::duplex(4096);
                site.serve(far);
                Ok::<_, io::Error>(TokioIo::new(near))
            }
        });
        proxy_over(transport)
    }

    /// A proxy to it, over loopback. The dead refuse without leaving their port to others.
    async fn proxy_by_tcp(&self) -> OriginProxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address: SocketAddr = listener.local_addr().unwrap();
        let site = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                site.serve(stream);
            }
        });
        let site = self.clone();
        let transport = tower::service_fn(move |_: Uri| {
            let site = site.clone();
            async move {
                site.check()?;
                Ok::<_, io::Error>(TokioIo::new(TcpStream::connect(address).await?))
            }
        });
        proxy_over(transport)
    }
}

fn proxy_over<S, T, F>(transport: S) -> OriginProxy
where
    S: tower::Service<Uri, Response = TokioIo<T>, Error = io::Error, Future = F>
        + Clone
        + Send
        + Sync
        + 'static,
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    F: Send + 'static,
{
    let connector = CdnOriginConnector::builder("http://origin.example").transport(transport);
    OriginProxy::new(connector.build().unwrap())
}

/// Status and text of the answer.
async fn ask(group: &OriginGroup, method: Method, body: &'static str) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri("/");
    let request = request.header("host", "client.test");
    let Ok(response) = match body {
        "" => {
            let request = request.body(Empty::<Bytes>::new()).unwrap();
            group.clone().oneshot(request).await
        }
        body => {
            let request = request.body(Full::<Bytes>::from(body)).unwrap();
            group.clone().oneshot(request).await
        }
    };
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn get(group: &OriginGroup) -> String {
    ask(group, Method::GET, "").await.1
}

fn group(primary: &Site, backup: &Site) -> OriginGroup {
    OriginGroup::new(primary.proxy()).fall_back_to(backup.proxy())
}

#[tokio::test]
async fn a_primary_that_is_killed_under_load_costs_no_idempotent_request_and_returns_by_itself() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let moment = Duration::from_millis(50);
    let group = OriginGroup::new(primary.proxy_by_tcp().await)
        .fall_back_to(backup.proxy_by_tcp().await)
        .ejection(Ejection::default().time(moment).longest(moment));
    let methods = [
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::PUT,
        Method::DELETE,
    ];
    let began = std::time::Instant::now();
    let mut rate = tokio::time::interval(Duration::from_millis(2));
    // A machine that is busy with other things must not make the origin lose more requests at once than the retry budget allows.
    rate.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let at_once = Arc::new(Semaphore::new(50));
    let mut asked = Vec::new();
    let mut number = 0;
    let mut next = async || {
        rate.tick().await;
        let place = at_once.clone().acquire_owned().await.unwrap();
        number += 1;
        let (group, method) = (group.clone(), methods[number % methods.len()].clone());
        asked.push(tokio::spawn(async move {
            let answer = ask(&group, method.clone(), "").await;
            drop(place);
            (method, answer)
        }));
    };

    while primary.requests() < 500 {
        next().await;
    }
    primary.kill();
    while backup.requests() < 500 {
        next().await;
    }
    assert!(group.health()[0].ejections() > 0);
    primary.revive();
    while group.health()[0].state() != OriginState::Serving {
        next().await;
    }
    let before = primary.requests();
    while primary.requests() < before + 100 {
        next().await;
    }

    let (count, time) = (asked.len(), began.elapsed());
    for outcome in join_all(asked).await {
        let (method, (status, text)) = outcome.unwrap();
        assert_eq!(status, StatusCode::OK, "{method}: {text}");
    }
    println!("{count} requests in {time:?}");
}

#[tokio::test]
async fn what_was_not_written_goes_to_the_backup_whole_whatever_its_method() {
    let (primary, backup) = (Site::new("primary "), Site::new("backup "));
    let group = group(&primary, &backup);
    primary.kill();

    let answer = ask(&group, Method::POST, "content").await;

    assert_eq!(answer, (StatusCode::OK, String::from("backup content")));
    assert_eq!(group.health()[0].failures(), 1);
    assert_eq!(group.health()[1].failures(), 0);
}

#[tokio::test]
async fn what_may_have_been_seen_is_sent_again_only_if_it_is_idempotent_and_whole() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = group(&primary, &backup).ejection(Ejection::default().failures(100));
    primary.0.hangs_up.store(true, SeqCst);

    for method in [Method::GET, Method::PUT, Method::DELETE] {
        assert_eq!(ask(&group, method, "").await.1, "backup");
    }
    let seen = backup.requests();
    for (method, body) in [(Method::POST, ""), (Method::POST, "a"), (Method::PUT, "b")] {
        let (status, _) = ask(&group, method, body).await;
        assert_eq!(status, StatusCode::BAD_GATEWAY);
    }
    assert_eq!(backup.requests(), seen);
}

#[tokio::test]
async fn a_failing_status_is_retried_at_the_next_origin_for_safe_methods_only() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = group(&primary, &backup).ejection(Ejection::default().failures(100));
    for status in [500, 502, 503, 504] {
        let status = StatusCode::from_u16(status).unwrap();
        primary.answer_with(status);
        assert_eq!(get(&group).await, "backup");
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let answer = ask(&group, method, "").await;
            assert_eq!(answer, (status, String::from("primary")));
        }
    }
    assert_eq!(group.health()[0].consecutive_failures(), 16);

    primary.answer_with(StatusCode::NOT_FOUND);
    let answer = ask(&group, Method::GET, "").await;
    assert_eq!(
        answer,
        (StatusCode::NOT_FOUND, String::from("primary")),
        "no failure"
    );
    assert_eq!(group.health()[0].consecutive_failures(), 0);
}

#[tokio::test]
async fn other_statuses_may_be_chosen_and_a_404_says_nothing_of_health() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = group(&primary, &backup)
        .fail_over_on([StatusCode::NOT_FOUND])
        .ejection(Ejection::default().failures(1));
    primary.answer_with(StatusCode::NOT_FOUND);
    assert_eq!(get(&group).await, "backup");
    assert_eq!(group.health()[0].state(), OriginState::Serving);
    primary.answer_with(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(get(&group).await, "primary");
}

#[tokio::test(start_paused = true)]
async fn an_origin_is_ejected_after_five_failures_and_returns_by_one_request_at_a_time() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = group(&primary, &backup);
    primary.answer_with(StatusCode::INTERNAL_SERVER_ERROR);
    for _ in 0..10 {
        assert_eq!(get(&group).await, "backup");
    }
    assert_eq!(primary.requests(), 5, "the others did not get there");
    assert_eq!(group.health()[0].state(), OriginState::Ejected);

    primary.answer_with(StatusCode::OK);
    let closed = primary.0.gate.acquire_many(GATE as u32);
    let closed = closed.await.unwrap();
    tokio::time::advance(Duration::from_secs(30)).await;
    let trial = tokio::spawn({
        let group = group.clone();
        async move { get(&group).await }
    });
    while primary.requests() < 6 {
        tokio::task::yield_now().await;
    }
    let others = join_all((0..10).map(|_| get(&group))).await;
    assert!(others.iter().all(|it| it == "backup"), "{others:?}");
    assert_eq!(group.health()[0].state(), OriginState::Returning);
    drop(closed);
    assert_eq!(trial.await.unwrap(), "primary");

    for _ in 0..2 {
        assert_eq!(group.health()[0].state(), OriginState::Returning);
        assert_eq!(get(&group).await, "primary");
    }
    assert_eq!(group.health()[0].state(), OriginState::Serving);
}

#[tokio::test(start_paused = true)]
async fn requests_that_hung_before_an_ejection_do_not_eject_an_origin_that_has_returned() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = group(&primary, &backup);
    primary.0.hangs.store(true, SeqCst);
    let hung: Vec<_> = (0..5)
        .map(|_| {
            let group = group.clone();
            tokio::spawn(async move { get(&group).await })
        })
        .collect();
    while primary.requests() < 5 {
        tokio::task::yield_now().await;
    }
    primary.0.hangs.store(false, SeqCst);
    primary.0.hangs_up.store(true, SeqCst);
    for _ in 0..5 {
        assert_eq!(get(&group).await, "backup");
    }
    assert_eq!(group.health()[0].state(), OriginState::Ejected);

    primary.0.hangs_up.store(false, SeqCst);
    tokio::time::advance(Duration::from_secs(31)).await;
    for _ in 0..3 {
        assert_eq!(get(&group).await, "primary");
    }
    assert_eq!(group.health()[0].state(), OriginState::Serving);

    for timed_out in join_all(hung).await {
        drop(timed_out.unwrap());
    }
    let health = group.health()[0];
    assert_eq!(health.state(), OriginState::Serving);
    assert_eq!((health.ejections(), health.failures()), (1, 10));
    assert_eq!(get(&group).await, "primary");
}

#[tokio::test]
async fn where_all_are_ejected_all_are_asked_in_order_and_the_last_answer_is_passed_on() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = group(&primary, &backup).ejection(Ejection::default().failures(1));
    primary.answer_with(StatusCode::INTERNAL_SERVER_ERROR);
    backup.answer_with(StatusCode::SERVICE_UNAVAILABLE);
    for count in 1..4 {
        let answer = ask(&group, Method::GET, "").await;
        assert_eq!(
            answer,
            (StatusCode::SERVICE_UNAVAILABLE, String::from("backup"))
        );
        assert_eq!((primary.requests(), backup.requests()), (count, count));
    }
    primary.answer_with(StatusCode::OK);
    assert_eq!(get(&group).await, "primary");
}

#[tokio::test]
async fn the_retry_budget_bounds_what_may_have_been_seen_and_nothing_else() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let settings = PoolSettings::default().retry_budget(RetryBudget::none());
    let proxy = primary.proxy().pool(settings);
    let group = OriginGroup::new(proxy)
        .fall_back_to(backup.proxy())
        .ejection(Ejection::default().failures(100));
    primary.answer_with(StatusCode::BAD_GATEWAY);
    assert_eq!(get(&group).await, "primary");
    primary.0.hangs_up.store(true, SeqCst);
    let (status, _) = ask(&group, Method::GET, "").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert_eq!(backup.requests(), 0);
    primary.kill();
    assert_eq!(get(&group).await, "backup");
}

#[tokio::test]
async fn what_a_client_got_wrong_is_answered_at_once_and_says_nothing_of_the_origin() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = group(&primary, &backup).ejection(Ejection::default().failures(1));
    let request = Request::get("/").header("host", "not a host");
    let request = request.body(Empty::<Bytes>::new()).unwrap();

    let Ok::<_, Infallible>(response) = group.clone().oneshot(request).await;

    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(response.extensions().get::<Error>().is_some());
    assert_eq!((primary.requests(), backup.requests()), (0, 0));
    assert_eq!(group.health()[0].failures(), 0);
}

#[tokio::test]
async fn a_failure_is_a_warning_only_where_the_client_gets_it() {
    let (log, _guard) = Log::down_to(tracing::Level::INFO);
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let proxy = primary.proxy();
    let group = group(&primary, &backup);
    let told = |from: usize| {
        let text = log.text()[from..].to_owned();
        let lines = text.lines().filter(|line| line.contains("request failed"));
        let levels = lines.map(|line| {
            assert!(line.contains("diagnosis="), "{line}");
            line.split_whitespace().nth(1).unwrap().to_owned()
        });
        levels.collect::<Vec<_>>()
    };
    primary.kill();

    assert_eq!(get(&group).await, "backup");
    assert_eq!(told(0), ["INFO"]);

    let before = log.text().len();
    backup.kill();
    let (status, _) = ask(&group, Method::GET, "").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert_eq!(told(before), ["INFO", "WARN"]);

    let before = log.text().len();
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = proxy.oneshot(request).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(told(before), ["WARN"], "without a group");
}

#[tokio::test]
async fn a_group_is_warmed_retired_and_drained_as_a_whole() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let warm = PoolSettings::default().min_idle(2);
    let group = OriginGroup::new(primary.proxy().pool(warm.clone()))
        .fall_back_to(backup.proxy().pool(warm));
    let idle = || {
        group
            .origins()
            .map(|it| it.pool_snapshot().idle())
            .sum::<usize>()
    };

    group.prewarm().await.unwrap();
    assert_eq!(idle(), 4);
    group.retire_connections();
    assert_eq!(idle(), 0);
    backup.kill();
    let error = group.prewarm().await.unwrap_err();
    assert_eq!(error.stage(), Stage::Dial);
    assert_eq!(idle(), 2, "the primary was warmed all the same");

    let closed = primary.0.gate.acquire_many(GATE as u32);
    let closed = closed.await.unwrap();
    let present = tokio::spawn({
        let group = group.clone();
        async move { get(&group).await }
    });
    while primary.requests() < 1 {
        tokio::task::yield_now().await;
    }
    let mut drained = pin!(group.drain());
    assert!(futures_util::poll!(&mut drained).is_pending());
    let (status, _) = ask(&group, Method::GET, "").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    drop(closed);
    drained.await;
    assert_eq!(present.await.unwrap(), "primary");
    assert_eq!(group.health()[0].failures(), 0);
}
