//! Who is asked for addresses, how often, and what is kept of the answers.

use std::{
    collections::VecDeque,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind,
    connector::{CdnOriginBuilder, OriginStream, Timeouts},
    diagnosis::CauseId,
    dial::{Dns, DnsCache, Lookup, Resolve, ResolveError, Resolved, Resolving},
    error::Stage,
};
use http::Uri;
use tokio::{
    net::TcpListener,
    sync::{Notify, watch},
};
use tower::ServiceExt;

use crate::support::{Authority, Blackhole, Edge, refused_address};

/// A resolver with scripted answers, which counts its look-ups. Clones share all of it.
#[derive(Clone, Default)]
pub(crate) struct ScriptedResolver(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// The last of them is the answer forever.
    answers: Mutex<VecDeque<Result<Resolved, ResolveError>>>,
    lookups: watch::Sender<Vec<String>>,
    /// Where look-ups wait, if they do.
    gate: Mutex<Option<Arc<Notify>>>,
}

impl ScriptedResolver {
    pub(crate) fn addresses(addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        let resolver = Self::default();
        resolver.now(Ok(Resolved::new(addresses)));
        resolver
    }

    /// What it answers from now on.
    pub(crate) fn now(&self, answer: Result<Resolved, ResolveError>) {
        let mut answers = self.0.answers.lock().unwrap();
        answers.clear();
        answers.push_back(answer);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lookups.borrow().len()
    }

    /// Waits for this number of look-ups.
    pub(crate) async fn until_count(&self, count: usize) {
        let mut lookups = self.0.lookups.subscribe();
        lookups
            .wait_for(|lookups| lookups.len() >= count)
            .await
            .unwrap();
    }

    fn lookups(&self) -> Vec<String> {
        self.0.lookups.borrow().clone()
    }

    fn wait_at(&self, gate: &Arc<Notify>) {
        *self.0.gate.lock().unwrap() = Some(gate.clone());
    }
}

impl Resolve for ScriptedResolver {
    fn resolve(&self, lookup: &Lookup) -> Resolving {
        let name = lookup.to_string();
        self.0.lookups.send_modify(|lookups| lookups.push(name));
        let gate = self.0.gate.lock().unwrap().clone();
        let inner = self.0.clone();
        Box::pin(async move {
            if let Some(gate) = gate {
                gate.notified().await;
            }
            let answers = inner.answers.lock().unwrap();
            answers.front().cloned().expect("an answer")
        })
    }
}

/// A listener on the loopback that accepts in the kernel's backlog.
pub(crate) async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) fn over(resolver: ScriptedResolver) -> CdnOriginBuilder {
    CdnOriginConnector::builder("http://origin.example").dns(Dns::default().resolver(resolver))
}

async fn connect(connector: &CdnOriginConnector) -> Result<OriginStream, Error> {
    connector.clone().oneshot(Uri::default()).await
}

#[tokio::test]
async fn a_resolver_of_the_callers_own_is_asked_for_the_dialled_name() {
    let (_listener, address) = listener().await;
    let resolver = ScriptedResolver::addresses([address]);
    let stream = connect(&over(resolver.clone()).build().unwrap())
        .await
        .unwrap();
    assert_eq!(stream.info().facts().peer(), Some(address));
    assert_eq!(resolver.lookups(), ["origin.example"]);
}

#[tokio::test]
async fn port_0_stands_for_the_dialled_port() {
    let (_listener, address) = listener().await;
    let resolver = ScriptedResolver::addresses([SocketAddr::new(address.ip(), 0)]);
    let connector = over(resolver)
        .dial(format!("origin.example:{}", address.port()))
        .build()
        .unwrap();
    let stream = connect(&connector).await.unwrap();
    assert_eq!(stream.info().facts().peer(), Some(address));
}

#[tokio::test]
async fn the_dot_of_an_absolute_name_reaches_the_resolver_and_nobody_else() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("www.example.test")
        .start()
        .await;
    let resolver = ScriptedResolver::addresses([edge.address()]);
    let roots = cdn_origin::tls::Roots::pem(authority.root_pem());
    let connector = CdnOriginConnector::builder("https://www.example.test.")
        .verify(cdn_origin::VerifyPolicy::roots(roots))
        .dns(Dns::default().resolver(resolver.clone()))
        .build()
        .unwrap();
    connect(&connector).await.unwrap();
    assert_eq!(resolver.lookups(), ["www.example.test."]);
    assert_eq!(edge.hellos()[0].sni.as_deref(), Some("www.example.test"));
    let origin = connector.origin().unwrap();
    assert_eq!(origin.host().as_str(), "www.example.test");
    assert_eq!(origin.expected_name().to_string(), "www.example.test");
    assert_eq!(origin.dial().to_string(), "www.example.test.:443");
}

