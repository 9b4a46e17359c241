//! The cache, in time that stands still.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt;
use tokio::time::{Instant, sleep};

use super::{
    cache::{CLIENT_RESPONSE_TIMER, MAX_LOOKUP_AGE, MAX_NAMES},
    *,
};
use crate::{
    dial::{Families, Resolving},
    name::DnsName,
};

const CACHED: Freshness = Freshness::Cached {
    stale_after: CLIENT_RESPONSE_TIMER,
};

/// A resolver that counts lookups, also by the ports that it returns, and fails on demand.
#[derive(Clone, Default)]
struct Counts {
    lookups: Arc<AtomicUsize>,
    fails: Arc<AtomicBool>,
    /// Whether later answers take five seconds.
    is_slow: Arc<AtomicBool>,
    /// How long its first answer takes.
    first: Duration,
}

impl Resolve for Counts {
    fn resolve(&self, _: &Lookup) -> Resolving {
        let count = self.lookups.fetch_add(1, Ordering::SeqCst) + 1;
        let fails = self.fails.load(Ordering::SeqCst);
        let pause = match count {
            1 => self.first,
            _ if self.is_slow.load(Ordering::SeqCst) => Duration::from_secs(5),
            _ => Duration::ZERO,
        };
        Box::pin(async move {
            sleep(pause).await;
            match fails {
                true => Err(ResolveError::failed("SERVFAIL")),
                false => Ok(Resolved::new([address(count)])),
            }
        })
    }
}

fn address(port: usize) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], u16::try_from(port).unwrap()))
}

fn lookup(name: &str) -> Lookup {
    let name = DnsName::try_from(name).unwrap();
    Lookup::new(name, false, 443, Families::Both)
}

/// One connect to a name whose addresses all fail: the first and the last answer it received.
async fn connect_in_vain(cache: &DnsCacheStore) -> DnsAnswer {
    let ask = |freshness| cache.clone().resolve(lookup("origin.example"), freshness);
    let answer = ask(CACHED).await.unwrap();
    match answer.may_refresh {
        true => ask(Freshness::Refreshed).await.unwrap(),
        false => answer,
    }
}

