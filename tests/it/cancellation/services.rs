//! What else a caller may wait for: the connector, groups, probes, prewarming and drains.

use std::time::Duration;

use cdn_origin::{OriginProxy, pool::PoolSettings};
use http::{StatusCode, Uri};
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

use crate::{
    groups::failover,
    relay::{Connects, LONG, Network, Plan, Protocol, alive_tasks, becomes_quiet, leaves_nothing},
};

use super::{
    TLS_STRIDE,
    polls::{EITHER, at_each_poll},
    setup::{Setup, get, upload},
};

/// Waits until the connector has no connection.
async fn closes(network: &Network) {
    let closed = async {
        while network.open() > 0 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, closed).await.expect("connections close");
}

async fn connecting(protocol: Protocol, stride: usize) {
    let setup = Setup::new(protocol);
    let connector = setup.network.connector().build().unwrap();
    at_each_poll(EITHER, stride, async |polls| {
        let connect = connector.clone().oneshot(Uri::default());
        let completed = polls
            .of(&[&setup.network], connect)
            .await
            .map(Result::unwrap)
            .is_some();
        closes(&setup.network).await;
        drop(connector.clone().oneshot(Uri::default()).await.unwrap());
        completed
    })
    .await;
    drop(connector);
    setup.ends().await;
}

#[tokio::test(start_paused = true)]
async fn a_connect_over_http() {
    connecting(Protocol::Http, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_connect_over_https() {
    connecting(Protocol::Https2, TLS_STRIDE).await;
}

async fn prewarming(protocol: Protocol, stride: usize) {
    at_each_poll(EITHER, stride, async |polls| {
        let pool = PoolSettings::default().max_connections(3).min_idle(2);
        let setup = Setup::with(protocol, pool);
        let completed = polls
            .of(&[&setup.network], setup.proxy.prewarm())
            .await
            .map(Result::unwrap)
            .is_some();
        setup.works().await;
        setup.ends().await;
        completed
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_prewarming_over_http1() {
    prewarming(Protocol::Http, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_prewarming_over_http2() {
    prewarming(Protocol::Https2, TLS_STRIDE).await;
}

/// A drain that waits for a request. Dropping it does not undo it.
async fn draining(protocol: Protocol, stride: usize) {
    at_each_poll(EITHER, stride, async |polls| {
        let setup = Setup::new(protocol);
        let request = tokio::spawn(get(setup.proxy.clone(), "/held"));
        tokio::task::yield_now().await;
        let drain = setup.proxy.drain();
        setup.release.add_permits(1);
        let completed = polls.of(&[&setup.network], drain).await.is_some();
        assert_eq!(request.await.unwrap(), StatusCode::OK);
        let status = get(setup.proxy.clone(), "/").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        let drained = timeout(LONG, setup.proxy.drain()).await;
        drained.expect("the drain ends");
        becomes_quiet(&setup.proxy, &setup.network).await;
        setup.ends().await;
        completed
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_over_http1() {
    draining(Protocol::Http, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_over_http2() {
    draining(Protocol::Https2, TLS_STRIDE).await;
}

/// A request that fails at the first origin, and goes to the second.
async fn failing_over(protocol: Protocol, stride: usize) {
    let (first, second) = (Setup::new(protocol), Setup::new(protocol));
    at_each_poll(EITHER, stride, async |polls| {
        first.network.forget_plans();
        first.network.plan(Plan {
            connects: Connects::Refused,
            ..Plan::default()
        });
        first.proxy.retire_connections();
        becomes_quiet(&first.proxy, &first.network).await;
        let proxies = [&first.proxy, &second.proxy].map(OriginProxy::clone);
        let [primary, backup] = proxies;
        let group = failover(primary, backup).build().unwrap();
        let completed = polls
            .of(&[&first.network, &second.network], upload(group))
            .await
            .is_some();
        first.network.forget_plans();
        first.works().await;
        second.works().await;
        completed
    })
    .await;
    drop(first.proxy);
    first.network.stop_servers();
    second.ends().await;
}

#[tokio::test(start_paused = true)]
async fn a_failover_over_http1() {
    failing_over(Protocol::Http, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_failover_over_http2() {
    failing_over(Protocol::Https2, TLS_STRIDE).await;
}

async fn probing(protocol: Protocol, stride: usize) {
    let tasks = alive_tasks();
    let setup = Setup::new(protocol);
    let connector = setup.network.connector().build().unwrap();
    at_each_poll(EITHER, stride, async |polls| {
        let probe = cdn_origin::probe(&connector).pause(Duration::ZERO);
        let found = polls.of(&[&setup.network], probe.into_future()).await;
        closes(&setup.network).await;
        let Some(findings) = found else { return false };
        assert!(findings.unwrap().working().is_some());
        true
    })
    .await;
    drop(connector);
    leaves_nothing(setup.proxy, setup.network, tasks).await;
}

#[tokio::test(start_paused = true)]
async fn a_probe_over_http() {
    probing(Protocol::Http, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_probe_over_https() {
    probing(Protocol::Https2, TLS_STRIDE).await;
}

/// All of them at each poll.
pub(super) async fn over_tls() {
    connecting(Protocol::Https2, 1).await;
    prewarming(Protocol::Https2, 1).await;
    draining(Protocol::Https2, 1).await;
    failing_over(Protocol::Https2, 1).await;
    probing(Protocol::Https2, 1).await;
}
