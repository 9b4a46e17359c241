//! Many tenants behind one service: which origin gets a request, and what they share.

use std::{
    convert::Infallible,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind, OriginProxy,
    connector::{CdnOriginBuilder, Sessions},
    diagnosis::CauseId,
    dial::{Dns, EgressGuard},
    error::RequestProblem,
    group::OriginGroup,
    pool::PoolSettings,
    proxy::{Limits, ProxyBody, replace_content},
    tenants::{Tenant, VirtualHosts},
    tls::{Roots, VerifyPolicy},
};
use futures_util::future::join_all;
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Empty, Full};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    sync::Semaphore,
};
use tower::{ServiceExt, service_fn};

use crate::{
    support::{Authority, Edge},
    tls_facts::Log,
};

/// Tenants whose origins are [`in_memory`].
fn hosts(permits: &Arc<Semaphore>) -> VirtualHosts {
    let connector = in_memory(CdnOriginConnector::any_origin(), permits);
    VirtualHosts::new(OriginProxy::new(connector.build().unwrap()))
}

/// Origins that answer with the name that was dialled and the Host that they got. With a path other
/// than `/`, they wait for a permit first.
fn in_memory(builder: CdnOriginBuilder, permits: &Arc<Semaphore>) -> CdnOriginBuilder {
    let permits = permits.clone();
    let transport = service_fn(move |uri: Uri| {
        let permits = permits.clone();
        async move {
            let (near, far) = duplex(1024);
            let dialled = uri.host().unwrap_or_default().to_owned();
            let answer = hyper::service::service_fn(move |request: Request<Incoming>| {
                let (dialled, permits) = (dialled.clone(), permits.clone());
                async move {
                    if request.uri().path() != "/" {
                        permits.acquire().await.unwrap().forget();
                    }
                    let host = request.headers()["host"].to_str().unwrap();
                    let content = format!("{dialled} {host}");
                    Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(content)))
                }
            });
            tokio::spawn(async move {
                let server = http1::Builder::new();
                let _ = server.serve_connection(TokioIo::new(far), answer).await;
            });
            Ok::<_, Infallible>(TokioIo::new(near))
        }
    });
    builder.transport(transport)
}

fn instant() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(0))
}

async fn send(hosts: &VirtualHosts, host: &str, path: &str) -> Response<ProxyBody> {
    let request = Request::get(path).header("host", host);
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = hosts.clone().oneshot(request).await;
    response
}

async fn get(hosts: &VirtualHosts, host: &str) -> (u16, String) {
    let response = send(hosts, host, "/").await;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn awaiting(hosts: &VirtualHosts, host: &str) -> usize {
    let proxy = hosts.proxy(host);
    proxy.map_or(0, |proxy| proxy.snapshot().awaiting)
}

fn answer(dialled: &str, host: &str) -> (u16, String) {
    (200, format!("{dialled} {host}"))
}

#[tokio::test]
async fn each_request_goes_to_the_origin_of_its_host() {
    let hosts = hosts(&instant());
    hosts
        .insert("Shop.test", Tenant::new("http://one.example"))
        .unwrap();
    let tenant = Tenant::new("http://two.example").host("www.example");
    hosts.insert("blog.test", tenant).unwrap();
    assert_eq!(
        hosts.proxies().len(),
        0,
        "nothing is built before its first use"
    );
    for host in ["shop.test", "SHOP.TEST:8080", "shop.test."] {
        assert_eq!(
            get(&hosts, host).await,
            answer("one.example", "one.example")
        );
    }
    assert_eq!(
        get(&hosts, "blog.test").await,
        answer("two.example", "www.example")
    );
    assert_eq!((hosts.hosts().len(), hosts.proxies().len()), (2, 2));
    // The authority of the target takes precedence over the field.
    let request = Request::get("http://blog.test/").header("host", "shop.test");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = hosts.clone().oneshot(request).await;
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "two.example www.example");
}