#[tokio::test]
async fn an_ip_address_is_never_looked_up() {
    let (_listener, address) = listener().await;
    let resolver = ScriptedResolver::addresses([address]);
    let connector = over(resolver.clone()).dial(address).build().unwrap();
    let stream = connect(&connector).await.unwrap();
    assert_eq!(resolver.count(), 0);
    let facts = stream.info().facts();
    assert!(facts.resolutions().is_empty());
    assert_eq!(facts.elapsed().resolve, None);
}

#[tokio::test]
async fn fixed_addresses_are_dialled_without_asking() {
    let (_listener, address) = listener().await;
    let resolver = ScriptedResolver::default();
    let connector = over(resolver.clone())
        .dial(format!("Fixed.Example:{}", address.port()))
        .dns(Dns::default().resolve_to("fixed.example", [address.ip()]))
        .build()
        .unwrap();
    let stream = connect(&connector).await.unwrap();
    assert_eq!(stream.info().facts().peer(), Some(address));
    assert_eq!(resolver.count(), 0);
}

#[test]
fn a_fixed_name_without_address_is_refused() {
    let none: [IpAddr; 0] = [];
    let builder = CdnOriginConnector::builder("http://origin.example");
    let error = builder
        .clone()
        .dns(Dns::default().resolve_to("fixed.example", none))
        .build()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Dns::resolve_to(..): no address is given for fixed.example"
    );
    let error = builder
        .dns(Dns::default().resolve_to("192.0.2.1", none))
        .build()
        .unwrap_err();
    assert_eq!(error.problems()[0].setter(), "Dns::resolve_to");
}

#[tokio::test]
async fn look_ups_of_one_name_at_one_time_are_one() {
    let (_listener, address) = listener().await;
    let resolver = ScriptedResolver::addresses([address]);
    let gate = Arc::new(Notify::new());
    resolver.wait_at(&gate);
    let connector = CdnOriginConnector::builder("http://origin.example")
        .dns(
            Dns::default()
                .resolver(resolver.clone())
                .cache(DnsCache::off()),
        )
        .build()
        .unwrap();
    let all = (0..10).map(|_| connect(&connector));
    let all = futures_util::future::join_all(all);
    let open = async {
        // Polled after the ten, which have all asked by then.
        gate.notify_one();
    };
    let (streams, ()) = tokio::join!(all, open);
    assert!(streams.iter().all(Result::is_ok));
    assert_eq!(resolver.count(), 1);
}

#[tokio::test]
async fn a_look_up_survives_those_who_give_up_waiting() {
    let (_listener, address) = listener().await;
    let resolver = ScriptedResolver::addresses([address]);
    let gate = Arc::new(Notify::new());
    resolver.wait_at(&gate);
    let connector = over(resolver.clone()).build().unwrap();
    {
        let mut first = std::pin::pin!(connect(&connector));
        let polled = futures_util::poll!(&mut first);
        assert!(polled.is_pending());
    }
    gate.notify_one();
    connect(&connector).await.unwrap();
    assert_eq!(resolver.count(), 1);
}

#[tokio::test]
async fn an_answer_is_kept_and_its_age_is_told() {
    let (_listener, address) = listener().await;
    let resolver = ScriptedResolver::default();
    resolver.now(Ok(Resolved::new([address])
        .ttl(Duration::from_secs(300))
        .answered_by("a test")));
    let connector = over(resolver.clone()).build().unwrap();
    for _ in 0..3 {
        let stream = connect(&connector).await.unwrap();
        let resolution = stream.info().facts().resolutions()[0].clone();
        assert_eq!(resolution.ttl, Some(Duration::from_secs(300)));
        assert_eq!(resolution.source, "a test");
        assert_eq!(resolution.addresses, 1);
        assert!(!resolution.stale);
    }
    assert_eq!(resolver.count(), 1);
}

#[tokio::test]
async fn nothing_is_kept_where_the_cache_is_off() {
    let (_listener, address) = listener().await;
    let resolver = ScriptedResolver::addresses([address]);
    let connector = CdnOriginConnector::builder("http://origin.example")
        .dns(
            Dns::default()
                .resolver(resolver.clone())
                .cache(DnsCache::off()),
        )
        .build()
        .unwrap();
    for _ in 0..3 {
        connect(&connector).await.unwrap();
    }
    assert_eq!(resolver.count(), 3);
}

