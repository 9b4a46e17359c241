//! Requests and tunnels to tenants and members that are gone: a drain waits for them, too.

use std::{
    convert::Infallible,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{Router, response::IntoResponse};
use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, OriginProxy,
    dial::EgressGuard,
    group::{HealthCheck, Member, MemberSource, OriginGroup},
    proxy::ProxyBody,
    tenants::{Tenant, VirtualHosts},
};
use futures_util::poll;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use tower::{Service, ServiceExt};

use crate::{
    support::Site,
    upgrades::{ASK, SWITCH, bytes, head, rest},
};

const GET: &str = "GET / HTTP/1.1\r\nHost: client.test\r\n\r\n";
const NO_CONTENT: &[u8] = b"HTTP/1.1 204 No Content\r\n\r\n";

/// A request that the origin has received.
struct Exchange {
    client: TcpStream,
    origin: TcpStream,
    _site: Site,
}

impl Exchange {
    async fn begin<S>(service: &S, origin: &TcpListener, request: &str) -> Self
    where
        S: Service<axum::extract::Request, Error = Infallible> + Clone + Send + Sync + 'static,
        S::Response: IntoResponse,
        S::Future: Send,
    {
        let site = Site::serve(Router::new().fallback_service(service.clone())).await;
        let mut client = TcpStream::connect(site.address()).await.unwrap();
        client.write_all(request.as_bytes()).await.unwrap();
        let (mut origin, _) = origin.accept().await.unwrap();
        head(&mut origin).await;
        Self {
            client,
            origin,
            _site: site,
        }
    }

    async fn switch(&mut self) {
        self.origin.write_all(SWITCH.as_bytes()).await.unwrap();
        let head = head(&mut self.client).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    }

    /// The origin answers only after the drain has begun.
    async fn expect_drain_waits(mut self, drained: impl Future<Output = ()>) {
        let mut drained = pin!(drained);
        assert!(poll!(&mut drained).is_pending());
        let begin = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab";
        self.origin.write_all(begin).await.unwrap();
        let head = head(&mut self.client).await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        assert_eq!(&bytes(&mut self.client).await, b"ab");
        assert!(poll!(&mut drained).is_pending());
        self.origin.write_all(b"cd").await.unwrap();
        assert_eq!(&bytes(&mut self.client).await, b"cd");
        drained.await;
    }