#[tokio::test]
async fn an_unknown_host_is_421_or_404() {
    let misdirected = hosts(&instant());
    let not_found = misdirected.clone().unknown(StatusCode::NOT_FOUND);
    misdirected
        .insert("shop.test", Tenant::new("http://one.example"))
        .unwrap();
    let no_error = misdirected.clone().unknown(StatusCode::OK);
    for host in ["other.test", "", "test", "a.shop.test"] {
        assert_eq!(get(&misdirected, host).await.0, 421, "{host}");
        assert_eq!(get(&not_found, host).await.0, 404, "{host}");
        assert_eq!(get(&no_error, host).await.0, 421, "{host}");
    }
    let response = send(&misdirected, "other.test", "/").await;
    let expected = "cdn-origin;error=destination_not_found";
    assert_eq!(response.headers()["proxy-status"], expected);
    // By gRPC's "HTTP to gRPC Status Code Mapping": UNKNOWN and UNIMPLEMENTED.
    for (hosts, code) in [(&misdirected, "2"), (&not_found, "12")] {
        let call = Request::post("/service/Method").header("host", "other.test");
        let call = call.header("content-type", "application/grpc");
        let call = call.body(Empty::<Bytes>::new()).unwrap();
        let Ok(response) = hosts.clone().oneshot(call).await;
        assert_eq!(response.headers()["grpc-status"], code);
    }
    assert_eq!(get(&not_found, "shop.test").await.0, 200);
    assert_eq!(misdirected.proxies().len(), 1);
}

#[tokio::test]
async fn the_tenant_of_the_host_star_gets_what_belongs_to_no_other() {
    let hosts = hosts(&instant());
    for (host, url) in [
        ("shop.test", "http://one.example"),
        ("*", "http://two.example"),
    ] {
        hosts.insert(host, Tenant::new(url)).unwrap();
    }
    assert_eq!(
        get(&hosts, "shop.test").await,
        answer("one.example", "one.example")
    );
    // Not a host, whatever its tenant is.
    assert_eq!(get(&hosts, "*").await.0, 400);
    for host in ["other.test", "a.shop.test"] {
        assert_eq!(
            get(&hosts, host).await,
            answer("two.example", "two.example")
        );
    }
    assert!(hosts.remove("*"));
    assert_eq!(get(&hosts, "other.test").await.0, 421);
}

/// As with nginx and Envoy: the name itself, then the longest wildcard.
#[tokio::test]
async fn a_wildcard_gets_the_requests_of_hosts_below_it() {
    let hosts = hosts(&instant());
    for (host, url) in [
        ("*.test", "http://short.example"),
        ("*.Shops.test", "http://shops.example"),
        ("a.shops.test", "http://own.example"),
    ] {
        hosts.insert(host, Tenant::new(url)).unwrap();
    }
    let rows = [
        ("a.shops.test", "own.example"),
        ("b.shops.test", "shops.example"),
        ("B.SHOPS.TEST:8080", "shops.example"),
        ("c.b.shops.test.", "shops.example"),
        ("b.a.shops.test", "shops.example"),
        ("shops.test", "short.example"),
        ("xshops.test", "short.example"),
    ];
    for (host, origin) in rows {
        assert_eq!(get(&hosts, host).await, answer(origin, origin), "{host}");
    }
    let long = format!("{}b.shops.test", "a.".repeat(127));
    for host in ["test", "shops.test.example", &long] {
        assert_eq!(get(&hosts, host).await.0, 421, "{host}");
    }
    // Not a host, although the tenant has this name.
    assert_eq!(get(&hosts, "*.shops.test").await.0, 400);
    assert!(hosts.hosts().contains(&"*.shops.test".to_owned()));
    assert!(hosts.proxy("*.shops.test").is_some());
    assert!(hosts.remove("*.SHOPS.test"));
    let answered = get(&hosts, "b.shops.test").await;
    assert_eq!(answered, answer("short.example", "short.example"));
}

