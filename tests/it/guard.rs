//! The egress guard: what user-supplied origins must not reach.

use std::net::{IpAddr, SocketAddr};

use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind, OriginProxy,
    diagnosis::CauseId,
    dial::{Dns, DnsCache, EgressGuard, Resolved},
    error::{BuildProblemKind, DialOutcome, Fault, Stage},
};
use http::{Request, StatusCode, Uri};
use http_body_util::Empty;
use ipnet::IpNet;
use tower::ServiceExt;

use crate::resolve::{ScriptedResolver, listener, over};

/// One network, or a single address.
fn network(text: &str) -> [IpNet; 1] {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    [text.parse().or_else(|_| address()).expect("a network")]
}

/// Every way to write an address that is not of the public internet.
const REFUSED: [&str; 92] = [
    // As it is.
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.170",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    // Numbers that old resolvers read as addresses.
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "0X7F.0.0.1",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "127.0.0.0x1",
    "10.1",
    "0",
    "0x0",
    "00000177.1",
    "127.0.0.1.",
    "127.1.",
    "0x7f000001.",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    // IPv6.
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[::ffff:0:127.0.0.1]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::10.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]",
    "[64:ff9b:1::10.0.0.1]",
    "[64:ff9b:1:ffff::8.8.8.8]",
    "[100::1]",
    "[100:0:0:1::1]",
    "[2001::1]",
    "[2001:0:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[2001:1::1]",
    "[2001:2::1]",
    "[2001:3::1]",
    "[2001:4:112::1]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[2001:30::1]",
    "[2001:db8::1]",
    "[2002:7f00:1::]",
    "[2002:a00:1::1]",
    "[2002:a9fe:a9fe::]",
    "[2002:808:808::1]",
    "[2620:4f:8000::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[febf::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[4000::1]",
];

/// The networks of both registries as they stood on 2026-07-18: <https://www.iana.org/assignments/iana-ipv4-special-registry> and
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>. What they call globally reachable is anycast, AS112, or an identifier:
/// no origin either.
const REGISTERED: [&str; 49] = [
    "0.0.0.0/8",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/32",
    "192.0.0.171/32",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.88.99.2/32",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::1/128",
    "::/128",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
];

/// Registered too: what is inside decides.
const TRANSLATED: [&str; 2] = ["::ffff:", "64:ff9b::"];

/// Addresses of the public internet, those next to a special network among them.
const PUBLIC: [&str; 28] = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.0.3.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700:4700::1111",
    "2620:4f:8001::1",
    "2a00:1450:4001::1",
    "3ffe:ffff::1",
    "64:ff9b::8.8.8.8",
    "::ffff:8.8.8.8",
];

async fn ask(guard: EgressGuard, host: &str, port: u16) -> Result<(), Error> {
    let connector = CdnOriginConnector::any_origin()
        .verify(cdn_origin::tls::danger::accept_any_certificate())
        .egress_guard(guard)
        .build()
        .unwrap();
    // A URI that `http` does not take never reaches the connector.
    let Ok(uri) = format!("http://{host}:{port}/").parse::<Uri>() else {
        return Err(connector
            .oneshot(Uri::from_static("/"))
            .await
            .expect_err("no absolute URI"));
    };
    connector.oneshot(uri).await.map(drop)
}

