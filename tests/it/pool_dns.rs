//! A name whose addresses change while requests are in flight: when the pool follows.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy, VerifyPolicy,
    dial::{Dns, DnsCache, ResolveError, Resolved},
    observe::CloseReason,
    pool::PoolSettings,
    tls::Roots,
};
use futures_util::future::join_all;
use http::{Request, Response, StatusCode, header::CONNECTION};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tower::ServiceExt;

use crate::{
    origin::{Counts, NAME, Origin},
    resolve::ScriptedResolver,
};

/// The protocol of the origins of a test.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Protocol {
    Http1,
    Http2,
}

/// Two origins of one name, which resolves to the old one first.
struct Moving {
    reported: ScriptedResolver,
    old: Origin,
    new: Origin,
    /// Requests for `/slow` wait for it.
    gate: Arc<Semaphore>,
    /// The old one closes its connection with each response.
    leaving: Arc<AtomicBool>,
}

impl Moving {
    async fn new(protocol: Protocol) -> Self {
        let (gate, leaving) = (
            Arc::new(Semaphore::new(0)),
            Arc::new(AtomicBool::new(false)),
        );
        let start = async |name: &'static str, leaving: &Arc<AtomicBool>| {
            let (gate, leaving) = (gate.clone(), leaving.clone());
            let answer = move |_, request: Request<Incoming>| {
                let (gate, leaving) = (gate.clone(), leaving.clone());
                async move {
                    if request.uri().path() == "/slow" {
                        let _ = gate.acquire().await;
                    }
                    let mut response = Response::new(Full::from(name));
                    if leaving.load(SeqCst) {
                        let close = http::HeaderValue::from_static("close");
                        response.headers_mut().insert(CONNECTION, close);
                    }
                    response
                }
            };
            match protocol {
                Protocol::Http1 => Origin::http1(answer).await,
                Protocol::Http2 => Origin::http2(100, answer).await,
            }
        };
        let old = start("old", &leaving).await;
        let new = start("new", &Arc::default()).await;
        Self {
            reported: ScriptedResolver::addresses([old.address()]),
            old,
            new,
            gate,
            leaving,
        }
    }

    fn proxy(&self, cache: DnsCache, pool: PoolSettings) -> OriginProxy {
        let roots = self.old.root_pem() + &self.new.root_pem();
        let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
            .dns(Dns::default().resolver(self.reported.clone()).cache(cache))
            .verify(VerifyPolicy::roots(Roots::pem(roots)))
            .build()
            .unwrap();
        OriginProxy::new(connector).pool(pool)
    }

    fn moves(&self) {
        self.reported.now(Ok(Resolved::new([self.new.address()])));
    }
}

/// The origin that answers a request.
async fn ask(proxy: &OriginProxy, path: &str) -> String {
    let request = Request::get(path).header("host", "client.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(status, StatusCode::OK, "{body:?}");
    String::from_utf8(body.to_vec()).unwrap()
}

fn following() -> PoolSettings {
    PoolSettings::default().follow_dns(Duration::ZERO)
}

#[tokio::test]
async fn connections_to_an_address_that_is_absent_from_dns_end_after_their_requests() {
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let moving = Moving::new(protocol).await;
        let proxy = moving.proxy(DnsCache::off(), following());
        let slow = tokio::spawn({
            let proxy = proxy.clone();
            async move { ask(&proxy, "/slow").await }
        });
        moving.old.until(|old| old.requests.load(SeqCst) == 1).await;
        assert_eq!(ask(&proxy, "/").await, "old");

        moving.moves();
        let idle = match protocol {
            Protocol::Http1 => 1,
            // It carries the slow request.
            Protocol::Http2 => 0,
        };
        while ask(&proxy, "/").await != "new"
            || proxy.snapshot().pool.closed(CloseReason::Vanished) < idle
        {
            tokio::task::yield_now().await;
        }
        moving.old.until(|old| old.open.load(SeqCst) == 1).await;

        moving.gate.close();
        assert_eq!(slow.await.unwrap(), "old", "{protocol:?}");
        moving.old.until(|old| old.open.load(SeqCst) == 0).await;
        assert_eq!(
            proxy.snapshot().pool.closed(CloseReason::Vanished),
            idle + 1
        );
        assert_eq!(proxy.snapshot().pool.closed_total(), idle + 1);
    }
}

