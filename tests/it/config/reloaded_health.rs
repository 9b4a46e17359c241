//! A reload and the health of members: one that is out gets no full share because a key has changed.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use cdn_origin::{
    config::{GroupConfig, VirtualHostsConfig},
    group::{MemberSnapshot, MemberState, OriginGroup},
    observe::Observer,
    origin::Origin,
    tenants::VirtualHosts,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use tower::ServiceExt;

use super::{
    groups::{self, edge},
    read,
};
use crate::support::{Authority, Edge, refused_address};

/// A member that serves, and one that is out.
fn tiers(good: SocketAddr, out: SocketAddr, limit: u32) -> String {
    format!(
        "[{{ members = [{{ name = 'good', origin.url = 'http://{good}' }}, {{ name = 'out', \
         origin = {{ url = 'http://{out}', limits.max_concurrency = {limit} }} }}] }}]"
    )
}

const CHECKED: &str = "health_check = { path = '/', interval = '1h' }";
const EJECTED: &str = "ejection = { failures = 1, time = '1h', longest = '1h' }";

fn out(group: &OriginGroup) -> MemberSnapshot {
    let mut members = group.snapshot().into_iter();
    members.find(|it| it.name == "out").unwrap()
}

/// Waits until the member is out: GETs are tried at the other one.
async fn until(group: &OriginGroup, state: MemberState) {
    while out(group).state != state {
        assert_eq!(groups::get(group).await.0, StatusCode::OK);
    }
}

async fn post(group: &OriginGroup) -> StatusCode {
    let request = Request::builder().method(Method::POST).uri("/");
    let request = request.header("host", "client.test");
    let request = request.body(Full::<bytes::Bytes>::from("content")).unwrap();
    let Ok(response) = group.clone().oneshot(request).await;
    response.status()
}

/// None of many requests is for the member that is out.
async fn expect_out(group: &OriginGroup, state: MemberState) {
    assert_eq!(out(group).state, state);
    for _ in 0..20 {
        assert_eq!(post(group).await, StatusCode::OK);
    }
    assert_eq!((out(group).state, out(group).requests), (state, 0));
}

#[tokio::test]
async fn a_changed_member_that_is_out_stays_so_at_the_same_address() {
    let (good, refused) = (edge("good").await, refused_address());
    for (rule, state) in [
        (CHECKED, MemberState::Down),
        (EJECTED, MemberState::Ejected),
    ] {
        let file = |address, limit| -> GroupConfig {
            let tiers = tiers(good.address(), address, limit);
            read(&format!("{rule}\ntier = {tiers}"))
        };
        let mut running = file(refused.address(), 1);
        let group = OriginGroup::try_from(&running).unwrap();
        until(&group, state).await;
        let reloaded = running.reload(&file(refused.address(), 2), &group);
        assert_eq!(reloaded.unwrap().changed, ["out"]);
        expect_out(&group, state).await;

        // Another address may be another server.
        let reloaded = running.reload(&file(good.address(), 2), &group);
        assert_eq!(reloaded.unwrap().changed, ["out"]);
        assert_eq!(out(&group).state, MemberState::Serving);
    }
}

#[tokio::test]
async fn members_that_are_out_stay_so_in_the_new_group_of_a_host() {
    let (good, refused) = (edge("good").await, refused_address());
    for (rule, state) in [
        (CHECKED, MemberState::Down),
        (EJECTED, MemberState::Ejected),
    ] {
        let file = |balance: &str, limit: u32| -> VirtualHostsConfig {
            let tiers = tiers(good.address(), refused.address(), 1);
            read(&format!(
                "template.limits.max_queued = {limit}\n\
                 hosts.'a.test'.group = {{ {rule}, balance = '{balance}', tier = {tiers} }}"
            ))
        };
        let mut running = file("least_loaded", 1);
        let hosts = VirtualHosts::try_from(&running).unwrap();
        until(&hosts.group("a.test").unwrap(), state).await;
        for new in [file("round_robin", 1), file("round_robin", 2)] {
            assert_eq!(running.reload(&new, &hosts).unwrap().changed, ["a.test"]);
            expect_out(&hosts.group("a.test").unwrap(), state).await;
        }
    }
}

/// Counts how often members come and go.
#[derive(Clone, Default)]
struct Changes {
    ejected: Arc<AtomicUsize>,
    returned: Arc<AtomicUsize>,
}

impl Observer for Changes {
    fn ejected(&self, _: &Origin) {
        self.ejected.fetch_add(1, Relaxed);
    }

    fn returned(&self, _: &Origin) {
        self.returned.fetch_add(1, Relaxed);
    }
}

/// What was changed may be the reason why the member failed: a trial is due at once.
#[tokio::test]
async fn a_changed_member_returns_once_by_trials() {
    let good = edge("good").await;
    let picky = Edge::builder(&Authority::new()).plain_http();
    let picky = picky.respond(|request| {
        let mut response = Response::new("picky".into());
        if request.headers()["host"] != "right.test" {
            *response.status_mut() = StatusCode::BAD_GATEWAY;
        }
        response
    });
    let picky = picky.start().await;
    let changes = Changes::default();
    let file = |host: &str| -> GroupConfig {
        let config: GroupConfig = read(&format!(
            "ejection = {{ failures = 1, time = '1h', longest = '1h', trials = 2 }}\n\
             tier = [{{ members = [{{ name = 'good', origin.url = 'http://{}' }}, \
             {{ name = 'out', origin = {{ url = 'http://{}', host = '{host}' }} }}] }}]",
            good.address(),
            picky.address(),
        ));
        config.with_observer(changes.clone())
    };
    let mut running = file("wrong.test");
    let group = OriginGroup::try_from(&running).unwrap();
    until(&group, MemberState::Ejected).await;
    running.reload(&file("right.test"), &group).unwrap();
    assert_eq!(out(&group).state, MemberState::Ejected);
    assert_eq!(changes.returned.load(Relaxed), 0);
    until(&group, MemberState::Serving).await;
    assert_eq!(out(&group).requests, 2);
    assert_eq!(changes.ejected.load(Relaxed), 1);
    assert_eq!(changes.returned.load(Relaxed), 1);
}
