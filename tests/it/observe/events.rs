//! The events of connections.

use std::time::Duration;

use cdn_origin::{
    CdnOriginConnector, Error, OriginProxy,
    error::Facts,
    group::{Ejection, HealthCheck, MemberState, OriginGroup},
    observe::{ClosedConnection, ExchangeInfo, Observer},
    origin::Origin,
};
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use tokio::time::sleep;
use tower::ServiceExt;

use super::{Seen, request, send};
use crate::{
    closing_origin::{ClosingOrigin, End, Speaks},
    groups::{self, Site, failover, first},
    support::refused_address,
};

async fn get(proxy: &OriginProxy) -> StatusCode {
    let response = send(proxy, request(Method::GET)).await;
    let status = response.status();
    let _ = response.into_body().collect().await;
    status
}

#[tokio::test]
async fn a_connection_is_reported_from_its_connect_to_its_close() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::Fin);
        let seen = Seen::default();
        let proxy = seen.proxy(&origin.connector());
        for _ in 0..3 {
            assert_eq!(get(&proxy).await, StatusCode::OK);
        }
        proxy.retire_connections();
        while proxy.snapshot().pool.open > 0 {
            tokio::task::yield_now().await;
        }
        let events = seen.events();
        let expected = ["connecting", "connected", "closed: retired after 3"];
        assert_eq!(events, expected, "{speaks:?}");
    }
}

#[tokio::test]
async fn connections_that_outlive_their_pool_are_reported_too() {
    let origin = ClosingOrigin::start(Speaks::Http, End::Fin);
    let seen = Seen::default();
    let proxy = seen.proxy(&origin.connector());
    assert_eq!(get(&proxy).await, StatusCode::OK);
    drop(proxy);
    assert_eq!(seen.events().last().unwrap(), "closed: origin after 1");
}

#[tokio::test]
async fn failed_connects_are_reported_by_their_stage() {
    let seen = Seen::default();
    let refused = refused_address();
    let connector = CdnOriginConnector::builder(format!("http://{}", refused.address()));
    let proxy = seen.proxy(&connector.build().unwrap());
    assert_eq!(get(&proxy).await, StatusCode::BAD_GATEWAY);
    assert_eq!(seen.events(), ["connecting", "connect failed: dial"]);

    let origin = ClosingOrigin::start(Speaks::HttpsHttp1, End::Fin);
    let other = ClosingOrigin::start(Speaks::HttpsHttp1, End::Fin);
    let seen = Seen::default();
    // The roots of another authority.
    let connector = other.by_name().dial(origin.address()).build().unwrap();
    let proxy = seen.proxy(&connector);
    assert_eq!(get(&proxy).await, StatusCode::BAD_GATEWAY);
    let expected = ["connecting", "handshake failed: certificate_unknown_issuer"];
    assert_eq!(seen.events(), expected);
}

#[tokio::test]
async fn an_ejection_is_reported() {
    let seen = Seen::default();
    let refused = refused_address();
    let connector = CdnOriginConnector::builder(format!("http://{}", refused.address()));
    let primary = seen.proxy(&connector.build().unwrap());
    let backup = ClosingOrigin::start(Speaks::Http, End::Fin);
    let group = OriginGroup::builder()
        .tier([primary])
        .tier([OriginProxy::new(backup.connector())])
        .ejection(Ejection::default().failures(1).max_share(100))
        .build()
        .unwrap();
    let Ok(response) = group.oneshot(request(Method::GET)).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(
        seen.events(),
        ["connecting", "connect failed: dial", "ejected"]
    );
}