fn cache(resolver: &Counts) -> DnsCacheStore {
    let settings = DnsCache::default().without_ttl(Duration::from_secs(3600));
    DnsCacheStore::new(Arc::new(resolver.clone()), FixedNames::default(), settings)
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_is_down_does_not_make_each_connect_a_look_up() {
    let resolver = Counts::default();
    let cache = cache(&resolver);
    for _ in 0..100 {
        connect_in_vain(&cache).await;
    }
    // One for the name, one because its address failed.
    assert_eq!(resolver.lookups.load(Ordering::SeqCst), 2);
    sleep(Duration::from_secs(1)).await;
    for _ in 0..100 {
        connect_in_vain(&cache).await;
    }
    assert_eq!(resolver.lookups.load(Ordering::SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn a_new_name_takes_the_place_of_the_oldest() {
    let resolver = Counts::default();
    let cache = cache(&resolver);
    let ask = async |number: usize| {
        let lookup = lookup(&format!("{number}.example"));
        cache.clone().resolve(lookup, CACHED).await.unwrap();
        sleep(Duration::from_millis(1)).await;
        resolver.lookups.load(Ordering::SeqCst)
    };
    for number in 0..=MAX_NAMES {
        assert_eq!(ask(number).await, number + 1);
    }
    for number in 1..=MAX_NAMES {
        assert_eq!(ask(number).await, MAX_NAMES + 1);
    }
    assert_eq!(ask(0).await, MAX_NAMES + 2);
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_was_forgotten_writes_nothing_down() {
    let resolver = Counts {
        first: MAX_LOOKUP_AGE + Duration::from_secs(10),
        ..Counts::default()
    };
    let cache = cache(&resolver);
    let ask = || {
        cache
            .clone()
            .resolve(lookup("origin.example"), CACHED)
            .map(|answer| answer.unwrap().resolved.addresses[0])
    };
    let later = sleep(MAX_LOOKUP_AGE).then(|()| ask());
    assert_eq!(tokio::join!(ask(), later), (address(1), address(2)));
    assert_eq!(ask().await, address(2));
}

/// A resolver whose first look-up times out after five seconds.
struct Slow(AtomicUsize);

impl Resolve for Slow {
    fn resolve(&self, _: &Lookup) -> Resolving {
        let is_first = self.0.fetch_add(1, Ordering::SeqCst) == 0;
        Box::pin(async move {
            if !is_first {
                return Ok(Resolved::new([address(2)]));
            }
            sleep(Duration::from_secs(5)).await;
            Err(ResolveError::failed("no answer in time"))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_up_that_failed_while_nobody_waited_for_it_tells_nothing() {
    let resolver = Arc::new(Slow(AtomicUsize::new(0)));
    let cache = DnsCacheStore::new(resolver.clone(), FixedNames::default(), DnsCache::default());
    let ask = || cache.clone().resolve(lookup("origin.example"), CACHED);
    let given_up = tokio::time::timeout(Duration::from_secs(1), ask()).await;
    assert!(given_up.is_err());
    sleep(Duration::from_secs(10)).await;
    let both = tokio::join!(ask(), ask());
    for answer in [both.0, both.1] {
        assert_eq!(answer.unwrap().resolved.addresses, [address(2)]);
    }
    assert_eq!(resolver.0.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_holds_is_not_called_stale_because_asking_again_failed() {
    let resolver = Counts::default();
    let cache = cache(&resolver);
    connect_in_vain(&cache).await;
    resolver.fails.store(true, Ordering::SeqCst);
    for _ in 0..100 {
        assert!(!connect_in_vain(&cache).await.stale);
    }
    assert_eq!(resolver.lookups.load(Ordering::SeqCst), 2);
    sleep(Duration::from_secs(3600)).await;
    assert!(connect_in_vain(&cache).await.stale);
}

/// Name servers that answer once, and then drop all queries.
#[derive(Default)]
struct Silent(AtomicUsize);

impl Resolve for Silent {
    fn resolve(&self, _: &Lookup) -> Resolving {
        let count = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        Box::pin(async move {
            if count == 1 {
                return Ok(Resolved::new([address(count)]));
            }
            sleep(Duration::from_secs(20)).await;
            Err(ResolveError::failed("no answer in time"))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_is_used_while_name_servers_are_silent() {
    let resolver = Arc::new(Silent::default());
    let cache = DnsCacheStore::new(resolver.clone(), FixedNames::default(), DnsCache::default());
    let start = Instant::now();
    let mut delayed = 0;
    while start.elapsed() < Duration::from_secs(60) {
        let asked = Instant::now();
        let answer = cache.clone().resolve(lookup("origin.example"), CACHED);
        assert_eq!(answer.await.unwrap().resolved.addresses, [address(1)]);
        assert!(asked.elapsed() <= CLIENT_RESPONSE_TIMER + Duration::from_millis(1));
        delayed += usize::from(asked.elapsed() > Duration::ZERO);
        sleep(Duration::from_millis(100)).await;
    }
    // One connection waits for each look-up.
    assert_eq!(resolver.0.load(Ordering::SeqCst) - 1, delayed);
    assert!(delayed <= 3, "{delayed}");
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_that_leads_nowhere_is_replaced_by_a_late_one() {
    let resolver = Counts::default();
    let cache = cache(&resolver);
    let ask = |freshness| cache.clone().resolve(lookup("origin.example"), freshness);
    ask(CACHED).await.unwrap();
    sleep(Duration::from_secs(3600)).await;
    resolver.is_slow.store(true, Ordering::SeqCst);
    let stale = ask(CACHED).await.unwrap();
    assert!(stale.stale && stale.may_refresh);
    assert_eq!(stale.resolved.addresses, [address(1)]);
    let late = ask(Freshness::Refreshed).await.unwrap();
    assert_eq!(
        (late.stale, &late.resolved.addresses[..]),
        (false, &[address(2)][..])
    );
}
