//! Members that are added, removed and changed while requests run.

use std::{
    net::SocketAddr,
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector,
    dial::{Dns, Lookup, Resolve, ResolveError, Resolved, Resolving},
    error::BuildProblemKind,
    group::{Balance, MemberSource, OriginGroup},
};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, sync::watch};

use super::{GATE, Site, get};
use crate::{support::refused_address, tls_facts::Log};

fn names(group: &OriginGroup) -> Vec<String> {
    let members = group.snapshot().into_iter();
    members.map(|it| it.name).collect()
}

/// Lets the group's task run until the members have these names.
async fn until(group: &OriginGroup, expected: &[&str]) {
    while names(group) != expected {
        tokio::task::yield_now().await;
    }
}

fn round_robin(sites: &[&Site]) -> OriginGroup {
    let group = OriginGroup::builder().tier(sites.iter().map(|it| it.member()));
    group.balance(Balance::round_robin()).build().unwrap()
}

#[tokio::test]
async fn members_are_added_and_removed_and_no_request_is_lost() {
    let (a, b) = (Site::new("a"), Site::new("b"));
    let group = round_robin(&[&a]);
    let closed = a.0.gate.acquire_many(GATE as u32).await.unwrap();
    let present = tokio::spawn({
        let group = group.clone();
        async move { get(&group).await }
    });
    while a.requests() < 1 {
        tokio::task::yield_now().await;
    }

    drop(group.put(0, b.member()).unwrap());
    let mut drained = pin!(group.remove("a").unwrap());
    assert!(futures_util::poll!(&mut drained).is_pending());
    assert_eq!(get(&group).await, "b");
    assert_eq!(names(&group), ["b"]);
    drop(closed);
    drained.await;
    assert_eq!(present.await.unwrap(), "a");
    assert!(group.remove("a").is_none());
    assert!(!group.set_weight("a", 1));
}

/// The replaced member is the only one: there is no moment without a member.
#[tokio::test]
async fn a_member_is_replaced_by_one_of_its_name_and_no_request_is_lost() {
    let (a, b) = (Site::new("a"), Site::new("b"));
    let group = round_robin(&[&a]);
    let closed = a.0.gate.acquire_many(GATE as u32).await.unwrap();
    let present = tokio::spawn({
        let group = group.clone();
        async move { get(&group).await }
    });
    while a.requests() < 1 {
        tokio::task::yield_now().await;
    }
    let mut drained = pin!(group.put(0, b.member().name("a")).unwrap());
    assert!(futures_util::poll!(&mut drained).is_pending());
    assert_eq!(get(&group).await, "b");
    drop(closed);
    drained.await;
    assert_eq!(present.await.unwrap(), "a");

    group.put(1, b.member().name("a")).unwrap().await;
    let tiers: Vec<_> = group.snapshot().iter().map(|it| it.tier).collect();
    assert_eq!((names(&group), tiers), (vec!["a".to_owned()], vec![1]));
    group.put(0, a.member().name("b")).unwrap().await;
    assert_eq!(names(&group), ["b", "a"]);
    assert!(group.put(3, a.member()).is_err());
}

#[tokio::test]
async fn tiers_are_added_in_order() {
    let (a, b) = (Site::new("a"), Site::new("b"));
    let group = round_robin(&[&a]);
    let error = group.put(2, b.member()).err().unwrap();
    assert_eq!(error.problems()[0].kind(), BuildProblemKind::OutOfRange);
    drop(group.put(1, b.member()).unwrap());
    assert_eq!(group.snapshot()[1].tier, 1);
    a.kill();
    assert_eq!(get(&group).await, "b");
}

#[tokio::test]
async fn a_new_member_begins_with_a_small_share() {
    let (a, b) = (Site::new("a"), Site::new("b"));
    let group = round_robin(&[&a]);
    drop(group.put(0, b.member()).unwrap());
    for _ in 0..110 {
        get(&group).await;
    }
    assert!(b.requests() < 40, "{}", b.requests());
}

#[tokio::test]
async fn a_member_that_stays_keeps_its_connections() {
    let (a, b, c) = (Site::new("a"), Site::new("b"), Site::new("c"));
    let group = round_robin(&[&a, &b]);
    for _ in 0..4 {
        get(&group).await;
    }
    let next = vec![b.member().weight(7), c.member(), c.member()];
    group.replace(0, next).await;
    let members = group.snapshot();
    let [b, c] = &members[..] else {
        panic!("{members:?}")
    };
    assert_eq!((b.name.as_str(), b.weight, b.proxy.pool.open), ("b", 7, 1));
    assert_eq!((c.name.as_str(), c.proxy.pool.open), ("c", 0));
}

#[tokio::test]
async fn members_come_from_a_watch_channel_and_stay_when_it_closes() {
    let (a, b) = (Site::new("a"), Site::new("b"));
    let (sender, receiver) = watch::channel(vec![a.member()]);
    let source = MemberSource::watch(receiver);
    let group = OriginGroup::builder().tier_from(source).build().unwrap();
    // The first request may come before the group's task runs.
    assert_eq!(get(&group).await, "a");
    sender.send_replace(vec![b.member()]);
    until(&group, &["b"]).await;
    drop(sender);
    tokio::task::yield_now().await;
    assert_eq!(get(&group).await, "b");
}

