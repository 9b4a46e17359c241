//! Connections over broken network paths, in separate network namespaces with real packet loss.
//!
//! Requires root, `ip` of iproute2 and `nft` of nftables.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    process::{Command, id},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::Duration,
};

use cdn_origin::{
    CdnOriginConnector, Error,
    connector::Timeouts,
    diagnosis::{CauseId, Certainty},
    dial::{Dns, HappyEyeballs, IpFamilies, Lookup, Resolve, Resolved, Resolving},
    error::{DialOutcome, Facts},
};
use http::Uri;
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::failing::check;

const PORT: u16 = 8080;
/// The addresses of the far side, each with a listening port.
const FOUR: &str = "198.51.100.2";
const FOUR_TOO: &str = "198.51.100.3";
const SIX: &str = "2001:db8:51::2";

/// Two namespaces with a link between them, removed on drop.
struct Cable {
    near: String,
    far: String,
}

impl Cable {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = |side: &str| format!("cdn{}x{number}{side}", id());
        let cable = Self {
            near: name("n"),
            far: name("f"),
        };
        let (near, far) = (&cable.near, &cable.far);
        run("ip", &format!("netns add {near}"));
        run("ip", &format!("netns add {far}"));
        run(
            "ip",
            &format!("link add near netns {near} type veth peer name far netns {far}"),
        );
        for (namespace, link, addresses) in [
            (near, "near", &["198.51.100.1/24", "2001:db8:51::1/64"][..]),
            (
                far,
                "far",
                &["198.51.100.2/24", "198.51.100.3/24", "2001:db8:51::2/64"],
            ),
        ] {
            for address in addresses {
                run(
                    "ip",
                    &format!("-n {namespace} addr add {address} dev {link} nodad"),
                );
            }
            run("ip", &format!("-n {namespace} link set lo up"));
            run("ip", &format!("-n {namespace} link set {link} up"));
        }
        cable
    }

    /// Applies this verdict to packets to this destination, on the far side.
    fn far_side(&self, matching: &str, verdict: &str) {
        let far = &self.far;
        let nft = |rule: &str| run("ip", &format!("netns exec {far} nft {rule}"));
        nft("add table inet broken");
        nft("add chain inet broken input { type filter hook input priority 0 ; }");
        nft(&format!("add rule inet broken input {matching} {verdict}"));
    }

    /// Connects from the near side to these addresses and returns the error.
    fn fail(&self, addresses: &[&str]) -> Error {
        let reported: Vec<_> = addresses.iter().map(|text| address(text)).collect();
        let client = inside(self.near.clone(), async move {
            let connector = CdnOriginConnector::builder("http://origin.example")
                .dns(Dns::default().resolver(Fixed(reported)))
                .build()
                .unwrap();
            let outcome = connector.oneshot(Uri::default()).await;
            outcome.expect_err("the path is broken")
        });
        client.join().expect("the near side fails to connect")
    }

    /// Connects from the near side to these addresses and returns the facts.
    fn connect(&self, families: IpFamilies, addresses: &[&str]) -> Facts {
        let _server = self.listen();
        self.reach(families, addresses)
    }

    /// Listens on all addresses of the far side until the guard is dropped.
    fn listen(&self) -> Listening {
        let (listening, listens) = std::sync::mpsc::channel();
        let (done, over) = tokio::sync::oneshot::channel::<()>();
        let server = inside(self.far.clone(), async move {
            let all = [FOUR, FOUR_TOO, SIX].map(address);
            let mut listeners = Vec::new();
            for address in all {
                listeners.push(TcpListener::bind(address).await.unwrap());
            }
            listening.send(()).unwrap();
            let _ = over.await;
        });
        listens.recv().expect("the far side listens");
        Listening(Some((done, server)))
    }

    /// Like `connect`, with listeners that run already.
    fn reach(&self, families: IpFamilies, addresses: &[&str]) -> Facts {
        let reported: Vec<_> = addresses.iter().map(|text| address(text)).collect();
        let client = inside(self.near.clone(), async move {
            let connector = CdnOriginConnector::builder("http://origin.example")
                .dns(Dns::default().resolver(Fixed(reported)))
                .happy_eyeballs(HappyEyeballs::default().families(families))
                .timeouts(Timeouts::default().dial(Duration::from_secs(30)))
                .build()
                .unwrap();
            let stream = connector.oneshot(Uri::default()).await;
            stream.unwrap().info().facts().clone()
        });
        client.join().expect("the near side connects")
    }
}

/// Listeners on the far side, stopped on drop.
struct Listening(Option<(tokio::sync::oneshot::Sender<()>, thread::JoinHandle<()>)>);

impl Drop for Listening {
    fn drop(&mut self) {
        if let Some((done, server)) = self.0.take() {
            drop(done);
            let _ = server.join();
        }
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        for namespace in [&self.near, &self.far] {
            let _ = Command::new("ip")
                .args(["netns", "del", namespace])
                .status();
        }
    }
}

/// A resolver with one fixed result.
struct Fixed(Vec<SocketAddr>);

