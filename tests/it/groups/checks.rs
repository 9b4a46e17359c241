//! Health checks: what is sent, when a member is out, and when it is back.

use std::{
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, ErrorKind, HostRewriteLayer,
    error::Stage,
    group::{CheckOutcome, HealthCheck, Member, MemberState, OriginGroup},
    pool::PoolSettings,
};
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::sync::Notify;

use super::{Site, get};
use crate::tls_facts::Log;

fn check() -> HealthCheck {
    HealthCheck::get("/healthz").interval(Duration::from_secs(1))
}

fn group(sites: &[Site], check: HealthCheck) -> OriginGroup {
    let group = OriginGroup::builder().tier(sites.iter().map(Site::member));
    group.health_check(check).build().unwrap()
}

fn states(group: &OriginGroup) -> Vec<MemberState> {
    let members = group.snapshot().into_iter();
    members.map(|it| it.state).collect()
}

/// Waits for the state of the first member. The clock is paused, and so runs ahead.
async fn until(group: &OriginGroup, state: MemberState) {
    while states(group)[0] != state {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_member_whose_checks_fail_gets_no_requests_until_they_pass() {
    let (log, _guard) = Log::down_to(tracing::Level::INFO);
    let sites = [Site::new("a"), Site::new("b")];
    let group = group(&sites, check().rise(2).fall(3));
    sites[0].answer_with(StatusCode::SERVICE_UNAVAILABLE);
    until(&group, MemberState::Down).await;
    let last = group.snapshot()[0].last_check.clone();
    let refused = StatusCode::SERVICE_UNAVAILABLE;
    assert!(matches!(last, Some(CheckOutcome::UnexpectedStatus(it)) if it == refused));
    for _ in 0..20 {
        assert_eq!(get(&group).await, "b");
    }

    sites[0].answer_with(StatusCode::NO_CONTENT);
    until(&group, MemberState::Serving).await;
    let began = tokio::time::Instant::now();
    sites[0].kill();
    until(&group, MemberState::Down).await;
    assert!(
        began.elapsed() > Duration::from_millis(1800),
        "three checks"
    );
    let last = group.snapshot()[0].last_check.clone();
    assert!(matches!(last, Some(CheckOutcome::Failed(_))), "{last:?}");
    assert_eq!(states(&group)[1], MemberState::Serving);
    let text = log.text();
    assert!(
        text.contains("health checks failed: origin is down"),
        "{text}"
    );
    assert!(
        text.contains("health checks passed: origin is up"),
        "{text}"
    );
    assert!(!text.contains("request failed"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_member_that_hangs_is_down_and_where_all_are_down_all_are_tried() {
    let sites = [Site::new("a")];
    let (log, _guard) = Log::down_to(tracing::Level::INFO);
    let group = group(&sites, check().timeout(Duration::from_millis(500)));
    sites[0].0.hangs.store(true, SeqCst);
    until(&group, MemberState::Down).await;
    let last = group.snapshot()[0].last_check.clone();
    let Some(CheckOutcome::Failed(error)) = &last else {
        panic!("{last:?}");
    };
    assert_eq!(
        (error.kind(), error.stage()),
        (ErrorKind::TimedOut, Stage::Receive)
    );
    assert_eq!(error.facts().deadline(), Some(Duration::from_millis(500)));
    let text = log.text();
    let fix = "fix: check the origin, or allow more with HealthCheck::timeout(..)";
    assert!(text.contains(fix), "{text}");
    sites[0].0.hangs.store(false, SeqCst);
    assert_eq!(get(&group).await, "a");
}

#[tokio::test(start_paused = true)]
async fn below_the_panic_threshold_the_health_is_ignored() {
    let sites = ["a", "b", "c"].map(Site::new);
    for (threshold, expected) in [(0, 1), (33, 1), (50, 3)] {
        let group = OriginGroup::builder().tier(sites.iter().map(Site::member));
        let group = group.health_check(check()).panic_threshold(threshold);
        let group = group.build().unwrap();
        for site in &sites[..2] {
            site.answer_with(StatusCode::NOT_FOUND);
        }
        while states(&group)[..2] != [MemberState::Down; 2] {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let mut used = std::collections::HashSet::new();
        for _ in 0..100 {
            used.insert(get(&group).await);
        }
        assert_eq!(used.len(), expected, "{threshold}");
    }
}

/// The edge would refuse the request: its target is too long.
#[tokio::test(start_paused = true)]
async fn a_check_that_the_proxy_refuses_takes_no_member_down_and_is_logged_once() {
    let (log, _guard) = Log::down_to(tracing::Level::ERROR);
    let site = Site::new("a");
    let connector = site.connector().to_builder();
    let connector = connector
        .dial("d1234567890.cloudfront.net")
        .build()
        .unwrap();
    let path = format!("/{}", "a".repeat(9000));
    let check = HealthCheck::get(path).interval(Duration::from_secs(1));
    let group = OriginGroup::builder().tier([connector]);
    let group = group.health_check(check).build().unwrap();
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(states(&group), [MemberState::Serving]);
    assert_eq!(site.requests(), 0);
    let count = log.text().matches("health checks are not sent").count();
    assert_eq!(count, 1, "{}", log.text());
}

/// How a member leaves a group.
#[derive(Clone, Copy, Debug)]
enum Leaving {
    Put,
    Remove,
    Replace,
}

#[tokio::test(start_paused = true)]
async fn a_member_that_has_left_is_not_checked_any_longer_and_is_freed() {
    for leaving in [Leaving::Put, Leaving::Remove, Leaving::Replace] {
        let (former, next) = (Site::new("a"), Site::new("b"));
        let group = group(std::slice::from_ref(&former), check());
        while former.requests() < 2 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let as_former = Member::new(next.connector()).name("a");
        match leaving {
            Leaving::Put => drop(group.put(0, as_former).unwrap()),
            Leaving::Remove => drop(group.remove("a").unwrap()),
            Leaving::Replace => drop(group.replace(0, vec![next.member()])),
        }
        let is_freed = async {
            while Arc::strong_count(&former.0) > 1 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let freed = tokio::time::timeout(Duration::from_secs(60), is_freed).await;
        assert!(freed.is_ok(), "{leaving:?}");
        if !matches!(leaving, Leaving::Remove) {
            until(&group, MemberState::Serving).await;
            assert_eq!(get(&group).await, "b");
        }
    }
}

/// An origin that records the heads it gets.
#[derive(Clone, Default)]
struct Recorder {
    heads: Arc<Mutex<Vec<Request<()>>>>,
    connections: Arc<AtomicUsize>,
    received: Arc<Notify>,
}

impl Recorder {
    fn connector(&self) -> CdnOriginConnector {
        let recorder = self.clone();
        let transport = tower::service_fn(move |_: Uri| {
            let recorder = recorder.clone();
            async move {
                recorder.connections.fetch_add(1, SeqCst);
                let (near, far) = tokio::io::duplex(4096);
                tokio::spawn(recorder.serve(far));
                Ok::<_, io::Error>(TokioIo::new(near))
            }
        });
        let connector = CdnOriginConnector::builder("http://origin.example");
        connector.transport(transport).build().unwrap()
    }

    async fn serve(self, stream: tokio::io::DuplexStream) {
        let service = service_fn(move |request: Request<Incoming>| {
            let recorder = self.clone();
            async move {
                recorder.heads.lock().unwrap().push(request.map(drop));
                recorder.received.notify_one();
                Ok::<_, io::Error>(Response::new(Full::<Bytes>::from("fine")))
            }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        drop(connection.await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_has_its_own_method_path_host_and_connection_and_describes_no_client() {
    let (log, _guard) = Log::down_to(tracing::Level::INFO);
    for (check, host) in [
        (
            check().method(Method::HEAD).host("check.example"),
            "check.example",
        ),
        (check().method(Method::HEAD), "origin.example"),
    ] {
        let origin = Recorder::default();
        let full = PoolSettings::default().max_connections(1);
        let member = Member::new(origin.connector()).proxy(move |proxy| {
            let proxy = proxy.pool(full.clone());
            proxy
                .host_rewrite(HostRewriteLayer::preserve())
                .map_request(|parts| {
                    parts
                        .headers
                        .insert("x-secret", http::HeaderValue::from_static("1"));
                })
        });
        let group = OriginGroup::builder().tier([member]).health_check(check);
        let group = group.build().unwrap();
        for _ in 0..3 {
            origin.received.notified().await;
        }
        let heads = std::mem::take(&mut *origin.heads.lock().unwrap());
        for head in heads {
            assert_eq!(
                (head.method(), head.uri().path()),
                (&Method::HEAD, "/healthz")
            );
            assert_eq!(head.headers()["host"], host);
            assert_eq!(head.headers()["x-secret"], "1");
            let mut names = head.headers().keys();
            assert!(!names.any(|it| it.as_str().starts_with("x-forwarded")));
        }
        assert_eq!(origin.connections.load(SeqCst), 1, "it is reused");
        assert_eq!(group.snapshot()[0].proxy.pool.opened, 0);
    }
    assert!(!log.text().contains("addresses are not known"));
}

#[tokio::test(start_paused = true)]
async fn the_checks_end_with_the_group() {
    let origin = Recorder::default();
    let group = OriginGroup::builder().tier([origin.connector()]);
    let group = group.health_check(check()).build().unwrap();
    origin.received.notified().await;
    drop(group);
    tokio::time::sleep(Duration::from_secs(60)).await;
    let count = origin.heads.lock().unwrap().len();
    assert!(count <= 2, "{count}");
}

#[test]
fn a_group_that_was_built_without_a_runtime_is_checked_from_its_first_request_on() {
    let origin = Recorder::default();
    let group = OriginGroup::builder().tier([origin.connector()]);
    let group = group.health_check(check().interval(Duration::from_millis(10)));
    let group = group.build().unwrap();
    for _ in 0..2 {
        // The second runtime takes over from the first.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            origin.heads.lock().unwrap().clear();
            assert_eq!(get(&group).await, "fine");
            while origin.heads.lock().unwrap().len() < 4 {
                origin.received.notified().await;
            }
        });
    }
}