#[tokio::test]
async fn connections_stay_while_name_servers_fail_or_return_no_address() {
    for failure in [
        ResolveError::failed("SERVFAIL"),
        ResolveError::not_found("NXDOMAIN"),
    ] {
        let moving = Moving::new(Protocol::Http1).await;
        let proxy = moving.proxy(DnsCache::off(), following());
        assert_eq!(ask(&proxy, "/").await, "old");
        moving.reported.now(Err(failure));
        // The last but one was looked at.
        moving
            .reported
            .until_count(moving.reported.count() + 2)
            .await;
        assert_eq!(ask(&proxy, "/").await, "old");
        assert_eq!(proxy.snapshot().pool.opened, 1);
    }
}

#[tokio::test]
async fn a_cached_answer_is_not_queried_again_by_the_dns_watch() {
    let moving = Moving::new(Protocol::Http2).await;
    let hour = Duration::from_secs(3600);
    let kept = moving.proxy(DnsCache::default().without_ttl(hour), following());
    let asks = moving.proxy(DnsCache::off(), following());
    assert_eq!(ask(&kept, "/").await, "old");
    assert_eq!(ask(&asks, "/").await, "old");
    moving.moves();
    while ask(&asks, "/").await != "new" {
        tokio::task::yield_now().await;
    }
    assert_eq!(ask(&kept, "/").await, "old");
}

/// Keeps requests in flight until `done`.
async fn load(proxy: &OriginProxy, clients: usize, done: impl Future<Output = ()>) {
    let over = AtomicBool::new(false);
    let client = async || {
        while !over.load(SeqCst) {
            ask(proxy, "/").await;
        }
    };
    let ends = async {
        done.await;
        over.store(true, SeqCst);
    };
    tokio::join!(join_all((0..clients).map(|_| client())), ends);
}

#[tokio::test]
async fn a_name_that_moves_under_load_takes_effect_with_the_next_connect_and_no_request_fails() {
    const CLIENTS: usize = 8;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let moving = Moving::new(protocol).await;
        // Answers expire at once, and connections end all the time: each connect shows where the
        // pool expects the name to be.
        let proxy = moving.proxy(DnsCache::off(), PoolSettings::default().max_uses(3));
        let reached = |origin: &Counts| origin.connections.load(SeqCst) > 20;
        load(&proxy, CLIENTS, moving.old.until(reached)).await;

        let before = moving.old.counts().connections.load(SeqCst);
        moving.moves();
        load(&proxy, CLIENTS, moving.new.until(reached)).await;
        // Those that had begun.
        let after = moving.old.counts().connections.load(SeqCst);
        assert!(after - before <= CLIENTS, "{protocol:?}: {before} {after}");
    }
}

#[tokio::test]
async fn an_address_that_disappears_while_its_answer_is_cached_costs_no_request() {
    let moving = Moving::new(Protocol::Http1).await;
    let hour = Duration::from_secs(3600);
    let cache = DnsCache::default().without_ttl(hour);
    let proxy = moving.proxy(cache, PoolSettings::default());
    load(&proxy, 8, async {
        moving
            .old
            .until(|old| old.requests.load(SeqCst) > 200)
            .await;
    })
    .await;

    moving.moves();
    let Moving {
        old, new, leaving, ..
    } = moving;
    load(&proxy, 8, async {
        // It closes what it has, and refuses what comes.
        leaving.store(true, SeqCst);
        old.refuse();
        new.until(|new| new.requests.load(SeqCst) > 200).await;
    })
    .await;
    assert_eq!(proxy.snapshot().pool.closed(CloseReason::Error), 0);
}
