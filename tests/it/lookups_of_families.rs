//! Look-ups of one family that fail while those of the other have answers: the parts of the crate
//! that need all addresses of a name.

use std::{
    future,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy,
    adapt::reqwest::{base_url, client_builder},
    connector::CdnOriginBuilder,
    dial::{Dns, DnsCache, Lookup, Resolve, ResolveError, Resolved, Resolving},
    group::{MemberSource, OriginGroup},
    pool::PoolSettings,
};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use tower::ServiceExt;

use crate::support::{Authority, Edge};

/// Name servers whose answers change. They are asked for each family.
#[derive(Clone, Default)]
struct Names(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Empty if the query fails.
    v4: Mutex<Vec<SocketAddr>>,
    /// Whether queries for IPv6 have no answer. They fail otherwise.
    is_v6_silent: AtomicBool,
}

impl Names {
    fn of(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        let names = Self::default();
        names.now(addresses);
        names
    }

    fn now(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        *self.0.v4.lock().unwrap() = addresses.into_iter().collect();
    }

    /// A builder for a name of theirs, with answers that are looked up each time.
    fn builder(&self) -> CdnOriginBuilder {
        let cache = DnsCache::default().ttl(Duration::ZERO..=Duration::ZERO);
        let dns = Dns::default().resolver(self.clone()).cache(cache);
        CdnOriginConnector::builder("http://origin.example").dns(dns)
    }
}

impl Resolve for Names {
    fn resolve(&self, lookup: &Lookup) -> Resolving {
        let (inner, is_v4) = (self.0.clone(), lookup.wants_ipv4());
        Box::pin(async move {
            if !is_v4 && inner.is_v6_silent.load(SeqCst) {
                future::pending::<()>().await;
            }
            let addresses = inner.v4.lock().unwrap().clone();
            match is_v4 && !addresses.is_empty() {
                true => Ok(Resolved::new(addresses)),
                false => Err(ResolveError::failed("SERVFAIL")),
            }
        })
    }

    fn splits_families(&self) -> bool {
        true
    }
}

async fn edge() -> Edge {
    let edge = Edge::builder(&Authority::new()).plain_http();
    edge.start().await
}

async fn get(connector: &CdnOriginConnector) -> reqwest::Result<reqwest::Response> {
    let client = client_builder(connector).unwrap().build()?;
    client.get(base_url(connector).unwrap()).send().await
}

#[tokio::test]
async fn reqwest_connects_to_the_addresses_of_the_family_that_has_an_answer() {
    let edge = edge().await;
    let names = Names::of([edge.address()]);
    for is_silent in [false, true] {
        names.0.is_v6_silent.store(is_silent, SeqCst);
        let connector = names.builder().build().unwrap();
        let response = get(&connector).await;
        assert_eq!(response.unwrap().status(), StatusCode::OK, "{is_silent}");
    }
}

#[tokio::test]
async fn reqwest_goes_on_with_a_stale_answer() {
    let edge = edge().await;
    let names = Names::of([edge.address()]);
    let connector = names.builder().build().unwrap();
    for _ in 0..2 {
        assert_eq!(get(&connector).await.unwrap().status(), StatusCode::OK);
        names.now([]);
    }
}

#[tokio::test]
async fn reqwest_has_the_error_of_the_look_up() {
    let connector = Names::default().builder().build().unwrap();
    let error = get(&connector).await.unwrap_err();
    let found = cdn_origin::Error::find_in(&error).unwrap();
    assert_eq!(found.kind(), cdn_origin::ErrorKind::ResolveFailed);
}

/// Waits for a look-up, of which there is one a second.
async fn until(group: &OriginGroup, expected: &[SocketAddr]) {
    let mut expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
    expected.sort_unstable();
    loop {
        let mut names: Vec<_> = group.snapshot().into_iter().map(|it| it.name).collect();
        names.sort_unstable();
        if names == expected {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_members_of_a_group_are_those_of_the_family_that_has_an_answer() {
    let [one, other] = ["192.0.2.1:80", "192.0.2.2:80"].map(|it| it.parse().unwrap());
    let names = Names::of([one]);
    let source = MemberSource::dns(names.builder().build().unwrap());
    let group = OriginGroup::builder().tier_from(source).build().unwrap();
    until(&group, &[one]).await;
    names.now([one, other]);
    until(&group, &[one, other]).await;
    names.now([other]);
    until(&group, &[other]).await;
}

#[tokio::test]
async fn a_pool_leaves_an_address_that_its_family_no_longer_has() {
    let (old, new) = (edge().await, edge().await);
    let names = Names::of([old.address()]);
    let pool = PoolSettings::default().follow_dns(Duration::ZERO);
    let proxy = OriginProxy::new(names.builder().build().unwrap()).pool(pool);
    let get = async || {
        let request = Request::get("/").header("host", "client.test");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let Ok(response) = proxy.clone().oneshot(request).await;
        response.into_body().collect().await.unwrap();
    };
    get().await;
    names.now([new.address()]);
    while proxy.snapshot().pool.open > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    get().await;
    assert_eq!((old.requests().len(), new.requests().len()), (1, 1));
}
