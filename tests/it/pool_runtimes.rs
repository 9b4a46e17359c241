//! A proxy that outlives a runtime: nothing of the old one is used in the next.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    OriginProxy,
    dial::{Dns, Lookup, Resolve, Resolved, Resolving},
    pool::{PoolSettings, PoolSnapshot},
};
use futures_util::future::join_all;
use http::{Method, Request, StatusCode};
use http_body_util::Empty;
use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
    time::timeout,
};
use tower::ServiceExt;

use crate::{
    closing_origin::{ClosingOrigin, End, Speaks},
    pool_stale::send,
};

fn runtime() -> Runtime {
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(2).enable_all().build().unwrap()
}

fn get() -> Request<Empty<Bytes>> {
    let request = Request::get("/").header("host", "client.test");
    request.body(Empty::new()).unwrap()
}

/// Sends requests at once, and returns their statuses.
fn statuses(runtime: &Runtime, proxy: &OriginProxy) -> Vec<StatusCode> {
    runtime.block_on(async {
        let methods = [Method::GET, Method::POST, Method::PUT, Method::POST];
        let sent = methods.map(|method| send(proxy, method, "content"));
        timeout(Duration::from_secs(60), join_all(sent))
            .await
            .unwrap()
    })
}

#[test]
fn after_the_shutdown_of_a_runtime_the_next_one_gets_every_response() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::Fin);
        let proxy = OriginProxy::new(origin.connector());
        for round in 0..20 {
            let runtime = runtime();
            let statuses = statuses(&runtime, &proxy);
            runtime.shutdown_background();
            assert_eq!(statuses, [StatusCode::OK; 4], "{speaks:?}, round {round}");
        }
        assert_eq!(origin.posts(), 40);
    }
}

#[test]
fn two_runtimes_share_a_full_pool() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::Fin);
        let settings = PoolSettings::default().max_connections(1);
        let proxy = OriginProxy::new(origin.connector()).pool(settings);
        let runtimes = [runtime(), runtime()];
        for runtime in runtimes.iter().cycle().take(10) {
            assert_eq!(statuses(runtime, &proxy), [StatusCode::OK; 4], "{speaks:?}");
        }
        assert!(proxy.snapshot().pool.open <= 1);
    }
}

#[test]
fn the_next_runtime_notices_when_the_origin_closes_idle_connections() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::Fin);
        let proxy = OriginProxy::new(origin.connector());
        let [old, next] = [runtime(), runtime()];
        // The tasks of the pool are in the old runtime when the next one connects.
        for runtime in [&old, &next] {
            assert_eq!(
                runtime.block_on(send(&proxy, Method::GET, "")),
                StatusCode::OK
            );
        }
        old.shutdown_timeout(Duration::from_secs(30));
        next.block_on(async {
            assert_eq!(send(&proxy, Method::GET, "").await, StatusCode::OK);
            // Those of the old runtime close, by a task of the next one at the latest.
            origin.until_ended();
            origin.end_connection();
            let closed = async {
                while proxy.snapshot().pool.open > 0 {
                    yield_now().await;
                }
            };
            timeout(Duration::from_secs(30), closed).await.unwrap();
        });
        assert_eq!(proxy.snapshot().pool.idle, 0, "{speaks:?}");
    }
}

/// Never answers the first lookup, and knows the address at the second.
struct HangsOnce {
    lookups: Arc<AtomicUsize>,
    address: SocketAddr,
}

impl Resolve for HangsOnce {
    fn resolve(&self, _: &Lookup) -> Resolving {
        let (lookups, address) = (self.lookups.clone(), self.address);
        Box::pin(async move {
            if lookups.fetch_add(1, SeqCst) == 0 {
                // A timer of the runtime that shuts down.
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
            Ok(Resolved::new([address]))
        })
    }
}

#[test]
fn the_next_runtime_does_not_wait_for_a_lookup_a_connect_or_a_place_of_the_old_one() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::Fin);
        let lookups = Arc::new(AtomicUsize::new(0));
        let resolver = HangsOnce {
            lookups: lookups.clone(),
            address: origin.address(),
        };
        let connector = origin.by_name().dns(Dns::default().resolver(resolver));
        let connector = connector.build().unwrap();
        let settings = PoolSettings::default().max_connections(1);
        let proxy = OriginProxy::new(connector).pool(settings);
        let old = runtime();
        for _ in 0..3 {
            let proxy = proxy.clone();
            old.spawn(async move { send(&proxy, Method::GET, "").await });
        }
        while lookups.load(SeqCst) == 0 || proxy.snapshot().pool.waiting < 3 {
            std::thread::yield_now();
        }
        old.shutdown_background();
        assert_eq!(
            statuses(&runtime(), &proxy),
            [StatusCode::OK; 4],
            "{speaks:?}"
        );
    }
}

/// No part of a snapshot contradicts another.
pub(crate) fn consistent(proxy: &OriginProxy) -> PoolSnapshot {
    let pool = proxy.snapshot().pool;
    assert!(pool.idle + pool.tunnels <= pool.open, "{pool:?}");
    assert!(pool.waiting <= pool.in_flight, "{pool:?}");
    assert!(pool.streams == 0 || pool.open > 0, "{pool:?}");
    let established = pool.opened - pool.closed_total();
    assert!(established <= pool.open as u64, "{pool:?}");
    pool
}

#[test]
fn a_pool_whose_runtime_is_gone_counts_no_connection_that_is_gone() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::Fin);
        let proxy = OriginProxy::new(origin.connector());
        let old = runtime();
        assert_eq!(old.block_on(send(&proxy, Method::GET, "")), StatusCode::OK);
        // A stream that is open is not closed by the end of its runtime alone.
        let unread = old.block_on(proxy.clone().oneshot(get())).unwrap();
        drop(old);
        consistent(&proxy);
        drop(unread);
        consistent(&proxy);
        assert_eq!(statuses(&runtime(), &proxy), [StatusCode::OK; 4]);
        consistent(&proxy);
    }
}

#[test]
fn no_snapshot_contradicts_itself_while_connections_come_and_go() {
    for speaks in Speaks::ALL {
        let origin = ClosingOrigin::start(speaks, End::ResetBySecondRequest);
        let settings = PoolSettings::default().max_connections(2);
        let proxy = OriginProxy::new(origin.connector()).pool(settings);
        let runtime = runtime();
        let sent = runtime.spawn({
            let proxy = proxy.clone();
            async move {
                for _ in 0..30 {
                    join_all([(); 6].map(|()| send(&proxy, Method::GET, ""))).await;
                }
            }
        });
        while !sent.is_finished() {
            consistent(&proxy);
        }
        runtime.block_on(sent).unwrap();
    }
}