#[tokio::test]
async fn a_ttl_is_cut_to_the_longest() {
    let (_listener, address) = listener().await;
    let resolver = ScriptedResolver::default();
    resolver.now(Ok(Resolved::new([address]).ttl(Duration::MAX)));
    let cache = DnsCache::default().ttl(Duration::ZERO..=Duration::ZERO);
    let connector = CdnOriginConnector::builder("http://origin.example")
        .dns(Dns::default().resolver(resolver.clone()).cache(cache))
        .build()
        .unwrap();
    for _ in 0..2 {
        connect(&connector).await.unwrap();
    }
    assert_eq!(resolver.count(), 2);
}

#[tokio::test]
async fn a_failure_is_remembered_for_a_short_time() {
    let resolver = ScriptedResolver::default();
    resolver.now(Err(ResolveError::not_found("NXDOMAIN")));
    let cache = DnsCache::default().failures(Duration::from_secs(300));
    let connector = CdnOriginConnector::builder("http://origin.example")
        .dns(Dns::default().resolver(resolver.clone()).cache(cache))
        .build()
        .unwrap();
    for _ in 0..3 {
        let error = connect(&connector).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResolveFailed);
        assert_eq!(error.stage(), Stage::Resolve);
        let cause = error.diagnosis().likeliest().unwrap().id();
        assert_eq!(cause, CauseId::NameDoesNotResolve);
        assert!(error.report().to_string().contains("NXDOMAIN"));
    }
    assert_eq!(resolver.count(), 1);
}

/// Everything ends at once, except what is stale.
fn only_stale() -> DnsCache {
    DnsCache::off().stale(Duration::from_secs(300))
}

#[tokio::test]
async fn a_stale_answer_is_used_where_name_servers_fail() {
    let (_listener, address) = listener().await;
    let resolver = ScriptedResolver::addresses([address]);
    let connector = CdnOriginConnector::builder("http://origin.example")
        .dns(
            Dns::default()
                .resolver(resolver.clone())
                .cache(only_stale()),
        )
        .build()
        .unwrap();
    connect(&connector).await.unwrap();
    resolver.now(Err(ResolveError::failed("SERVFAIL")));
    let stream = connect(&connector).await.unwrap();
    assert!(stream.info().facts().resolutions()[0].stale);
    assert_eq!(resolver.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_is_used_where_name_servers_are_silent() {
    let (_listener, address) = listener().await;
    for dial in [Duration::from_secs(10), Duration::from_secs(1)] {
        let resolver = ScriptedResolver::addresses([address]);
        let connector = CdnOriginConnector::builder("http://origin.example")
            .dns(
                Dns::default()
                    .resolver(resolver.clone())
                    .cache(only_stale()),
            )
            .timeouts(Timeouts::default().dial(dial))
            .build()
            .unwrap();
        connect(&connector).await.unwrap();
        resolver.wait_at(&Arc::new(Notify::new()));
        let stream = connect(&connector).await.unwrap();
        assert!(stream.info().facts().resolutions()[0].stale);
        assert_eq!(resolver.count(), 2);
    }
}

#[tokio::test]
async fn a_name_that_is_gone_has_no_stale_answer() {
    let (_listener, address) = listener().await;
    let resolver = ScriptedResolver::addresses([address]);
    let connector = CdnOriginConnector::builder("http://origin.example")
        .dns(
            Dns::default()
                .resolver(resolver.clone())
                .cache(only_stale()),
        )
        .build()
        .unwrap();
    connect(&connector).await.unwrap();
    resolver.now(Err(ResolveError::not_found("NXDOMAIN")));
    let error = connect(&connector).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResolveFailed);
}

#[tokio::test]
async fn a_kept_answer_that_leads_nowhere_is_asked_for_again_at_once() {
    let (_listener, address) = listener().await;
    let refused = refused_address();
    let resolver = ScriptedResolver::addresses([address]);
    let cache = DnsCache::default().without_ttl(Duration::from_secs(3600));
    let connector = CdnOriginConnector::builder("http://origin.example")
        .dns(Dns::default().resolver(resolver.clone()).cache(cache))
        .build()
        .unwrap();
    connect(&connector).await.unwrap();
    resolver.now(Ok(Resolved::new([refused.address()])));
    drop(_listener);
    let error = connect(&connector).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let tried: Vec<_> = error
        .facts()
        .attempts()
        .iter()
        .map(|attempt| attempt.address)
        .collect();
    assert_eq!(tried, [address, refused.address()]);
    assert_eq!(resolver.count(), 2);
}

#[tokio::test]
async fn a_kept_answer_that_hangs_is_asked_for_again_while_it_does() {
    let (_listener, address) = listener().await;
    let blackhole = Blackhole::new().await;
    let resolver = ScriptedResolver::addresses([blackhole.address()]);
    let cache = DnsCache::default().without_ttl(Duration::from_secs(3600));
    let connector = CdnOriginConnector::builder("http://origin.example")
        .dns(Dns::default().resolver(resolver.clone()).cache(cache))
        .build()
        .unwrap();
    {
        let mut first = std::pin::pin!(connect(&connector));
        assert!(futures_util::poll!(&mut first).is_pending());
    }
    assert_eq!(resolver.count(), 1);
    resolver.now(Ok(Resolved::new([address])));
    let stream = connect(&connector).await.unwrap();
    assert_eq!(stream.info().facts().peer(), Some(address));
    assert_eq!(resolver.count(), 2);
}

#[tokio::test]
async fn an_answer_without_addresses_is_a_failure() {
    let error = connect(&over(ScriptedResolver::addresses([])).build().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResolveFailed);
}

#[tokio::test]
async fn a_resolver_that_panics_is_a_failed_look_up() {
    struct Panics;
    impl Resolve for Panics {
        fn resolve(&self, _: &Lookup) -> Resolving {
            panic!("on purpose")
        }
    }
    let connector = CdnOriginConnector::builder("http://origin.example")
        .dns(Dns::default().resolver(Panics))
        .build()
        .unwrap();
    for _ in 0..2 {
        let error = connect(&connector).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResolveFailed);
    }
}