    /// A tunnel, or an upgrade that becomes one.
    async fn expect_close(
        mut self,
        is_tunnel: bool,
        close: impl FnOnce(),
        drained: impl Future<Output = ()>,
    ) {
        let mut drained = pin!(drained);
        assert!(poll!(&mut drained).is_pending());
        close();
        if !is_tunnel {
            self.switch().await;
        }
        assert_eq!(rest(&mut self.client).await, "");
        assert_eq!(rest(&mut self.origin).await, "");
        drained.await;
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// How a tenant goes.
#[derive(Clone, Copy, Debug)]
enum Change {
    Replaced,
    ReplacedByGroup,
    Removed,
    /// For another proxy, because there may be one.
    Evicted,
}

const CHANGES: [Change; 4] = [
    Change::Replaced,
    Change::ReplacedByGroup,
    Change::Removed,
    Change::Evicted,
];

/// Hosts, of which `client.test` has this origin.
fn hosts(origin: SocketAddr) -> VirtualHosts {
    let hosts = VirtualHosts::new(template()).max_active(1);
    let tenant = Tenant::new("http://origin.test").dial(origin);
    hosts.insert("client.test", tenant).unwrap();
    hosts
}

fn template() -> OriginProxy {
    OriginProxy::new(CdnOriginConnector::any_origin().build().unwrap())
}

fn group(origin: SocketAddr) -> OriginGroup {
    let group = OriginGroup::builder().tier([member(origin, "a")]);
    group.build().unwrap()
}

fn member(origin: SocketAddr, name: &str) -> Member {
    let connector = CdnOriginConnector::builder("http://origin.test").dial(origin);
    Member::new(connector.build().unwrap()).name(name)
}

async fn apply(change: Change, hosts: &VirtualHosts) {
    let (listener, other) = listen().await;
    let tenant = Tenant::new("http://other.test").dial(other);
    match change {
        Change::Replaced => hosts.insert("client.test", tenant).unwrap(),
        Change::ReplacedByGroup => hosts.insert_group("client.test", group(other)).unwrap(),
        Change::Removed => assert!(hosts.remove("client.test")),
        Change::Evicted => {
            hosts.insert("other.test", tenant).unwrap();
            assert_eq!(exchange(hosts, "other.test", &listener).await, 204);
            assert!(hosts.proxy("client.test").is_none());
        }
    }
}

/// A request that the origin answers at once.
async fn exchange(hosts: &VirtualHosts, host: &str, origin: &TcpListener) -> StatusCode {
    let answering = async {
        let (mut origin, _) = origin.accept().await.unwrap();
        head(&mut origin).await;
        origin.write_all(NO_CONTENT).await.unwrap();
    };
    let (response, ()) = tokio::join!(send(hosts, host), answering);
    response.status()
}

async fn send(hosts: &VirtualHosts, host: &str) -> Response<ProxyBody> {
    let request = Request::get("/").header("host", host);
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let Ok(response) = hosts.clone().oneshot(request).await;
    response
}

#[tokio::test]
async fn a_drain_waits_for_requests_to_former_tenants() {
    for change in CHANGES {
        let (origin, address) = listen().await;
        let hosts = hosts(address);
        let held = Exchange::begin(&hosts, &origin, GET).await;
        apply(change, &hosts).await;
        let drained = hosts.drain();
        let expected = match change {
            Change::Removed => StatusCode::MISDIRECTED_REQUEST,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        let late = send(&hosts, "client.test").await;
        assert_eq!(late.status(), expected, "{change:?}");
        held.expect_drain_waits(drained).await;
    }
}

#[tokio::test]
async fn tunnels_to_former_tenants_are_closed() {
    for (change, is_tunnel) in CHANGES.iter().flat_map(|it| [(*it, true), (*it, false)]) {
        let (origin, address) = listen().await;
        let hosts = hosts(address);
        let mut held = Exchange::begin(&hosts, &origin, ASK).await;
        if is_tunnel {
            held.switch().await;
        }
        apply(change, &hosts).await;
        let close = || hosts.close_tunnels();
        held.expect_close(is_tunnel, close, hosts.drain()).await;
    }
}

#[tokio::test]
async fn a_drain_waits_for_requests_to_a_tenant_that_was_made_on_demand_and_evicted() {
    let (origin, address) = listen().await;
    let connector = CdnOriginConnector::any_origin()
        .egress_guard(EgressGuard::deny_private().allow([address.ip()]))
        .build()
        .unwrap();
    let hosts = VirtualHosts::new(OriginProxy::new(connector)).max_active(1);
    let hosts = hosts
        .on_demand(move |host| {
            let tenant = Tenant::new("http://origin.test").dial(address);
            (host == "client.test").then_some(tenant)
        })
        .unwrap();
    let held = Exchange::begin(&hosts, &origin, GET).await;
    apply(Change::Evicted, &hosts).await;
    assert_eq!(hosts.hosts(), ["other.test"]);
    held.expect_drain_waits(hosts.drain()).await;
}

/// It may serve requests that do not come from these hosts.
#[tokio::test]
async fn a_removed_group_is_waited_for_and_accepts_requests_still() {
    let (origin, address) = listen().await;
    let (hosts, group) = (VirtualHosts::new(template()), group(address));
    hosts.insert_group("client.test", group.clone()).unwrap();
    let held = Exchange::begin(&hosts, &origin, GET).await;
    assert!(hosts.remove("client.test"));
    let drained = hosts.drain();
    let mut other = Exchange::begin(&group, &origin, GET).await;
    other.origin.write_all(NO_CONTENT).await.unwrap();
    let answer = head(&mut other.client).await;
    assert!(answer.starts_with("HTTP/1.1 204 "), "{answer}");
    held.expect_drain_waits(drained).await;
}

#[tokio::test]
async fn tunnels_to_a_removed_group_are_closed() {
    let (origin, address) = listen().await;
    let hosts = VirtualHosts::new(template());
    hosts.insert_group("client.test", group(address)).unwrap();
    let mut held = Exchange::begin(&hosts, &origin, ASK).await;
    held.switch().await;
    assert!(hosts.remove("client.test"));
    held.expect_close(true, || hosts.close_tunnels(), hosts.drain())
        .await;
}

/// How a member goes.
type Leave = fn(&OriginGroup, SocketAddr);

const LEAVES: [Leave; 3] = [
    |group, _| drop(group.remove("a").unwrap()),
    |group, other| drop(group.put(0, member(other, "a")).unwrap()),
    |group, other| drop(group.replace(0, vec![member(other, "b")])),
];

#[tokio::test]
async fn a_drain_of_a_group_waits_for_requests_to_former_members() {
    for leave in LEAVES {
        let (origin, address) = listen().await;
        let group = group(address);
        let held = Exchange::begin(&group, &origin, GET).await;
        leave(&group, address);
        held.expect_drain_waits(group.drain()).await;
    }
}

#[tokio::test]
async fn tunnels_to_former_members_are_closed() {
    for leave in LEAVES {
        let (origin, address) = listen().await;
        let group = group(address);
        let mut held = Exchange::begin(&group, &origin, ASK).await;
        held.switch().await;
        leave(&group, address);
        held.expect_close(true, || group.close_tunnels(), group.drain())
            .await;
    }
}

#[tokio::test]
async fn a_drain_of_a_group_waits_for_members_that_their_source_removed() {
    let (origin, address) = listen().await;
    let (sender, receiver) = watch::channel(vec![member(address, "a")]);
    let group = OriginGroup::builder().tier_from(MemberSource::watch(receiver));
    let group = group.build().unwrap();
    while group.snapshot().is_empty() {
        tokio::task::yield_now().await;
    }
    let held = Exchange::begin(&group, &origin, GET).await;
    sender.send(Vec::new()).unwrap();
    while !group.snapshot().is_empty() {
        tokio::task::yield_now().await;
    }
    held.expect_drain_waits(group.drain()).await;
}

/// The request fails over to a member that was added after the drain began.
#[tokio::test]
async fn a_drain_of_a_group_waits_for_requests_to_members_that_are_added_later() {
    let ((origin, address), (later, other)) = (listen().await, listen().await);
    let group = group(address);
    let mut held = Exchange::begin(&group, &origin, GET).await;
    let drained = group.drain();
    drop(group.put(0, member(other, "b")).unwrap());
    held.origin.set_zero_linger().unwrap();
    let (mut origin, _) = {
        drop(held.origin);
        later.accept().await.unwrap()
    };
    head(&mut origin).await;
    held.origin = origin;
    held.expect_drain_waits(drained).await;
}

/// Settings of a proxy that show whether it still exists.
fn observed() -> (
    Weak<()>,
    impl Fn(OriginProxy) -> OriginProxy + Send + Sync + 'static,
) {
    let token = Arc::new(());
    let weak = Arc::downgrade(&token);
    let settings = move |proxy: OriginProxy| {
        let token = token.clone();
        proxy.map_request(move |_| assert!(Arc::strong_count(&token) > 0))
    };
    (weak, settings)
}

#[tokio::test]
async fn former_tenants_are_forgotten_once_their_requests_have_ended() {
    let (origin, address) = listen().await;
    let hosts = VirtualHosts::new(template());
    let insert = || {
        let (weak, settings) = observed();
        let tenant = Tenant::new("http://origin.test").dial(address);
        let tenant = tenant.proxy(settings);
        hosts.insert("client.test", tenant).unwrap();
        weak
    };
    let used = insert();
    assert_eq!(exchange(&hosts, "client.test", &origin).await, 204);
    let busy = insert();
    assert_eq!(used.strong_count(), 0);

    let mut held = Exchange::begin(&hosts, &origin, GET).await;
    let last = insert();
    assert!(busy.strong_count() > 0);
    held.origin.write_all(NO_CONTENT).await.unwrap();
    head(&mut held.client).await;
    until_dropped(&busy).await;
    assert!(last.strong_count() > 0);
}

/// Waits until nothing has these settings any longer.
async fn until_dropped(settings: &Weak<()>) {
    while settings.strong_count() > 0 {
        tokio::task::yield_now().await;
    }
}

/// A group with a check that the origin has got, and does not answer.
async fn checked(origin: &TcpListener, member: Member) -> (OriginGroup, TcpStream) {
    let check = HealthCheck::get("/").timeout(Duration::from_secs(3600));
    let group = OriginGroup::builder().tier([member]).health_check(check);
    let group = group.build().unwrap();
    let (mut check, _) = origin.accept().await.unwrap();
    head(&mut check).await;
    (group, check)
}

#[tokio::test]
async fn a_group_that_was_replaced_ends_its_checks_at_once_and_is_forgotten_after_its_requests() {
    for change in [Change::ReplacedByGroup, Change::Replaced, Change::Removed] {
        let (origin, address) = listen().await;
        let (settings, observe) = observed();
        let member = member(address, "a").proxy(observe);
        let (group, mut check) = checked(&origin, member).await;
        let hosts = VirtualHosts::new(template());
        hosts.insert_group("client.test", group).unwrap();
        let mut held = Exchange::begin(&hosts, &origin, GET).await;
        apply(change, &hosts).await;
        assert_eq!(rest(&mut check).await, "", "{change:?}");
        assert!(settings.strong_count() > 0);
        held.origin.write_all(NO_CONTENT).await.unwrap();
        head(&mut held.client).await;
        until_dropped(&settings).await;
    }
}

/// It may serve requests that do not come from this host.
#[tokio::test]
async fn a_removed_group_that_something_else_has_goes_on_checking() {
    let (origin, address) = listen().await;
    let (group, mut check) = checked(&origin, member(address, "a")).await;
    let hosts = VirtualHosts::new(template());
    for host in ["client.test", "other.test"] {
        hosts.insert_group(host, group.clone()).unwrap();
    }
    drop(group);
    let mut first = Exchange::begin(&hosts, &origin, GET).await;
    first.origin.write_all(NO_CONTENT).await.unwrap();
    head(&mut first.client).await;
    assert!(hosts.remove("client.test"));
    // The connection stays, too.
    let answering = async {
        head(&mut first.origin).await;
        first.origin.write_all(NO_CONTENT).await.unwrap();
    };
    let (response, ()) = tokio::join!(send(&hosts, "other.test"), answering);
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    check.write_all(NO_CONTENT).await.unwrap();
    let group = hosts.group("other.test").unwrap();
    while group.snapshot()[0].last_check.is_none() {
        tokio::task::yield_now().await;
    }
    assert!(hosts.remove("other.test"));
    drop(group);
    assert_eq!(rest(&mut check).await, "");
}

#[tokio::test]
async fn former_members_are_forgotten_once_their_requests_have_ended() {
    let (origin, address) = listen().await;
    let (busy, settings) = observed();
    let group = OriginGroup::builder().tier([member(address, "a").proxy(settings)]);
    let group = group.build().unwrap();
    let mut held = Exchange::begin(&group, &origin, GET).await;
    let put = || drop(group.put(0, member(address, "a")).unwrap());
    put();
    put();
    assert!(busy.strong_count() > 0);
    held.origin.write_all(NO_CONTENT).await.unwrap();
    head(&mut held.client).await;
    while busy.strong_count() > 0 {
        put();
        tokio::task::yield_now().await;
    }
}

/// Requests on other threads, while tenants are replaced, removed and evicted.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_request_runs_when_a_drain_among_changes_resolves() {
    for _ in 0..20 {
        let (origin, address) = listen().await;
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = origin.accept().await {
                tokio::spawn(async move {
                    while stream.read_u8().await.is_ok() {
                        head(&mut stream).await;
                        let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                        let _ = stream.write_all(response).await;
                    }
                });
            }
        });
        let hosts = hosts(address);
        let change = |number: usize| {
            let tenant = || Tenant::new("http://origin.test").dial(address);
            match number % 4 {
                0 => drop(hosts.remove("client.test")),
                1 => hosts.insert_group("client.test", group(address)).unwrap(),
                2 => hosts.insert("other.test", tenant()).unwrap(),
                _ => hosts.insert("client.test", tenant()).unwrap(),
            }
        };
        let is_drained = Arc::new(AtomicBool::new(false));
        let clients = (0..8).map(|number| {
            let (hosts, is_drained) = (hosts.clone(), is_drained.clone());
            tokio::spawn(async move {
                let host = ["client.test", "other.test"][number % 2];
                loop {
                    let response = send(&hosts, host).await;
                    match response.status() {
                        // The drain waits until this response is dropped.
                        StatusCode::OK => assert!(!is_drained.load(SeqCst)),
                        StatusCode::SERVICE_UNAVAILABLE => return,
                        _ if is_drained.load(SeqCst) => return,
                        _ => {}
                    }
                    tokio::task::yield_now().await;
                }
            })
        });
        let clients: Vec<_> = clients.collect();
        for number in 0..100 {
            change(number);
            tokio::task::yield_now().await;
        }
        let drained = hosts.drain();
        for number in 100..120 {
            change(number);
        }
        drained.await;
        is_drained.store(true, SeqCst);
        for client in clients {
            client.await.unwrap();
        }
        serving.abort();
    }
}
