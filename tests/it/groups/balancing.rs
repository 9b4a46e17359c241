//! Several origins that share the load: who gets how much, also when one of them is dead.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::atomic::Ordering::SeqCst,
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy,
    downstream::ClientConnection,
    error::{BuildProblemKind, Error, ErrorKind},
    group::{Balance, Ejection, Failover, HealthCheck, Member, MemberState, OriginGroup},
    origin::Scheme,
    proxy::Limits,
};
use futures_util::future::join_all;
use http::{HeaderName, Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;

use super::{GATE, Site, ask, get};

fn three() -> [Site; 3] {
    ["a", "b", "c"].map(Site::new)
}

fn balanced(sites: &[Site], balance: Balance) -> OriginGroup {
    let group = OriginGroup::builder().tier(sites.iter().map(Site::member));
    group.balance(balance).build().unwrap()
}

fn requests(sites: &[Site]) -> Vec<usize> {
    sites.iter().map(Site::requests).collect()
}

/// Sends so many GET requests, ten at a time. Returns how many were answered 200.
async fn send(group: &OriginGroup, count: usize) -> usize {
    let mut good = 0;
    for _ in 0..count / 10 {
        let answers = join_all((0..10).map(|_| ask(group, Method::GET, ""))).await;
        good += answers.iter().filter(|it| it.0 == StatusCode::OK).count();
    }
    good
}

#[tokio::test]
async fn origins_of_a_tier_share_the_requests_and_the_next_tier_gets_none() {
    let sites = three();
    let backup = Site::new("backup");
    let tier = sites.iter().map(Site::member);
    let group = OriginGroup::builder().tier(tier).tier([backup.member()]);
    let group = group.build().unwrap();
    assert_eq!(send(&group, 600).await, 600);
    let shares = requests(&sites);
    assert!(
        shares.iter().all(|it| (100..300).contains(it)),
        "{shares:?}"
    );
    assert_eq!(backup.requests(), 0);
}

#[tokio::test]
async fn a_dead_origin_of_three_costs_no_get_and_is_hardly_tried() {
    for balance in [Balance::least_loaded(), Balance::round_robin()] {
        let sites = three();
        let group = balanced(&sites, balance);
        sites[0].kill();
        let began = tokio::time::Instant::now();
        assert_eq!(send(&group, 1160).await, 1160);
        let failures = group.snapshot()[0].failures;
        // Ten requests begin at once. After the first failure, it is one a second.
        let seconds = began.elapsed().as_secs();
        assert!(failures <= 10 + seconds, "{failures} in {seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_origin_is_tried_once_a_second_and_then_ejected() {
    let sites = three();
    let group = balanced(&sites, Balance::least_loaded());
    sites[0].kill();
    let failures = || group.snapshot()[0].failures;
    while failures() == 0 {
        get(&group).await;
    }
    for second in 1..5 {
        assert_eq!(send(&group, 100).await, 100);
        assert_eq!(failures(), second);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    assert_eq!(send(&group, 100).await, 100);
    assert_eq!(group.snapshot()[0].state, MemberState::Ejected);
    tokio::time::advance(Duration::from_secs(29)).await;
    assert_eq!(send(&group, 100).await, 100);
    assert_eq!(failures(), 5);
}

#[tokio::test]
async fn an_origin_that_is_killed_under_load_costs_no_get() {
    let sites = three();
    let group = balanced(&sites, Balance::least_loaded());
    assert_eq!(send(&group, 300).await, 300);
    sites[1].kill();
    assert_eq!(send(&group, 300).await, 300);
    sites[1].revive();
    assert_eq!(send(&group, 300).await, 300);
}

#[tokio::test]
async fn an_origin_whose_failures_are_fast_is_not_the_idlest() {
    let sites = three();
    let ejection = Ejection::default().failures(u32::MAX);
    let group = OriginGroup::builder().tier(sites.iter().map(Site::member));
    let group = group.ejection(ejection).build().unwrap();
    sites[0].answer_with(StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(send(&group, 600).await, 600);
    let shares = requests(&sites);
    assert!(shares[0] < 100, "{shares:?}");
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_hangs_gets_no_more_although_its_clients_leave() {
    let sites = three();
    let group = balanced(&sites[..2], Balance::least_loaded());
    sites[0].0.hangs.store(true, SeqCst);
    let patience = Duration::from_secs(1);
    let mut in_time = 0;
    for _ in 0..200 {
        in_time += usize::from(tokio::time::timeout(patience, get(&group)).await.is_ok());
    }
    assert!(in_time >= 190, "{in_time}: {:?}", requests(&sites));
}

#[tokio::test]
async fn a_cold_burst_that_meets_a_failing_origin_loses_no_get() {
    let faults: [fn(&Site); 3] = [
        Site::kill,
        |site| site.0.hangs_up.store(true, SeqCst),
        |site| site.answer_with(StatusCode::SERVICE_UNAVAILABLE),
    ];
    for (balance, fault) in [Balance::least_loaded(), Balance::round_robin()]
        .into_iter()
        .flat_map(|balance| faults.map(|fault| (balance.clone(), fault)))
    {
        let sites = three();
        let group = balanced(&sites, balance);
        fault(&sites[0]);
        let answers = join_all((0..100).map(|_| ask(&group, Method::GET, ""))).await;
        let good = answers.iter().filter(|it| it.0 == StatusCode::OK).count();
        assert_eq!(good, 100);
        // Its share of the burst, and no request a second time.
        let tries = group.snapshot()[0].requests;
        assert!((1..=60).contains(&tries), "{tries}");
    }
}

#[tokio::test]
async fn attempts_do_not_multiply_while_all_origins_fail() {
    let sites = three();
    let ejection = Ejection::default().failures(u32::MAX);
    let group = OriginGroup::builder().tier(sites.iter().map(Site::member));
    let group = group.ejection(ejection).build().unwrap();
    for site in &sites {
        site.answer_with(StatusCode::SERVICE_UNAVAILABLE);
    }
    for _ in 0..10 {
        let answers = join_all((0..100).map(|_| ask(&group, Method::GET, ""))).await;
        assert!(
            answers
                .iter()
                .all(|it| it.0 == StatusCode::SERVICE_UNAVAILABLE)
        );
    }
    let attempts: usize = requests(&sites).iter().sum();
    // Without a budget, there would be 3000: each request has three attempts.
    assert!(attempts < 1500, "{attempts}");
}

#[tokio::test]
async fn weights_divide_the_requests_and_zero_gets_none() {
    let sites = three();
    let weights = [3, 1, 0];
    let members = sites.iter().zip(weights);
    let members = members.map(|(site, weight)| site.member().weight(weight));
    let group = OriginGroup::builder().tier(members);
    let group = group.balance(Balance::round_robin()).build().unwrap();
    assert_eq!(send(&group, 400).await, 400);
    assert_eq!(requests(&sites), [300, 100, 0]);
    assert!(group.set_weight("c", 4));
    assert_eq!(send(&group, 400).await, 400);
    assert_eq!(requests(&sites), [450, 150, 200]);
}

/// The origin that answers a request with this address, or this field.
async fn origin_of(group: &OriginGroup, client: u8, field: (&str, &str)) -> String {
    let mut request = Request::get("/").header("host", "client.test");
    request = request.header(field.0, field.1);
    let mut request = request.body(Empty::<Bytes>::new()).unwrap();
    let address = IpAddr::from(Ipv4Addr::new(203, 0, 113, client));
    let connection = ClientConnection::new(address, Scheme::Http);
    request.extensions_mut().insert(connection);
    let Ok(response) = group.clone().oneshot(request).await;
    let text = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(text.to_vec()).unwrap()
}

#[tokio::test]
async fn requests_with_one_key_go_to_one_origin_and_to_another_while_that_is_out() {
    let header = HeaderName::from_static("x-session");
    let by_path =
        |parts: &http::request::Parts| Some(parts.headers.get("x-other")?.as_bytes().into());
    let rules = [
        Balance::by_client_address(),
        Balance::by_cookie("session"),
        Balance::by_header(header),
        Balance::by_key(by_path),
    ];
    for (number, rule) in rules.into_iter().enumerate() {
        let sites = three();
        let group = balanced(&sites, rule);
        let ask = async |client: u8| {
            let cookie = format!("a=b; session={client}");
            let value = client.to_string();
            let (client, field) = match number {
                0 => (client, ("accept", "*/*")),
                1 => (1, ("cookie", &*cookie)),
                2 => (1, ("x-session", &*value)),
                _ => (1, ("x-other", &*value)),
            };
            origin_of(&group, client, field).await
        };
        let mut origins = HashMap::new();
        for client in 0..30 {
            let origin = ask(client).await;
            assert_eq!(ask(client).await, origin);
            origins.insert(client, origin);
        }
        let mut used: Vec<_> = origins.values().cloned().collect();
        used.sort();
        used.dedup();
        assert_eq!(used, ["a", "b", "c"]);

        sites[0].kill();
        for (client, origin) in &origins {
            let now = ask(*client).await;
            assert!(now == *origin || (origin == "a" && now != "a"));
        }
    }
}

#[tokio::test]
async fn settings_of_the_group_hold_for_each_member_unless_it_has_its_own() {
    let sites = three();
    let [a, b, c] = &sites;
    let small = Limits::default().max_request_body(1);
    let large = Limits::default().max_request_body(100);
    let proxy = OriginProxy::new(c.connector());
    let group = OriginGroup::builder()
        .tier([
            a.member(),
            b.member().proxy(move |proxy| proxy.limits(large.clone())),
            Member::new(proxy).name("c"),
        ])
        .each(move |proxy| proxy.limits(small.clone()))
        .balance(Balance::round_robin())
        .build()
        .unwrap();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(ask(&group, Method::POST, "content").await.0.as_u16());
    }
    assert_eq!(statuses, [413, 200, 200]);
}

#[tokio::test]
async fn at_most_a_share_of_the_last_tier_is_ejected_and_all_of_the_tiers_above() {
    let (sites, backup) = (three(), Site::new("backup"));
    let ejection = Ejection::default().failures(1).max_share(30);
    let group = |tiers: &[&[Site]]| {
        let builder = OriginGroup::builder().ejection(ejection);
        let builder = builder.failover(Failover::default().max_attempts(10));
        let add = |it: cdn_origin::group::OriginGroupBuilder, tier: &&[Site]| {
            it.tier(tier.iter().map(Site::member))
        };
        tiers.iter().fold(builder, add).build().unwrap()
    };
    for site in &sites {
        site.answer_with(StatusCode::BAD_GATEWAY);
    }
    let ejected = |group: &OriginGroup| {
        let members = group.snapshot().into_iter();
        members
            .filter(|it| it.state == MemberState::Ejected)
            .count()
    };

    let alone = group(&[&sites]);
    for _ in 0..10 {
        get(&alone).await;
    }
    assert_eq!(ejected(&alone), 1);

    let with_backup = group(&[&sites, std::slice::from_ref(&backup)]);
    for _ in 0..10 {
        assert_eq!(get(&with_backup).await, "backup");
    }
    assert_eq!(ejected(&with_backup), 3);
    let before = requests(&sites);
    assert_eq!(send(&with_backup, 100).await, 100);
    assert_eq!(requests(&sites), before);
}

#[tokio::test]
async fn failover_can_be_off_or_limited_and_leave_timeouts_alone() {
    let sites = three();
    let group = |failover: Failover| {
        let builder = OriginGroup::builder().failover(failover);
        let builder = sites
            .iter()
            .fold(builder, |it, site| it.tier([site.member()]));
        let limits = Limits::default().response_timeout(Duration::from_millis(50));
        let builder = builder.each(move |proxy| proxy.limits(limits.clone()));
        builder.build().unwrap()
    };
    sites[0].0.hangs.store(true, SeqCst);
    let status = async |failover| ask(&group(failover), Method::GET, "").await.0;
    let without_timeouts = Failover::default().without_timeouts();
    assert_eq!(status(without_timeouts).await, StatusCode::GATEWAY_TIMEOUT);
    let at_once = Failover::default().within(Duration::ZERO);
    assert_eq!(status(at_once).await, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(status(Failover::off()).await, StatusCode::GATEWAY_TIMEOUT);
    assert_eq!(status(Failover::default()).await, StatusCode::OK);

    sites[0].0.hangs.store(false, SeqCst);
    sites[0].answer_with(StatusCode::BAD_GATEWAY);
    sites[1].answer_with(StatusCode::BAD_GATEWAY);
    let twice = Failover::default().max_attempts(2);
    assert_eq!(status(twice).await, StatusCode::BAD_GATEWAY);
    assert_eq!(status(Failover::default()).await, StatusCode::OK);

    sites[0].kill();
    sites[1].kill();
    let once = Failover::default().max_attempts(1);
    assert_eq!(status(once).await, StatusCode::OK, "nothing was written");
    assert_eq!(status(Failover::off()).await, StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn a_group_without_a_member_answers_503() {
    let site = Site::new("a");
    let group = balanced(std::slice::from_ref(&site), Balance::default());
    drop(group.remove("a"));
    let request = Request::get("/").header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = group.oneshot(request).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()["retry-after"], "1");
    let error = response.extensions().get::<Error>().unwrap();
    assert_eq!(error.kind(), ErrorKind::NoOrigin);
}

#[test]
fn all_mistakes_of_a_group_are_reported_at_once() {
    let connector = CdnOriginConnector::builder("http://origin.example");
    let connector = connector.build().unwrap();
    let group = OriginGroup::builder()
        .tier([connector.clone()])
        .tier([connector])
        .health_check(HealthCheck::get("healthz").host("not a host"));
    let error = group.build().unwrap_err();
    let problems = error.problems().iter().map(|it| (it.setter(), it.kind()));
    let expected = [
        ("tier", BuildProblemKind::Contradiction),
        ("HealthCheck::get", BuildProblemKind::InvalidName),
        ("HealthCheck::host", BuildProblemKind::InvalidName),
    ];
    assert_eq!(problems.collect::<Vec<_>>(), expected);
    let empty = OriginGroup::builder().build().unwrap_err();
    assert_eq!(empty.problems()[0].kind(), BuildProblemKind::Empty);
}

#[tokio::test]
async fn requests_in_flight_count_until_the_end_of_their_bodies() {
    let sites = three();
    let group = balanced(&sites[..2], Balance::least_loaded());
    let closed = sites[0].0.gate.acquire_many(GATE as u32);
    let closed = closed.await.unwrap();
    let waiting = tokio::spawn({
        let group = group.clone();
        async move { join_all((0..20).map(|_| get(&group))).await }
    });
    while requests(&sites[..2]).iter().sum::<usize>() < 20 {
        tokio::task::yield_now().await;
    }
    let in_flight = group.snapshot()[0].proxy.pool.in_flight;
    assert_eq!(in_flight, sites[0].requests());
    let before = sites[0].requests();
    for _ in 0..20 {
        assert_eq!(get(&group).await, "b");
    }
    assert_eq!(sites[0].requests(), before);
    drop(closed);
    waiting.await.unwrap();
    assert_eq!(group.snapshot()[0].proxy.pool.in_flight, 0);
}

#[tokio::test]
async fn new_weights_hold_at_once_with_round_robin() {
    let sites = ["a", "b"].map(Site::new);
    let group = balanced(&sites, Balance::round_robin());
    assert!(group.set_weight("a", 1000));
    for _ in 0..400 {
        get(&group).await;
    }
    let before = requests(&sites);
    assert!(group.set_weight("a", 1));
    for _ in 0..20 {
        get(&group).await;
    }
    let after = requests(&sites);
    let shares = [after[0] - before[0], after[1] - before[1]];
    assert!(shares.iter().all(|it| (9..=11).contains(it)), "{shares:?}");
}