impl Resolve for Fixed {
    fn resolve(&self, _: &Lookup) -> Resolving {
        let resolved = Resolved::new(self.0.clone());
        Box::pin(async move { Ok(resolved) })
    }
}

fn address(text: &str) -> SocketAddr {
    SocketAddr::new(text.parse::<IpAddr>().unwrap(), PORT)
}

/// Runs `work` on a thread inside the namespace.
fn inside<T: Send + 'static>(
    namespace: String,
    work: impl Future<Output = T> + Send + 'static,
) -> thread::JoinHandle<T> {
    thread::spawn(move || {
        let path = format!("/run/netns/{namespace}");
        let handle = std::fs::File::open(path).unwrap();
        let kind = rustix::thread::LinkNameSpaceType::Network;
        rustix::thread::move_into_link_name_space(std::os::fd::AsFd::as_fd(&handle), Some(kind))
            .expect("root may change namespaces");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(work)
    })
}

#[track_caller]
fn run(program: &str, arguments: &str) {
    let output = Command::new(program).args(arguments.split(' ')).output();
    let output = output.unwrap_or_else(|error: io::Error| {
        panic!("{program}: {error}; it is in Debian's iproute2, and nft in nftables")
    });
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments}: {stderr}");
}

fn outcomes(facts: &Facts) -> Vec<(SocketAddr, DialOutcome)> {
    let attempts = facts.attempts().iter();
    attempts.map(|it| (it.address, it.outcome)).collect()
}

#[test]
#[ignore = "needs root, iproute2 and nftables"]
fn a_blackholed_first_address_costs_one_attempt_delay() {
    let cable = Cable::new();
    cable.far_side(&format!("ip daddr {FOUR}"), "drop");
    let facts = cable.connect(IpFamilies::Any, &[FOUR, FOUR_TOO]);
    let expected = [
        (address(FOUR), DialOutcome::Overtaken),
        (address(FOUR_TOO), DialOutcome::Connected),
    ];
    assert_eq!(outcomes(&facts), expected);
    let apart = facts.attempts()[1].started - facts.attempts()[0].started;
    assert!(apart >= Duration::from_millis(250), "{apart:?}");
}

#[test]
#[ignore = "needs root, iproute2 and nftables"]
fn a_broken_ipv6_path_falls_back_to_ipv4() {
    let cable = Cable::new();
    cable.far_side("meta l4proto tcp ip6 daddr 2001:db8:51::2", "drop");
    let facts = cable.connect(IpFamilies::PreferV6, &[SIX, FOUR]);
    let expected = [
        (address(SIX), DialOutcome::Overtaken),
        (address(FOUR), DialOutcome::Connected),
    ];
    assert_eq!(outcomes(&facts), expected);
}

#[test]
#[ignore = "needs root, iproute2 and nftables"]
fn a_name_with_only_ipv6_addresses_is_likely_unreachable_if_ipv6_is_broken() {
    let cable = Cable::new();
    let matching = "meta l4proto tcp ip6 daddr 2001:db8:51::2";
    cable.far_side(matching, "reject with icmpv6 type no-route");
    let error = cable.fail(&[SIX]);
    let fix = "dial a name that has IPv4 addresses too";
    check(&error, CauseId::AddressFamily, Certainty::Likely, fix);
}

#[test]
#[ignore = "needs root, iproute2 and nftables"]
fn a_broken_ipv4_path_falls_back_to_ipv6() {
    let cable = Cable::new();
    cable.far_side("meta l4proto tcp ip daddr 198.51.100.0/24", "drop");
    let facts = cable.connect(IpFamilies::PreferV4, &[FOUR, SIX]);
    let expected = [
        (address(FOUR), DialOutcome::Overtaken),
        (address(SIX), DialOutcome::Connected),
    ];
    assert_eq!(outcomes(&facts), expected);
}

#[test]
#[ignore = "needs root, iproute2 and nftables"]
fn a_firewall_that_rejects_starts_the_next_attempt_at_once() {
    let cable = Cable::new();
    cable.far_side(
        &format!("ip daddr {FOUR}"),
        "reject with icmp type host-unreachable",
    );
    let facts = cable.connect(IpFamilies::Any, &[FOUR, FOUR_TOO]);
    let [first, second] = facts.attempts() else {
        panic!("{:?}", facts.attempts());
    };
    assert!(matches!(first.outcome, DialOutcome::Failed(_)), "{first:?}");
    assert_eq!(second.outcome, DialOutcome::Connected);
}

#[test]
#[ignore = "needs root, iproute2 and nftables"]
fn random_loss_delays_a_connection_and_fails_none() {
    let cable = Cable::new();
    cable.far_side("meta l4proto tcp numgen random mod 10 < 3", "drop");
    let _server = cable.listen();
    for _ in 0..10 {
        let facts = cable.reach(IpFamilies::Any, &[SIX, FOUR, FOUR_TOO]);
        let connected = |it: &(SocketAddr, DialOutcome)| it.1 == DialOutcome::Connected;
        assert!(outcomes(&facts).iter().any(connected));
    }
}