#[tokio::test]
async fn members_of_several_tiers_come_from_channels() {
    let (a, b) = (Site::new("a"), Site::new("b"));
    let (to_first, first) = watch::channel(Vec::new());
    let (to_second, second) = watch::channel(Vec::new());
    let group = OriginGroup::builder()
        .tier_from(MemberSource::watch(first))
        .tier_from(MemberSource::watch(second))
        .build()
        .unwrap();
    to_second.send(vec![b.member()]).unwrap();
    until(&group, &["b"]).await;
    assert_eq!(get(&group).await, "b");
    to_first.send(vec![a.member()]).unwrap();
    until(&group, &["a", "b"]).await;
    assert_eq!(get(&group).await, "a");
    to_first.send(Vec::new()).unwrap();
    until(&group, &["b"]).await;
    assert_eq!(get(&group).await, "b");
}

/// Whichever of the two updates comes first.
#[tokio::test]
async fn a_member_moves_to_the_tier_whose_source_has_it_now() {
    let [a, b, c, d] = ["a", "b", "c", "d"].map(Site::new);
    for first_is_sent_first in [true, false] {
        let (to_first, first) = watch::channel(vec![a.member()]);
        let (to_second, second) = watch::channel(vec![b.member(), c.member()]);
        let group = OriginGroup::builder()
            .tier_from(MemberSource::watch(first))
            .tier_from(MemberSource::watch(second))
            .build()
            .unwrap();
        match first_is_sent_first {
            true => {
                to_first.send(vec![c.member()]).unwrap();
                until(&group, &["b", "c"]).await;
                drop(to_first);
                to_second.send(vec![d.member()]).unwrap();
            }
            false => {
                to_second.send(vec![d.member()]).unwrap();
                until(&group, &["a", "d"]).await;
                to_first.send(vec![c.member()]).unwrap();
            }
        }
        until(&group, &["c", "d"]).await;
        assert_eq!(group.snapshot()[0].tier, 0);
        assert_eq!(get(&group).await, "c");
    }
}

#[tokio::test]
async fn a_member_of_a_source_waits_for_a_name_that_the_application_has_given_to_another() {
    let [a, b, other] = ["a", "b", "a"].map(Site::new);
    let (to_second, second) = watch::channel(vec![b.member()]);
    let group = OriginGroup::builder()
        .tier([other.member()])
        .tier_from(MemberSource::watch(second))
        .build()
        .unwrap();
    to_second.send(vec![a.member()]).unwrap();
    until(&group, &["a"]).await;
    assert_eq!(group.snapshot()[0].tier, 0);
    drop(group.remove("a").unwrap());
    until(&group, &["a"]).await;
    assert_eq!(group.snapshot()[0].tier, 1);
    drop(to_second);
}

/// A name server whose answer changes. An empty one is a failure.
#[derive(Clone, Default)]
struct Names(Arc<Mutex<Vec<SocketAddr>>>);

impl Resolve for Names {
    fn resolve(&self, _: &Lookup) -> Resolving {
        let addresses = self.0.lock().unwrap().clone();
        Box::pin(async move {
            match addresses.is_empty() {
                true => Err(ResolveError::failed("SERVFAIL")),
                false => Ok(Resolved::new(addresses).ttl(Duration::ZERO)),
            }
        })
    }
}

/// A server that answers with its address.
async fn server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(move |_: Request<Incoming>| async move {
                let text = Full::<Bytes>::from(address.to_string());
                Ok::<_, std::io::Error>(Response::new(text))
            });
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

#[tokio::test]
async fn each_address_of_a_name_is_a_member_while_the_name_has_it() {
    let (log, _guard) = Log::start();
    let mut addresses = [server().await, server().await];
    addresses.sort();
    let [one, other] = addresses.map(|it| it.to_string());
    let names = Names::default();
    let cache = cdn_origin::dial::DnsCache::default().ttl(Duration::ZERO..=Duration::ZERO);
    let dns = Dns::default().resolver(names.clone()).cache(cache);
    let connector = CdnOriginConnector::builder("http://service.example").dns(dns);
    let source = MemberSource::dns(connector.build().unwrap());
    let group = OriginGroup::builder().tier_from(source);
    let group = group.balance(Balance::round_robin()).build().unwrap();
    // Until the first answer, it is the name itself.
    until(&group, &["service.example:80"]).await;
    while !log.text().contains("the members stay as they are") {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(log.text().contains("SERVFAIL"), "{}", log.text());

    *names.0.lock().unwrap() = addresses.to_vec();
    until_dns(&group, &[&one, &other]).await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        answers.push(get(&group).await);
    }
    answers.sort();
    assert_eq!(answers, [one.clone(), other.clone()]);

    *names.0.lock().unwrap() = vec![addresses[1]];
    until_dns(&group, &[&other]).await;
    assert_eq!(get(&group).await, other);
}

fn in_a_runtime<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(work)
}

/// As after a start-up check in a runtime of its own.
#[test]
fn a_group_follows_dns_in_another_runtime_than_the_one_it_was_built_in() {
    let refused = [refused_address(), refused_address()];
    let [one, other] = refused.each_ref().map(|it| it.address().to_string());
    let names = Names(Arc::new(Mutex::new(vec![refused[0].address()])));
    let cache = cdn_origin::dial::DnsCache::default().ttl(Duration::ZERO..=Duration::ZERO);
    let dns = Dns::default().resolver(names.clone()).cache(cache);
    let connector = CdnOriginConnector::builder("http://service.example").dns(dns);
    let source = MemberSource::dns(connector.build().unwrap());
    let group = in_a_runtime(async {
        let group = OriginGroup::builder().tier_from(source).build().unwrap();
        until_dns(&group, &[&one]).await;
        group
    });
    *names.0.lock().unwrap() = vec![refused[1].address()];
    in_a_runtime(async {
        // The first request begins the task.
        get(&group).await;
        until_dns(&group, &[&other]).await;
    });
}

/// Waits for a look-up, of which there is one a second.
async fn until_dns(group: &OriginGroup, expected: &[&str]) {
    while names(group) != expected {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