#[tokio::test(start_paused = true)]
async fn an_ejected_origin_that_returns_is_reported_once() {
    let seen = Seen::default();
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = failover(
        primary.connector().with_observer(seen.clone()),
        backup.connector(),
    );
    let ejection = Ejection::default().failures(1).trials(2).max_share(100);
    let group = group.ejection(ejection).build().unwrap();
    let time = Duration::from_secs(60);

    primary.answer_with(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(groups::get(&group).await, "backup");
    // A trial that fails ejects it again.
    sleep(time).await;
    assert_eq!(groups::get(&group).await, "backup");
    assert_eq!((seen.count("ejected"), seen.count("returned")), (2, 0));

    primary.answer_with(StatusCode::OK);
    sleep(2 * time).await;
    assert_eq!(groups::get(&group).await, "primary");
    assert_eq!(
        seen.count("returned"),
        0,
        "of two trials, one has succeeded"
    );
    for _ in 0..3 {
        assert_eq!(groups::get(&group).await, "primary");
    }
    assert_eq!((seen.count("ejected"), seen.count("returned")), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn health_checks_that_pass_return_an_ejected_origin_too() {
    let seen = Seen::default();
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = failover(
        primary.connector().with_observer(seen.clone()),
        backup.connector(),
    );
    let checks = HealthCheck::get("/healthz").interval(Duration::from_secs(1));
    let group = group
        .ejection(Ejection::default().failures(1).max_share(100))
        .health_check(checks.rise(2).fall(2))
        .build()
        .unwrap();
    let until = async |state| {
        while first(&group).state != state {
            sleep(Duration::from_millis(100)).await;
        }
    };
    primary.answer_with(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(groups::get(&group).await, "backup");
    until(MemberState::Down).await;
    assert_eq!((seen.count("ejected"), seen.count("returned")), (1, 0));
    primary.answer_with(StatusCode::OK);
    until(MemberState::Serving).await;
    assert_eq!((seen.count("ejected"), seen.count("returned")), (1, 1));
    assert_eq!(groups::get(&group).await, "primary");

    // A member that was down and not ejected does not return from an ejection.
    primary.answer_with(StatusCode::NOT_FOUND);
    until(MemberState::Down).await;
    primary.answer_with(StatusCode::OK);
    until(MemberState::Serving).await;
    assert_eq!((seen.count("ejected"), seen.count("returned")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_ejected_origin_that_is_removed_counts_as_ejected_no_longer() {
    let seen = Seen::default();
    let (primary, backup) = (Site::new("primary"), Site::new("backup"));
    let group = failover(
        primary.connector().with_observer(seen.clone()),
        backup.connector(),
    );
    let ejection = Ejection::default().failures(1).max_share(100);
    let group = group.ejection(ejection).build().unwrap();
    primary.answer_with(StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(groups::get(&group).await, "backup");
    assert_eq!((seen.count("ejected"), seen.count("returned")), (1, 0));
    drop(group.remove("primary"));
    assert_eq!((seen.count("ejected"), seen.count("returned")), (1, 1));
    drop(group.remove("backup"));
    assert_eq!((seen.count("ejected"), seen.count("returned")), (1, 1));
}

#[tokio::test]
async fn a_reload_is_reported() {
    let origin = ClosingOrigin::start(Speaks::HttpsHttp1, End::Fin);
    let seen = Seen::default();
    let connector = origin.connector().with_observer(seen.clone());
    connector.reload(|tls| tls).unwrap();
    assert_eq!(seen.events(), ["reloaded"]);
}

/// Panics whenever it is called.
struct Panics;

impl Observer for Panics {
    fn request_completed(&self, _: &ExchangeInfo) {
        panic!("request_completed");
    }

    fn connecting(&self, _: &Origin) {
        panic!("connecting");
    }

    fn connected(&self, _: &Facts) {
        panic!("connected");
    }

    fn connect_failed(&self, _: &Error) {
        panic!("connect_failed");
    }

    fn closed(&self, _: &ClosedConnection) {
        panic!("closed");
    }
}

#[tokio::test]
async fn a_panic_of_an_observer_breaks_neither_requests_nor_the_pool() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::Fin);
        let seen = Seen::default();
        let connector = origin.connector().with_observer(Panics);
        let proxy = seen.proxy(&connector);
        for _ in 0..3 {
            assert_eq!(get(&proxy).await, StatusCode::OK, "{speaks:?}");
        }
        let pool = proxy.snapshot().pool;
        assert_eq!((pool.open, pool.opened, pool.reused), (1, 1, 2));
        assert_eq!(seen.exchanges().len(), 3);
        assert_eq!(seen.events(), ["connecting", "connected"]);
    }
}
