//! A primary origin and its backups: who gets requests when, and how one that failed comes back.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    Error, OriginProxy,
    error::Stage,
    group::{Ejection, Failover, MemberState, OriginGroup},
    pool::{PoolSettings, RetryBudget},
    proxy::Limits,
};
use futures_util::future::join_all;
use http::{Method, Request, StatusCode};
use http_body_util::Empty;
use tokio::{sync::Semaphore, time::MissedTickBehavior};
use tower::ServiceExt;

use super::{GATE, Site, ask, failover, first, get};
use crate::tls_facts::Log;

fn group(primary: &Site, backup: &Site) -> OriginGroup {
    with_ejection(primary, backup, Ejection::default())
}

fn with_ejection(primary: &Site, backup: &Site, ejection: Ejection) -> OriginGroup {
    let group = failover(primary.connector(), backup.connector()).ejection(ejection);
    group.build().unwrap()
}

#[tokio::test]
async fn a_primary_that_is_killed_under_load_costs_no_idempotent_request_and_returns_by_itself() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let moment = Duration::from_millis(50);
    let group = failover(
        primary.connector_by_tcp().await,
        backup.connector_by_tcp().await,
    )
    .ejection(Ejection::default().time(moment).longest(moment))
    .build()
    .unwrap();
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
    let mut requests = Vec::new();
    let mut number = 0;
    let mut next = async || {
        rate.tick().await;
        let place = at_once.clone().acquire_owned().await.unwrap();
        number += 1;
        let (group, method) = (group.clone(), methods[number % methods.len()].clone());
        requests.push(tokio::spawn(async move {
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
    assert!(first(&group).ejections > 0);
    primary.revive();
    while first(&group).state != MemberState::Serving {
        next().await;
    }
    let before = primary.requests();
    while primary.requests() < before + 100 {
        next().await;
    }

    let (count, time) = (requests.len(), began.elapsed());
    for outcome in join_all(requests).await {
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
    assert_eq!(first(&group).failures, 1);
    assert_eq!(group.snapshot()[1].failures, 0);
}

#[tokio::test]
async fn what_may_have_been_seen_is_sent_again_only_if_it_is_idempotent_and_whole() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = with_ejection(&primary, &backup, Ejection::default().failures(100));
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
    let group = with_ejection(&primary, &backup, Ejection::default().failures(100));
    for status in [500, 502, 503, 504] {
        let status = StatusCode::from_u16(status).unwrap();
        primary.answer_with(status);
        assert_eq!(get(&group).await, "backup");
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let answer = ask(&group, method, "").await;
            assert_eq!(answer, (status, String::from("primary")));
        }
    }
    assert_eq!(first(&group).consecutive_failures, 16);

    primary.answer_with(StatusCode::NOT_FOUND);
    let answer = ask(&group, Method::GET, "").await;
    assert_eq!(
        answer,
        (StatusCode::NOT_FOUND, String::from("primary")),
        "no failure"
    );
    assert_eq!(first(&group).consecutive_failures, 0);
}

#[tokio::test]
async fn other_statuses_may_be_chosen_and_a_404_says_nothing_of_health() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = failover(primary.connector(), backup.connector())
        .failover(Failover::default().statuses([StatusCode::NOT_FOUND]))
        .ejection(Ejection::default().failures(1))
        .build()
        .unwrap();
    primary.answer_with(StatusCode::NOT_FOUND);
    assert_eq!(get(&group).await, "backup");
    assert_eq!(first(&group).state, MemberState::Serving);
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
    assert_eq!(first(&group).state, MemberState::Ejected);

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
    assert_eq!(first(&group).state, MemberState::Returning);
    drop(closed);
    assert_eq!(trial.await.unwrap(), "primary");

    for _ in 0..2 {
        assert_eq!(first(&group).state, MemberState::Returning);
        assert_eq!(get(&group).await, "primary");
    }
    assert_eq!(first(&group).state, MemberState::Serving);
}

/// Otherwise, it would get all requests until some of its bodies have ended.
#[tokio::test(start_paused = true)]
async fn an_origin_whose_bodies_take_long_returns_after_the_heads_of_three_responses() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = with_ejection(&primary, &backup, Ejection::default().failures(1));
    primary.answer_with(StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(get(&group).await, "backup");
    primary.answer_with(StatusCode::OK);
    tokio::time::advance(Duration::from_secs(30)).await;
    let mut responses = Vec::new();
    for _ in 0..3 {
        assert_eq!(first(&group).requests, 1, "no body has ended");
        let request = Request::get("/").header("host", "client.test");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let Ok::<_, Infallible>(response) = group.clone().oneshot(request).await;
        responses.push(response);
    }
    assert_eq!(first(&group).state, MemberState::Serving);
    drop(responses);
    assert_eq!((first(&group).requests, first(&group).failures), (4, 1));
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
    assert_eq!(first(&group).state, MemberState::Ejected);

    primary.0.hangs_up.store(false, SeqCst);
    tokio::time::advance(Duration::from_secs(31)).await;
    for _ in 0..3 {
        assert_eq!(get(&group).await, "primary");
    }
    assert_eq!(first(&group).state, MemberState::Serving);

    for timed_out in join_all(hung).await {
        drop(timed_out.unwrap());
    }
    let health = first(&group);
    assert_eq!(health.state, MemberState::Serving);
    assert_eq!((health.ejections, health.failures), (1, 10));
    assert_eq!(get(&group).await, "primary");
}

#[tokio::test]
async fn where_all_are_ejected_all_are_asked_in_order_and_the_last_answer_is_passed_on() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = with_ejection(&primary, &backup, Ejection::default().failures(1));
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
    let proxy = OriginProxy::new(primary.connector()).pool(settings);
    let group = failover(proxy, backup.connector())
        .ejection(Ejection::default().failures(100))
        .build()
        .unwrap();
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
    let group = with_ejection(&primary, &backup, Ejection::default().failures(1));
    let request = Request::get("/").header("host", "not a host");
    let request = request.body(Empty::<Bytes>::new()).unwrap();

    let Ok::<_, Infallible>(response) = group.clone().oneshot(request).await;

    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    assert!(response.extensions().get::<Error>().is_some());
    assert_eq!((primary.requests(), backup.requests()), (0, 0));
    assert_eq!(first(&group).failures, 0);
}