#[tokio::test]
async fn every_spelling_of_an_address_that_is_not_public_is_refused() {
    let (_listener, address) = listener().await;
    for host in REFUSED {
        let error = ask(EgressGuard::deny_private(), host, address.port()).await;
        let error = error.expect_err(host);
        match error.kind() {
            ErrorKind::AddressProhibited => {
                assert_eq!(error.stage(), Stage::Dial, "{host}");
                let outcome = error.facts().attempts()[0].outcome;
                assert_eq!(outcome, DialOutcome::Prohibited, "{host}");
            }
            // It is no host at all here.
            kind => assert_eq!(kind, ErrorKind::UnsupportedUri, "{host}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_name_that_leads_to_such_an_address_is_refused_too() {
    let literals = REFUSED
        .iter()
        .filter_map(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().ok());
    let literals: Vec<_> = literals.collect();
    assert!(literals.len() >= 60, "{}", literals.len());
    for ip in literals {
        let resolver = ScriptedResolver::addresses([SocketAddr::new(ip, 9)]);
        let connector = over(resolver).egress_guard(EgressGuard::deny_private());
        let outcome = connector.build().unwrap().oneshot(Uri::default()).await;
        let error = outcome.expect_err("a private address");
        assert_eq!(error.kind(), ErrorKind::AddressProhibited, "{ip}");
        assert_eq!(error.fault(), Fault::Config);
        let cause = error.diagnosis().likeliest().unwrap().id();
        assert_eq!(cause, CauseId::DestinationProhibited);
    }
}

/// Whether the guard lets an attempt to this address begin. Nothing is sent: the socket refuses to be one.
async fn passes(guard: EgressGuard, ip: IpAddr) -> bool {
    let options = cdn_origin::dial::SocketOptions::default()
        .each(|_| Err(std::io::Error::other("far enough")));
    let resolver = ScriptedResolver::addresses([SocketAddr::new(ip, 9)]);
    let connector = over(resolver).socket_options(options).egress_guard(guard);
    let error = connector
        .build()
        .unwrap()
        .oneshot(Uri::default())
        .await
        .expect_err("no socket connects");
    error.kind() != ErrorKind::AddressProhibited
}

#[tokio::test]
async fn every_network_of_ianas_registries_is_refused_from_its_first_address_to_its_last() {
    for network in REGISTERED {
        let network: IpNet = network.parse().unwrap();
        let inside = match network {
            IpNet::V4(v4) => TRANSLATED
                .map(|prefix| [v4.network(), v4.broadcast()].map(|ip| format!("{prefix}{ip}")))
                .concat(),
            IpNet::V6(_) => Vec::new(),
        };
        let inside = inside.iter().map(|ip| ip.parse().unwrap());
        let ends = [network.network(), network.broadcast()];
        for ip in ends.into_iter().chain(inside) {
            let passes = passes(EgressGuard::deny_private(), ip).await;
            assert!(!passes, "{ip} of {network}");
        }
    }
}

#[tokio::test]
async fn public_addresses_pass() {
    for text in PUBLIC {
        let ip = text.parse().unwrap();
        assert!(passes(EgressGuard::deny_private(), ip).await, "{text}");
    }
}

#[tokio::test]
async fn lists_decide_before_the_rule_for_the_rest_and_denials_first() {
    let guard = EgressGuard::deny_private()
        .allow(network("10.20.0.0/16"))
        .allow(network("fd00:20::/32"))
        .deny(network("10.20.30.0/24"))
        .deny(network("8.8.8.8"))
        .deny(network("::ffff:9.9.9.0/120"));
    let table = [
        ("10.20.0.1", true),
        ("::ffff:10.20.0.1", true),
        ("10.20.30.1", false),
        ("::ffff:10.20.30.1", false),
        ("10.21.0.1", false),
        ("fd00:20::1", true),
        ("fd00:21::1", false),
        ("8.8.8.8", false),
        ("64:ff9b::8.8.8.8", false),
        ("64:ff9b::10.20.0.1", false),
        ("8.8.4.4", true),
        ("9.9.9.9", false),
    ];
    for (text, expected) in table {
        let ip = text.parse().unwrap();
        assert_eq!(passes(guard.clone(), ip).await, expected, "{text}");
    }
    let only = EgressGuard::deny_all().allow(network("192.0.2.0/24"));
    assert!(passes(only.clone(), "192.0.2.7".parse().unwrap()).await);
    assert!(!passes(only, "8.8.8.8".parse().unwrap()).await);
    let not_here = EgressGuard::allow_all()
        .deny(network("127.0.0.0/8"))
        .deny(network("::1"));
    for text in ["0.0.0.0", "::", "::ffff:0.0.0.0", "127.0.0.1", "::1"] {
        assert!(
            !passes(not_here.clone(), text.parse().unwrap()).await,
            "{text}"
        );
    }
    let but = EgressGuard::allow_all().deny(network("192.0.2.0/24"));
    assert!(!passes(but.clone(), "192.0.2.7".parse().unwrap()).await);
    assert!(passes(but, "10.0.0.1".parse().unwrap()).await);
}

#[tokio::test]
async fn a_denied_name_is_not_even_looked_up() {
    let resolver = ScriptedResolver::addresses(["8.8.8.8:9".parse().unwrap()]);
    for rule in ["origin.example", "EXAMPLE", "origin.example."] {
        let guard = EgressGuard::allow_all().deny_name(rule);
        let connector = over(resolver.clone()).egress_guard(guard).build().unwrap();
        let error = connector.oneshot(Uri::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddressProhibited, "{rule}");
        assert_eq!(error.stage(), Stage::Resolve, "{rule}");
    }
    assert_eq!(resolver.count(), 0);
}

#[tokio::test]
async fn an_allowed_name_reaches_where_others_do_not() {
    let (_listener, address) = listener().await;
    let guard = EgressGuard::deny_private().allow_name("origin.example");
    let connector = over(ScriptedResolver::addresses([address])).egress_guard(guard.clone());
    let connector = connector.build().unwrap();
    connector.oneshot(Uri::default()).await.unwrap();
    // A name that only ends in the same letters is another.
    let other = CdnOriginConnector::builder("http://notorigin.example")
        .dns(Dns::default().resolver(ScriptedResolver::addresses([address])))
        .egress_guard(guard)
        .build()
        .unwrap();
    let error = other.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressProhibited);
}

#[tokio::test]
async fn a_name_that_is_rebound_between_connections_is_refused() {
    let (_listener, address) = listener().await;
    let resolver = ScriptedResolver::addresses([address]);
    let guard = EgressGuard::deny_private().allow([address.ip()]);
    let connector = CdnOriginConnector::builder("http://origin.example")
        .dns(
            Dns::default()
                .resolver(resolver.clone())
                .cache(DnsCache::off()),
        )
        .egress_guard(guard)
        .build()
        .unwrap();
    connector.clone().oneshot(Uri::default()).await.unwrap();
    let rebound = SocketAddr::new("127.0.0.2".parse().unwrap(), address.port());
    resolver.now(Ok(Resolved::new([rebound])));
    let error = connector.oneshot(Uri::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressProhibited);
}

#[tokio::test]
async fn of_mixed_addresses_only_the_allowed_are_dialled() {
    let (_listener, address) = listener().await;
    let denied: SocketAddr = "127.0.0.2:9".parse().unwrap();
    let guard = EgressGuard::deny_private().allow([address.ip()]);
    let connector = over(ScriptedResolver::addresses([denied, address])).egress_guard(guard);
    let stream = connector
        .build()
        .unwrap()
        .oneshot(Uri::default())
        .await
        .unwrap();
    let facts = stream.info().facts();
    assert_eq!(facts.peer(), Some(address));
    assert_eq!(facts.attempts()[0].outcome, DialOutcome::Prohibited);
}

#[tokio::test]
async fn fixed_addresses_and_dial_targets_are_judged_too() {
    let guard = EgressGuard::deny_private;
    let ip: IpAddr = "10.0.0.1".parse().unwrap();
    let fixed = CdnOriginConnector::builder("http://origin.example")
        .dns(Dns::default().resolve_to("origin.example", [ip]))
        .egress_guard(guard());
    let error = fixed.build().unwrap().oneshot(Uri::default()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::AddressProhibited);
    let guarded = |url: &str| CdnOriginConnector::builder(url).egress_guard(guard());
    for (builder, setter) in [
        (guarded("http://origin.example").dial(ip), "dial"),
        (guarded("http://10.0.0.1"), "builder"),
        (guarded("http://[::ffff:127.0.0.1]"), "builder"),
    ] {
        let error = builder.build().unwrap_err();
        let [problem] = error.problems() else {
            panic!("{error}");
        };
        assert_eq!(problem.setter(), setter, "{error}");
        assert_eq!(problem.kind(), BuildProblemKind::Contradiction);
    }
    let allowing = guard().allow([ip]);
    let allowed = CdnOriginConnector::builder("http://10.0.0.1").egress_guard(allowing);
    assert!(allowed.build().is_ok());
    // What is dialled counts, and not the URL.
    let named = guarded("http://10.0.0.1").dial("origin.example");
    assert!(named.build().is_ok());
}

#[tokio::test]
async fn a_proxy_answers_502_and_says_destination_ip_prohibited() {
    let resolver = ScriptedResolver::addresses(["169.254.169.254:80".parse().unwrap()]);
    let connector = over(resolver)
        .egress_guard(EgressGuard::deny_private())
        .build()
        .unwrap();
    let request = Request::get("/latest/meta-data/").header("host", "origin.example");
    let request = request.body(Empty::<bytes::Bytes>::new()).unwrap();
    let response = OriginProxy::new(connector).oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    let field = response.headers()["proxy-status"].to_str().unwrap();
    assert!(field.contains("error=destination_ip_prohibited"), "{field}");
    assert!(!field.contains("169.254"), "{field}");
}

#[test]
fn an_invalid_name_of_a_guard_is_refused_at_build() {
    let guard = EgressGuard::deny_private()
        .allow_name("a b")
        .deny_name("*.example");
    let error = CdnOriginConnector::builder("http://origin.example")
        .egress_guard(guard)
        .build()
        .unwrap_err();
    let problems: Vec<_> = error
        .problems()
        .iter()
        .map(|problem| (problem.setter(), problem.kind()))
        .collect();
    let expected = ["EgressGuard::allow_name", "EgressGuard::deny_name"]
        .map(|setter| (setter, BuildProblemKind::InvalidName));
    assert_eq!(problems, expected);
}

#[test]
fn a_guard_does_not_stand_beside_a_transport_that_it_cannot_see_through() {
    let address = "127.0.0.1:1".parse().unwrap();
    let error = CdnOriginConnector::builder("http://origin.example")
        .transport(crate::transports::to(address))
        .egress_guard(EgressGuard::deny_private())
        .build()
        .unwrap_err();
    let [problem] = error.problems() else {
        panic!("{error}");
    };
    assert_eq!(problem.setter(), "egress_guard");
    assert_eq!(problem.kind(), BuildProblemKind::Contradiction);
}