#[tokio::test]
async fn a_resolver_that_floods_is_cut_to_64_addresses() {
    let (_listener, address) = listener().await;
    let flood = (0..1_000_000_u32).map(move |number| match number {
        0 => address,
        _ => SocketAddr::from((number.to_be_bytes(), 1)),
    });
    let resolver = ScriptedResolver::addresses(flood);
    let stream = connect(&over(resolver).build().unwrap()).await.unwrap();
    assert_eq!(stream.info().facts().resolutions()[0].addresses, 64);
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_never_answers_meets_the_dial_deadline() {
    let resolver = ScriptedResolver::addresses([]);
    resolver.wait_at(&Arc::new(Notify::new()));
    let error = connect(&over(resolver).build().unwrap()).await.unwrap_err();
    assert!(error.kind() == ErrorKind::TimedOut);
    assert_eq!(error.stage(), Stage::Resolve);
    assert_eq!(error.facts().deadline(), Some(Duration::from_secs(10)));
}

#[test]
fn a_range_of_ttls_that_holds_none_is_refused() {
    let range = Duration::from_secs(2)..=Duration::from_secs(1);
    let error = CdnOriginConnector::builder("http://origin.example")
        .dns(Dns::default().cache(DnsCache::default().ttl(range)))
        .build()
        .unwrap_err();
    assert_eq!(error.problems()[0].setter(), "DnsCache::ttl");
}

#[tokio::test]
async fn a_name_that_moves_under_load_is_followed_and_no_connection_fails() {
    const EACH: usize = 40;
    let (old_listener, old) = listener().await;
    let (new_listener, new) = listener().await;
    // Their backlogs are shorter than the load.
    let accepting = |listener: TcpListener| {
        tokio::spawn(async move { while listener.accept().await.is_ok() {} })
    };
    let (old_task, new_task) = (accepting(old_listener), accepting(new_listener));
    let resolver = ScriptedResolver::default();
    let ttl = Duration::from_millis(20);
    resolver.now(Ok(Resolved::new([old]).ttl(ttl)));
    let cache = DnsCache::default().ttl(Duration::ZERO..=Duration::from_secs(1));
    let connector = CdnOriginConnector::builder("http://origin.example")
        .dns(Dns::default().resolver(resolver.clone()).cache(cache))
        .build()
        .unwrap();
    let load = || async {
        let mut peers = Vec::new();
        for _ in 0..EACH {
            let stream = connect(&connector).await.expect("no connection fails");
            peers.push(stream.info().facts().peer().unwrap());
            tokio::task::yield_now().await;
        }
        peers
    };
    assert!(load().await.iter().all(|peer| *peer == old));
    // The name moves while connections are opened; the old address goes when they are.
    let moves = async {
        tokio::task::yield_now().await;
        resolver.now(Ok(Resolved::new([new]).ttl(ttl)));
    };
    let many = futures_util::future::join_all((0..8).map(|_| load()));
    let (peers, ()) = tokio::join!(many, moves);
    for peers in peers {
        let moved = peers.iter().position(|peer| *peer == new);
        let moved = moved.unwrap_or(peers.len());
        assert!(peers[moved..].iter().all(|peer| *peer == new), "{peers:?}");
    }
    old_task.abort();
    assert!(load().await.iter().all(|peer| *peer == new));
    new_task.abort();
}