#[tokio::test]
async fn a_failure_is_a_warning_only_where_the_client_gets_it() {
    let (log, _guard) = Log::down_to(tracing::Level::INFO);
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let proxy = OriginProxy::new(primary.connector());
    let group = group(&primary, &backup);
    let levels_since = |from: usize| {
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
    assert_eq!(levels_since(0), ["INFO"]);

    let before = log.text().len();
    backup.kill();
    let (status, _) = ask(&group, Method::GET, "").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    assert_eq!(levels_since(before), ["INFO", "WARN"]);

    let before = log.text().len();
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = proxy.oneshot(request).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(levels_since(before), ["WARN"], "without a group");
}

#[tokio::test]
async fn a_group_is_warmed_retired_and_drained_as_a_whole() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let warm = PoolSettings::default().min_idle(2);
    let each_warm = move |proxy: OriginProxy| proxy.pool(warm.clone());
    let group = failover(primary.connector(), backup.connector()).each(each_warm);
    let group = group.build().unwrap();
    let idle = || {
        let members = group.snapshot().into_iter();
        members.map(|it| it.proxy.pool.idle).sum::<usize>()
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
    assert_eq!(first(&group).failures, 0);
}

#[tokio::test]
async fn a_body_that_is_buffered_goes_to_the_next_origin_too() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let buffering = |bytes| {
        let limits = Limits::default().buffer_requests(bytes);
        let group = failover(primary.connector(), backup.connector());
        let group = group.each(move |proxy| proxy.limits(limits.clone()));
        let ejection = Ejection::default().failures(u32::MAX);
        group.ejection(ejection).build().unwrap()
    };
    // It reads the request, and closes the connection.
    primary.0.hangs_up.store(true, SeqCst);
    let group = buffering(7);
    let answer = ask(&group, Method::PUT, "content").await;
    assert_eq!(answer, (StatusCode::OK, String::from("backupcontent")));
    let answer = ask(&group, Method::POST, "content").await;
    assert_eq!(
        answer.0,
        StatusCode::BAD_GATEWAY,
        "it may have been processed"
    );
    let answer = ask(&buffering(6), Method::PUT, "content").await;
    assert_eq!(
        answer.0,
        StatusCode::BAD_GATEWAY,
        "it is not buffered as a whole"
    );
    assert_eq!(backup.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn while_all_members_fail_a_failure_is_logged_once_a_second_with_their_number() {
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = group(&primary, &backup);
    primary.kill();
    backup.kill();
    let (log, _guard) = Log::down_to(tracing::Level::INFO);
    for _ in 0..2 {
        for _ in 0..100 {
            assert_eq!(
                ask(&group, Method::GET, "").await.0,
                StatusCode::BAD_GATEWAY
            );
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let text = log.text();
    let of = |message: &str| -> Vec<_> { text.lines().filter(|it| it.contains(message)).collect() };
    let failed = of(" WARN cdn_origin::proxy::failure_log");
    let ends: Vec<_> = failed
        .iter()
        .map(|it| it.rsplit(' ').next().unwrap())
        .collect();
    assert_eq!(ends, ["count=1", "count=100"], "{text}");
    let failovers = of("trying the next origin");
    assert!((1..=3).contains(&failovers.len()), "{text}");
}
