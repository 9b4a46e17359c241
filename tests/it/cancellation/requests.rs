//! Requests through a pool: with their connect, on an idle connection, in the queue, and tunnels.

use cdn_origin::pool::PoolSettings;
use http::StatusCode;

use crate::relay::{Protocol, Upgrade};

use super::{
    TLS_STRIDE,
    polls::{EITHER, at_each_poll},
    setup::{Setup, get, upload},
};

/// A request that opens its connection.
async fn connecting(protocol: Protocol, stride: usize) {
    at_each_poll(EITHER, stride, async |polls| {
        let setup = Setup::new(protocol);
        let completed = polls
            .of(&[&setup.network], upload(setup.proxy.clone()))
            .await
            .is_some();
        setup.works().await;
        setup.ends().await;
        completed
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_request_and_its_connect_over_http() {
    connecting(Protocol::Http, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_and_its_connect_over_https_and_http1() {
    connecting(Protocol::Https1, TLS_STRIDE).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_and_its_connect_over_https_and_http2() {
    connecting(Protocol::Https2, TLS_STRIDE).await;
}

/// Requests that share connections, some of which leave at the same poll, and one stays.
async fn sharing(protocol: Protocol, stride: usize) {
    let setup = Setup::new(protocol);
    setup.works().await;
    at_each_poll(EITHER, stride, async |polls| {
        let networks = [&setup.network];
        let leaving = || polls.of(&networks, upload(setup.proxy.clone()));
        let staying = upload(setup.proxy.clone());
        let (first, _, _, ()) = tokio::join!(leaving(), leaving(), leaving(), staying);
        setup.works().await;
        first.is_some()
    })
    .await;
    setup.ends().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_among_others_over_http() {
    sharing(Protocol::Http, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_among_others_over_https_and_http1() {
    sharing(Protocol::Https1, TLS_STRIDE).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_among_others_over_https_and_http2() {
    sharing(Protocol::Https2, TLS_STRIDE).await;
}

/// A request in the queue of a full pool, which gets its connection while it is polled.
async fn waiting(protocol: Protocol, stride: usize) {
    let pool = PoolSettings::default().max_connections(1).max_uses(1);
    let setup = Setup::with(protocol, pool);
    at_each_poll(EITHER, stride, async |polls| {
        let holder = get(setup.proxy.clone(), "/held");
        let waiter = async {
            let networks = [&setup.network];
            let waits = polls.of(&networks, upload(setup.proxy.clone()));
            let release = async {
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                setup.release.add_permits(1);
            };
            tokio::join!(waits, release).0
        };
        let (status, waited) = tokio::join!(holder, waiter);
        assert_eq!(status, StatusCode::OK);
        setup.works().await;
        waited.is_some()
    })
    .await;
    setup.ends().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_in_the_queue_over_http1() {
    waiting(Protocol::Http, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_in_the_queue_over_http2() {
    waiting(Protocol::Https2, TLS_STRIDE).await;
}

/// A request that leaves the queue before it gets a connection is counted no longer.
#[tokio::test(start_paused = true)]
async fn a_request_that_leaves_the_queue() {
    let pool = PoolSettings::default().max_connections(1);
    let setup = Setup::with(Protocol::Http, pool);
    // The holder gets its connection at once.
    setup.works().await;
    at_each_poll(EITHER, 20, async |polls| {
        let holder = get(setup.proxy.clone(), "/held");
        let waiter = async {
            let networks = [&setup.network];
            let waited = polls.of(&networks, get(setup.proxy.clone(), "/")).await;
            assert_eq!(setup.proxy.snapshot().pool.waiting, 0);
            setup.release.add_permits(1);
            waited
        };
        let (status, waited) = tokio::join!(holder, waiter);
        assert_eq!(status, StatusCode::OK);
        setup.works().await;
        waited.is_some()
    })
    .await;
    setup.ends().await;
}

/// The server of a client that asks for an upgrade and uses the tunnel.
async fn upgrading(protocol: Protocol, stride: usize) {
    let setup = Setup::new(protocol);
    at_each_poll(EITHER, stride, async |polls| {
        let (client, serving) = Upgrade::serve(&setup.proxy, "/");
        let (mut echoed, mut tunnel) = (None, None);
        let exchange = async {
            let using = async {
                let mut upgrade = client.await.ok()?;
                echoed = upgrade.echoes(b"ping").await;
                tunnel = Some(upgrade);
                Some(())
            };
            tokio::join!(using, serving)
        };
        let completed = polls.of(&[&setup.network], exchange).await.is_some();
        drop(tunnel);
        setup.works().await;
        assert!(!completed || echoed == Some(true));
        completed
    })
    .await;
    setup.ends().await;
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_over_http() {
    upgrading(Protocol::Http, 1).await;
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_over_https() {
    upgrading(Protocol::Https2, TLS_STRIDE).await;
}

/// All of them at each poll.
pub(super) async fn over_tls() {
    connecting(Protocol::Https1, 1).await;
    connecting(Protocol::Https2, 1).await;
    sharing(Protocol::Https1, 1).await;
    sharing(Protocol::Https2, 1).await;
    waiting(Protocol::Https2, 1).await;
    upgrading(Protocol::Https2, 1).await;
}