/// A host that a wildcard covers is known.
#[tokio::test]
async fn the_rule_is_not_asked_about_a_host_that_a_wildcard_covers() {
    let dns = Dns::default().resolve_to("origin.test", [Ipv4Addr::LOCALHOST.into()]);
    let guarded = CdnOriginConnector::any_origin()
        .dns(dns)
        .egress_guard(EgressGuard::deny_private());
    let rule = |host: &str| {
        assert_eq!(host, "a.other");
        None
    };
    let hosts = VirtualHosts::new(OriginProxy::new(guarded.build().unwrap()));
    let hosts = hosts.on_demand(rule).unwrap();
    let prohibited = Tenant::new("http://origin.test");
    hosts.insert("*.test", prohibited).unwrap();
    assert_ne!(get(&hosts, "a.test").await.0, 421);
    assert_eq!(get(&hosts, "a.other").await.0, 421);
}

#[tokio::test]
async fn proxies_are_listed_without_building_any() {
    let hosts = hosts(&instant()).max_active(1);
    for host in ["a.test", "b.test"] {
        let tenant = Tenant::new(format!("http://{host}"));
        hosts.insert(host, tenant).unwrap();
    }
    assert!(hosts.proxies().is_empty());
    get(&hosts, "a.test").await;
    assert!(hosts.proxy("b.test").is_none());
    let listed: Vec<_> = hosts.proxies().into_iter().map(|(host, _)| host).collect();
    assert_eq!(listed, ["a.test"]);
}

#[tokio::test]
async fn hooks_of_the_template_see_the_refusal_of_an_unknown_host() {
    let connector = CdnOriginConnector::any_origin().build().unwrap();
    let template = OriginProxy::new(connector).map_response(|response| {
        let kind = response.extensions().get::<Error>().map(Error::kind);
        assert_eq!(kind, Some(ErrorKind::Request(RequestProblem::HostUnknown)));
        let status = response.status();
        let text = HeaderValue::from_static("text/plain");
        replace_content(response, text, format!("our page for {status}"))
    });
    let hosts = VirtualHosts::new(template);
    let page = "our page for 421 Misdirected Request".into();
    assert_eq!(get(&hosts, "other.test").await, (421, page));
}

#[tokio::test]
async fn a_function_may_choose_the_tenant() {
    let hosts = hosts(&Arc::new(Semaphore::new(1))).select(|head| {
        let path = head.uri.path().strip_prefix('/')?;
        (!path.is_empty()).then(|| path.to_owned())
    });
    hosts
        .insert("one", Tenant::new("http://one.example"))
        .unwrap();
    assert_eq!(get(&hosts, "client.test").await.0, 421);
    let unknown = send(&hosts, "client.test", "/two").await;
    assert_eq!(unknown.status(), StatusCode::MISDIRECTED_REQUEST);
    let one = send(&hosts, "client.test", "/one").await;
    assert_eq!(one.status(), StatusCode::OK);
    assert!(hosts.proxy("one").is_some());
    assert!(hosts.proxy("two").is_none());
}

#[tokio::test]
async fn a_tenant_that_is_replaced_or_removed_loses_no_request() {
    let permits = Arc::new(Semaphore::new(0));
    let hosts = hosts(&permits);
    let insert = |url: &str| hosts.insert("shop.test", Tenant::new(url)).unwrap();
    insert("http://one.example");
    let waiting = || {
        let hosts = hosts.clone();
        tokio::spawn(async move { send(&hosts, "shop.test", "/wait").await })
    };
    let first = waiting();
    while awaiting(&hosts, "shop.test") == 0 {
        tokio::task::yield_now().await;
    }
    insert("http://two.example");
    assert_eq!(get(&hosts, "shop.test").await.1, "two.example two.example");
    let second = waiting();
    while awaiting(&hosts, "shop.test") == 0 {
        tokio::task::yield_now().await;
    }
    assert!(hosts.remove("shop.test"));
    assert!(!hosts.remove("shop.test"));
    assert_eq!(get(&hosts, "shop.test").await.0, 421);
    assert_eq!((hosts.hosts().len(), hosts.proxies().len()), (0, 0));
    permits.add_permits(2);
    for (request, origin) in [(first, "one.example"), (second, "two.example")] {
        let response = request.await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, format!("{origin} {origin}"));
    }
}

#[tokio::test]
async fn the_least_recently_used_proxy_gives_way() {
    let hosts = hosts(&instant()).max_active(2);
    for host in ["a.test", "b.test", "c.test"] {
        let tenant = Tenant::new(format!("http://{host}"));
        hosts.insert(host, tenant).unwrap();
    }
    for host in ["a.test", "b.test", "c.test", "a.test"] {
        assert_eq!(get(&hosts, host).await, answer(host, host));
        assert!(hosts.proxies().len() <= 2);
    }
    assert_eq!(hosts.hosts().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_is_not_used_is_dropped_when_another_is_built() {
    let hosts = hosts(&instant());
    for host in ["a.test", "b.test"] {
        let tenant = Tenant::new(format!("http://{host}"));
        hosts.insert(host, tenant).unwrap();
    }
    get(&hosts, "a.test").await;
    tokio::time::sleep(Duration::from_secs(601)).await;
    get(&hosts, "b.test").await;
    assert_eq!(hosts.proxies().len(), 1);
    assert_eq!(get(&hosts, "a.test").await, answer("a.test", "a.test"));
}

#[tokio::test]
async fn names_that_cannot_be_parsed_are_refused_and_change_nothing() {
    let hosts = hosts(&instant());
    let good = || Tenant::new("http://one.example");
    hosts.insert("shop.test", good()).unwrap();
    for bad in [
        Tenant::new("ftp://one.example"),
        Tenant::new("not a url"),
        good().host("not a host"),
    ] {
        assert!(hosts.insert("shop.test", bad).is_err());
    }
    for bad in ["", "*test", "*.*.test", "shop.*"] {
        assert!(hosts.insert(bad, good()).is_err(), "{bad}");
    }
    assert_eq!(get(&hosts, "shop.test").await.0, 200);
}

#[tokio::test]
async fn limits_of_a_tenant_are_its_own() {
    let permits = Arc::new(Semaphore::new(0));
    let hosts = hosts(&permits);
    let small = Limits::default().max_concurrency(1).max_queued(0);
    let tenant = |url: &str| Tenant::new(url);
    let limited = tenant("http://one.example").proxy(move |proxy| {
        let pool = PoolSettings::default().max_connections(3);
        proxy.limits(small.clone()).pool(pool)
    });
    hosts.insert("one.test", limited).unwrap();
    hosts
        .insert("two.test", tenant("http://two.example"))
        .unwrap();
    let first = tokio::spawn({
        let hosts = hosts.clone();
        async move { send(&hosts, "one.test", "/wait").await }
    });
    while awaiting(&hosts, "one.test") == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(get(&hosts, "one.test").await.0, 503);
    assert_eq!(get(&hosts, "two.test").await.0, 200);
    permits.add_permits(1);
    assert_eq!(first.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn hosts_that_clients_choose_need_a_rule_and_a_guard() {
    let rule = |host: &str| {
        let is_ours = host.ends_with(".shops.test");
        is_ours.then(|| Tenant::new(format!("http://{host}")))
    };
    let error = hosts(&instant()).on_demand(rule).unwrap_err();
    assert_eq!(error.problems()[0].setter(), "on_demand");

    let loopback = || [Ipv4Addr::LOCALHOST.into()];
    let dns = Dns::default()
        .resolve_to("a.shops.test", loopback())
        .resolve_to("b.shops.test", loopback())
        .resolve_to("c.shops.test", loopback());
    let guarded = CdnOriginConnector::any_origin()
        .dns(dns)
        .egress_guard(EgressGuard::deny_private());
    let template = OriginProxy::new(guarded.build().unwrap());
    let hosts = VirtualHosts::new(template).max_active(2);
    let hosts = hosts.on_demand(rule).unwrap();
    assert_eq!(get(&hosts, "shops.test").await.0, 421);
    // The rule allows these, and the guard refuses to dial them.
    for name in ["a.shops.test", "b.shops.test", "c.shops.test"] {
        assert_eq!(get(&hosts, name).await.0, 502, "{name}");
        assert!(
            hosts.hosts().len() <= 2,
            "tenants made on demand are forgotten"
        );
    }
}

#[tokio::test]
async fn an_address_that_the_guard_denies_is_refused_before_a_request() {
    let guarded = CdnOriginConnector::any_origin().egress_guard(EgressGuard::deny_private());
    let hosts = VirtualHosts::new(OriginProxy::new(guarded.build().unwrap()));
    let error = hosts.insert("shop.test", Tenant::new("http://10.0.0.1"));
    let error = error.unwrap_err().to_string();
    assert!(error.contains("does not allow 10.0.0.1"), "{error}");
    hosts
        .insert("shop.test", Tenant::new("http://origin.example"))
        .unwrap();
    assert_eq!(hosts.hosts(), ["shop.test"]);
}

#[tokio::test]
async fn the_rule_is_asked_only_about_requests_that_have_a_host() {
    let guarded = CdnOriginConnector::any_origin().egress_guard(EgressGuard::deny_private());
    let template = OriginProxy::new(guarded.build().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let rule = {
        let calls = calls.clone();
        move |host: &str| {
            calls.fetch_add(1, Relaxed);
            assert_eq!(host, "shop.test");
            None
        }
    };
    let by_host = VirtualHosts::new(template.clone());
    let by_host = by_host.on_demand(rule.clone()).unwrap();
    // An HTTP/1.0 request need not have one.
    let request = Request::get("/").body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = by_host.clone().oneshot(request).await;
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    assert_eq!(get(&by_host, "").await.0, 421);
    for text in [
        "a b",
        "x.test/.shop.test",
        "x.test?.shop.test",
        "x@shop.test",
    ] {
        assert_eq!(get(&by_host, text).await.0, 421, "{text}");
    }

    let selected = VirtualHosts::new(template).select(|_| None);
    let selected = selected.on_demand(rule).unwrap();
    assert_eq!(get(&selected, "shop.test").await.0, 421);
    assert_eq!(calls.load(Relaxed), 0);
    assert_eq!(get(&by_host, "shop.test").await.0, 421);
    assert_eq!(calls.load(Relaxed), 1);
}

#[tokio::test]
async fn a_drain_refuses_requests_and_waits_for_those_in_flight() {
    let hosts = hosts(&instant());
    hosts
        .insert("shop.test", Tenant::new("http://one.example"))
        .unwrap();
    hosts
        .insert("quiet.test", Tenant::new("http://two.example"))
        .unwrap();
    assert_eq!(get(&hosts, "shop.test").await.0, 200);
    hosts.drain().await;
    assert_eq!(get(&hosts, "shop.test").await.0, 503);

    // Tenants whose proxy does not exist yet, and such as are added now.
    assert_eq!(
        (hosts.proxies().len(), get(&hosts, "quiet.test").await.0),
        (1, 503)
    );
    let origin = in_memory(CdnOriginConnector::builder("http://new.test"), &instant());
    let group = OriginGroup::builder().tier([origin.build().unwrap()]);
    hosts
        .insert_group("new.test", group.build().unwrap())
        .unwrap();
    assert_eq!(get(&hosts, "new.test").await.0, 503);
    hosts
        .insert("late.test", Tenant::new("http://late.example"))
        .unwrap();
    assert_eq!(get(&hosts, "late.test").await.0, 503);
}

#[tokio::test]
async fn tenants_share_a_budget_of_connections_and_none_takes_all() {
    let permits = instant();
    let hosts = hosts(&permits).max_connections(10);
    let names: Vec<_> = (0..5).map(|number| format!("shop{number}.test")).collect();
    for name in &names {
        let tenant = Tenant::new(format!("http://{name}"));
        hosts.insert(name, tenant).unwrap();
    }
    let (greedy, others) = names.split_first().unwrap();
    let open = |name: &str| hosts.proxy(name).unwrap().snapshot().pool.open;
    // The first response shows that the origin speaks HTTP/1.
    assert_eq!(get(&hosts, greedy).await.0, 200);
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let (hosts, greedy) = (hosts.clone(), greedy.clone());
            tokio::spawn(async move { send(&hosts, &greedy, "/slow").await.status() })
        })
        .collect();
    while hosts.proxy(greedy).unwrap().snapshot().pool.in_flight < 50 {
        tokio::task::yield_now().await;
    }
    assert_eq!(open(greedy), 8);
    for name in others {
        assert_eq!(get(&hosts, name).await.0, 200);
        assert_eq!(open(name), 1);
    }
    permits.add_permits(50);
    for response in waiting {
        assert_eq!(response.await.unwrap(), StatusCode::OK);
    }
    // The connections of tenants that are gone are free.
    for name in others {
        assert!(hosts.remove(name));
    }
    hosts.proxy(greedy).unwrap().retire_connections();
    while open(greedy) > 0 {
        tokio::task::yield_now().await;
    }
    while open(greedy) < 8 {
        let again = join_all((0..50).map(|_| get(&hosts, greedy))).await;
        assert!(again.iter().all(|(status, _)| *status == 200));
    }
}

#[tokio::test(start_paused = true)]
async fn a_tenant_beyond_the_budget_of_all_gets_the_call_that_raises_it() {
    let permits = instant();
    let hosts = hosts(&permits).max_connections(1);
    let pool = PoolSettings::default().queue_timeout(Duration::from_secs(1));
    let tenant = Tenant::new("http://one.example").proxy(move |proxy| proxy.pool(pool.clone()));
    hosts.insert("shop.test", tenant).unwrap();
    assert_eq!(get(&hosts, "shop.test").await.0, 200);
    let held = tokio::spawn({
        let hosts = hosts.clone();
        async move { send(&hosts, "shop.test", "/slow").await.status() }
    });
    let active = || hosts.proxy("shop.test").unwrap().snapshot().pool.in_flight;
    while active() < 1 {
        tokio::task::yield_now().await;
    }
    let response = send(&hosts, "shop.test", "/").await;
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.kind(), ErrorKind::PoolExhausted);
    let diagnosis = error.diagnosis();
    let cause = diagnosis.likeliest().unwrap();
    assert_eq!(cause.id(), CauseId::PoolTooSmall);
    let fix = cause.fixes()[0].to_string();
    assert!(fix.contains("VirtualHosts::max_connections(..)"), "{fix}");
    permits.add_permits(1);
    assert_eq!(held.await.unwrap(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_waits_gets_what_another_frees_of_the_budget() {
    for is_removed in [false, true] {
        // No request for `/slow` ends by itself.
        let hosts = hosts(&instant()).max_connections(4);
        for name in ["busy.test", "shop.test"] {
            let tenant = Tenant::new(format!("http://{name}"));
            hosts.insert(name, tenant).unwrap();
            // The first response shows that the origin speaks HTTP/1.
            assert_eq!(get(&hosts, name).await.0, 200);
        }
        let pool = |name| hosts.proxy(name).unwrap().snapshot().pool;
        let begin = |name, path| {
            let hosts = hosts.clone();
            tokio::spawn(async move { send(&hosts, name, path).await.status() })
        };
        let busy: Vec<_> = (0..3).map(|_| begin("busy.test", "/slow")).collect();
        begin("shop.test", "/slow");
        while pool("busy.test").open < 3 || pool("shop.test").idle > 0 {
            tokio::task::yield_now().await;
        }
        let waiting = begin("shop.test", "/");
        while pool("shop.test").waiting < 1 {
            tokio::task::yield_now().await;
        }
        if is_removed {
            assert!(hosts.remove("busy.test"));
        }
        busy.iter().for_each(tokio::task::JoinHandle::abort);
        assert_eq!(waiting.await.unwrap(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_tenant_may_trust_an_authority_of_its_own_or_of_another_connector() {
    const NAME: &str = "www.example.test";
    let (authority, stranger) = (Authority::new(), Authority::new());
    let edge = Edge::builder(&authority).serves(NAME).start().await;
    let trusting = |authority: &Authority| VerifyPolicy::roots(Roots::pem(authority.root_pem()));
    let template = CdnOriginConnector::any_origin().verify(trusting(&stranger));
    let hosts = VirtualHosts::new(OriginProxy::new(template.build().unwrap()));
    let tenant = || Tenant::new(format!("https://{NAME}")).dial(edge.address().to_string());
    hosts.insert("default.test", tenant()).unwrap();
    let own = trusting(&authority);
    let own = tenant().connector(move |builder| builder.verify(own.clone()));
    hosts.insert("own.test", own).unwrap();
    assert_eq!(get(&hosts, "default.test").await.0, 502);
    assert_eq!(get(&hosts, "own.test").await.0, 200);
    let other = CdnOriginConnector::any_origin().verify(trusting(&authority));
    let other = other.build().unwrap();
    let sharing =
        move |builder: CdnOriginBuilder| builder.sessions(Sessions::default().share_with(&other));
    hosts
        .insert("sharing.test", tenant().connector(sharing))
        .unwrap();
    assert_eq!(get(&hosts, "sharing.test").await.0, 200);
    let bad = tenant().connector(|builder| builder.sni("not a name"));
    assert!(hosts.insert("own.test", bad).is_err());
    assert_eq!(get(&hosts, "own.test").await.0, 200);
}

#[tokio::test]
async fn a_host_may_have_a_group_that_is_kept_until_it_is_replaced() {
    let permits = instant();
    let hosts = hosts(&permits).max_active(1);
    let group = |name: &str| {
        let builder = CdnOriginConnector::builder(format!("http://{name}"));
        let connector = in_memory(builder, &permits).build().unwrap();
        OriginGroup::builder().tier([connector]).build().unwrap()
    };
    hosts.insert_group("Shop.test", group("one.test")).unwrap();
    hosts
        .insert("blog.test", Tenant::new("http://two.test"))
        .unwrap();
    for _ in 0..2 {
        assert_eq!(
            get(&hosts, "shop.test").await,
            answer("one.test", "one.test")
        );
        assert_eq!(
            get(&hosts, "blog.test").await,
            answer("two.test", "two.test")
        );
    }
    let running = hosts.group("shop.test").unwrap();
    assert_eq!(running.snapshot()[0].proxy.pool.open, 1);
    assert_eq!((hosts.hosts().len(), hosts.proxies().len()), (2, 1));

    let slow = tokio::spawn({
        let hosts = hosts.clone();
        async move { send(&hosts, "shop.test", "/slow").await.status() }
    });
    while running.snapshot()[0].proxy.pool.in_flight == 0 {
        tokio::task::yield_now().await;
    }
    hosts
        .insert("shop.test", Tenant::new("http://three.test"))
        .unwrap();
    assert!(hosts.group("shop.test").is_none());
    assert_eq!(
        get(&hosts, "shop.test").await,
        answer("three.test", "three.test")
    );
    permits.add_permits(1);
    assert_eq!(slow.await.unwrap(), StatusCode::OK);

    hosts.insert_group("shop.test", group("four.test")).unwrap();
    assert!(hosts.insert_group("a.*.test", group("five.test")).is_err());
    hosts.drain().await;
    assert_eq!(get(&hosts, "shop.test").await.0, 503);
    assert!(hosts.remove("shop.test"));
    assert_eq!(get(&hosts, "shop.test").await.0, 421);
}

#[tokio::test]
async fn a_tenant_may_change_its_proxy_within_the_budget_of_all() {
    let permits = instant();
    let hosts = hosts(&permits).max_connections(10);
    let tenant = Tenant::new("http://one.test").proxy(|proxy| {
        let proxy = proxy.pool(PoolSettings::default().max_connections(100));
        proxy.map_request(|parts| parts.uri = Uri::from_static("/slow"))
    });
    hosts.insert("one.test", tenant).unwrap();
    permits.add_permits(1);
    assert_eq!(get(&hosts, "one.test").await.0, 200);
    let waiting: Vec<_> = (0..50)
        .map(|_| {
            let hosts = hosts.clone();
            tokio::spawn(async move { get(&hosts, "one.test").await.0 })
        })
        .collect();
    while hosts.proxy("one.test").unwrap().snapshot().pool.in_flight < 50 {
        tokio::task::yield_now().await;
    }
    assert_eq!(hosts.proxy("one.test").unwrap().snapshot().pool.open, 8);
    permits.add_permits(50);
    for status in waiting {
        assert_eq!(status.await.unwrap(), 200);
    }
}

/// Many tenants may have one address: without the label, their failures look the same.
#[tokio::test]
async fn the_log_of_a_failure_has_the_label_of_its_tenant() {
    let (log, _guard) = Log::start();
    let guarded = |builder: CdnOriginBuilder| {
        let dns = Dns::default().resolve_to("origin.test", [Ipv4Addr::LOCALHOST.into()]);
        let builder = builder.dns(dns);
        builder.egress_guard(EgressGuard::deny_private())
    };
    let template = CdnOriginConnector::any_origin().build().unwrap();
    let hosts = VirtualHosts::new(OriginProxy::new(template));
    let denied = Tenant::new("http://127.0.0.1:9").connector(guarded);
    let error = hosts.insert("shop.test", denied).unwrap_err();
    assert_eq!(error.problems()[0].setter(), "builder");
    let tenant = Tenant::new("http://origin.test:9").label("shop");
    hosts
        .insert("shop.test", tenant.connector(guarded))
        .unwrap();
    assert_eq!(send(&hosts, "shop.test", "/").await.status(), 502);
    assert!(log.text().contains("label=\"shop\""), "{}", log.text());
}

#[tokio::test]
async fn the_log_of_a_refusal_by_an_edge_has_the_label_of_its_tenant() {
    const PAGE: &str = "<H1>403 ERROR</H1><H2>The request could not be satisfied.</H2>Bad request. \
        Generated by cloudfront (CloudFront)";
    let (log, _guard) = Log::start();
    let template = CdnOriginConnector::any_origin().transport(service_fn(|_: Uri| async {
        let (near, mut far) = duplex(4096);
        tokio::spawn(async move {
            let _ = far.read(&mut [0; 4096]).await;
            let head = "HTTP/1.1 403 Forbidden\r\nserver: CloudFront\r\n\
                x-cache: Error from cloudfront\r\n";
            let length = PAGE.len();
            let response = format!("{head}content-length: {length}\r\n\r\n{PAGE}");
            far.write_all(response.as_bytes()).await
        });
        Ok::<_, Infallible>(TokioIo::new(near))
    }));
    let hosts = VirtualHosts::new(OriginProxy::new(template.build().unwrap()));
    let tenant = Tenant::new("http://d1234567890.cloudfront.net").label("shop");
    hosts.insert("shop.test", tenant).unwrap();
    assert_eq!(send(&hosts, "shop.test", "/").await.status(), 403);
    let log = log.text();
    let line = log
        .lines()
        .find(|line| line.contains("refused the request"));
    assert!(
        line.is_some_and(|line| line.contains("label=\"shop\"")),
        "{log}"
    );
}
