//! Forwarded fields: how the client is described to the origin, and which peers are trusted.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};

use cdn_origin::downstream::ClientConnection;
use cdn_origin::forwarded::{ForwardedField, ForwardedLayer, IpNet};
use cdn_origin::origin::Scheme;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Version};
use tower::{Layer, ServiceExt, service_fn};

const ALL: [ForwardedField; 6] = [
    ForwardedField::Forwarded,
    ForwardedField::XForwardedFor,
    ForwardedField::XForwardedHost,
    ForwardedField::XForwardedPort,
    ForwardedField::XForwardedProto,
    ForwardedField::XRealIp,
];

type Fields<'a> = &'a [(&'a str, &'a str)];

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

/// Trusts 10.0.0.0/8 and 2001:db8:aaaa::/48.
fn trusting() -> ForwardedLayer {
    ForwardedLayer::new().trust([net("10.0.0.0/8"), net("2001:db8:aaaa::/48")])
}

fn request(peer: Option<&str>, fields: Fields<'_>) -> Request<()> {
    let mut request = Request::get("/").body(()).unwrap();
    let host = HeaderValue::from_static("Client.example:8080");
    request.headers_mut().insert("host", host);
    for (name, value) in fields {
        let name: HeaderName = name.parse().unwrap();
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        request.headers_mut().append(name, value);
    }
    if let Some(peer) = peer {
        let peer: IpAddr = peer.parse().unwrap();
        let client = ClientConnection::new(peer, Scheme::Https);
        request.extensions_mut().insert(client);
    }
    request
}

/// The fields behind the layer.
async fn behind(layer: &ForwardedLayer, request: Request<()>) -> HeaderMap {
    let inner =
        service_fn(
            |request: Request<()>| async move { Ok::<_, Infallible>(request.headers().clone()) },
        );
    let Ok(headers) = layer.layer(inner).oneshot(request).await;
    headers
}

/// The fields without Host, as sorted lines of `name: value`.
async fn lines(layer: &ForwardedLayer, peer: Option<&str>, fields: Fields<'_>) -> Vec<String> {
    let headers = behind(layer, request(peer, fields)).await;
    let line = |(name, value): (_, &HeaderValue)| {
        format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
    };
    let mut lines: Vec<_> = headers.iter().map(line).collect();
    lines.retain(|line| !line.starts_with("host: "));
    lines.sort_unstable();
    lines
}

/// The values of `X-Forwarded-For` and `X-Real-IP`.
async fn chain(
    layer: &ForwardedLayer,
    peer: &str,
    claimed: &[&str],
) -> (Option<String>, Option<String>) {
    let fields: Vec<_> = claimed
        .iter()
        .map(|line| ("x-forwarded-for", *line))
        .collect();
    let headers = behind(layer, request(Some(peer), &fields)).await;
    assert!(headers.get_all("x-forwarded-for").iter().count() <= 1);
    let text = |name| {
        let value: Option<&HeaderValue> = headers.get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    (text("x-forwarded-for"), text("x-real-ip"))
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

const FORGED: Fields<'_> = &[
    ("x-forwarded-for", "127.0.0.1"),
    ("x-forwarded-for", "10.0.0.1"),
    ("x-forwarded-host", "forged.example"),
    ("x-forwarded-port", "1"),
    ("x-forwarded-proto", "http"),
    ("x-real-ip", "127.0.0.1"),
    ("forwarded", "for=127.0.0.1"),
    ("x_forwarded_for", "127.0.0.1"),
    ("x-forwarded_for", "127.0.0.1"),
    ("x_forwarded-host", "forged.example"),
    ("x_forwarded_port", "1"),
    ("x-forwarded_proto", "http"),
    ("x_real_ip", "127.0.0.1"),
    ("x-forwarded-prefix", "/kept"),
];

#[tokio::test]
async fn fields_of_an_untrusted_peer_are_replaced() {
    let expected = [
        "x-forwarded-for: 203.0.113.7",
        "x-forwarded-host: Client.example:8080",
        "x-forwarded-prefix: /kept",
        "x-forwarded-proto: https",
        "x-real-ip: 203.0.113.7",
    ];
    for layer in [ForwardedLayer::new(), ForwardedLayer::default(), trusting()] {
        assert_eq!(lines(&layer, Some("203.0.113.7"), FORGED).await, expected);
    }
    let pass = trusting().pass_trusted();
    assert_eq!(lines(&pass, Some("203.0.113.7"), FORGED).await, expected);
}

#[tokio::test]
async fn an_unknown_peer_is_not_trusted_and_has_no_address() {
    let everybody = ForwardedLayer::new().trust([net("0.0.0.0/0"), net("::/0")]);
    let expected = [
        "x-forwarded-host: Client.example:8080",
        "x-forwarded-prefix: /kept",
        "x-forwarded-proto: http",
    ];
    for layer in [everybody.clone(), ForwardedLayer::new().append_unverified()] {
        assert_eq!(lines(&layer, None, FORGED).await, expected);
    }
    let all = everybody.fields(ALL);
    assert_eq!(
        lines(&all, None, &[]).await[0],
        "forwarded: for=unknown;host=\"Client.example:8080\";proto=http"
    );
}

#[tokio::test]
async fn the_client_is_the_rightmost_address_that_is_not_trusted() {
    let table: [(&str, &[&str], &str, Option<&str>); 12] = [
        ("10.0.0.1", &[], "10.0.0.1", Some("10.0.0.1")),
        (
            "10.0.0.1",
            &["203.0.113.7"],
            "203.0.113.7, 10.0.0.1",
            Some("203.0.113.7"),
        ),
        (
            "10.0.0.1",
            &["127.0.0.1, 203.0.113.7 ,10.0.0.9"],
            "127.0.0.1, 203.0.113.7, 10.0.0.9, 10.0.0.1",
            Some("203.0.113.7"),
        ),
        // Several lines are one list.
        (
            "10.0.0.1",
            &["127.0.0.1", "", "203.0.113.7,,", "10.0.0.9"],
            "127.0.0.1, 203.0.113.7, 10.0.0.9, 10.0.0.1",
            Some("203.0.113.7"),
        ),
        (
            "10.0.0.1",
            &["10.0.0.3, 10.0.0.2"],
            "10.0.0.3, 10.0.0.2, 10.0.0.1",
            Some("10.0.0.3"),
        ),
        (
            "2001:db8:aaaa::1",
            &["2001:db8::7"],
            "2001:db8::7, 2001:db8:aaaa::1",
            Some("2001:db8::7"),
        ),
        (
            "10.0.0.1",
            &["[2001:db8::7]:4711"],
            "[2001:db8::7]:4711, 10.0.0.1",
            Some("2001:db8::7"),
        ),
        (
            "10.0.0.1",
            &["[2001:db8::7]"],
            "[2001:db8::7], 10.0.0.1",
            Some("2001:db8::7"),
        ),
        (
            "10.0.0.1",
            &["203.0.113.7:80"],
            "203.0.113.7:80, 10.0.0.1",
            Some("203.0.113.7"),
        ),
        // A trusted IPv4 proxy on a dual-stack socket.
        (
            "::ffff:10.0.0.1",
            &["203.0.113.7, ::ffff:10.0.0.2"],
            "203.0.113.7, ::ffff:10.0.0.2, 10.0.0.1",
            Some("203.0.113.7"),
        ),
        // Obfuscated on purpose: forwarded, and not taken for a proxy.
        (
            "10.0.0.1",
            &["203.0.113.7, unknown"],
            "203.0.113.7, unknown, 10.0.0.1",
            None,
        ),
        (
            "10.0.0.1",
            &["_Hidden.1, 10.0.0.2"],
            "_Hidden.1, 10.0.0.2, 10.0.0.1",
            None,
        ),
    ];
    for (peer, claimed, expected, client) in table {
        let (fields, address) = chain(&trusting(), peer, claimed).await;
        assert_eq!(fields, some(expected), "{claimed:?}");
        assert_eq!(address.as_deref(), client, "{claimed:?}");
    }
}

#[tokio::test]
async fn a_malformed_entry_ends_the_chain_and_the_client_stays_unknown() {
    let malformed = [
        "garbage",
        "203.0.113.256",
        "203.0.113.7:x",
        "[203.0.113.7]",
        "[::1",
        "_",
        "_a b",
        "_a\"",
        "for=203.0.113.7",
        "\"203.0.113.7\"",
        "203.0.113.7 10.0.0.9",
        "fe80::1%eth0",
        "\u{fc}",
        "127.1",
        "0x7f.1",
        "010.0.0.1",
    ];
    for entry in malformed {
        let claimed = format!("203.0.113.7, {entry}, 10.0.0.2");
        let (fields, address) = chain(&trusting(), "10.0.0.1", &[&claimed]).await;
        assert_eq!(fields, some("10.0.0.2, 10.0.0.1"), "{entry}");
        assert_eq!(address, None, "{entry}");
        // To the left of the client it has no effect.
        let claimed = format!("{entry}, 203.0.113.7");
        let (fields, address) = chain(&trusting(), "10.0.0.1", &[&claimed]).await;
        assert_eq!(fields, some("203.0.113.7, 10.0.0.1"), "{entry}");
        assert_eq!(address, some("203.0.113.7"), "{entry}");
    }
}

#[tokio::test]
async fn a_long_chain_is_cut_on_the_left_and_the_client_is_still_found() {
    let claimed = "127.0.0.1, 203.0.113.7, 10.0.0.2";
    let table = [
        (1024, "127.0.0.1, 203.0.113.7, 10.0.0.2, 10.0.0.1"),
        (42, "127.0.0.1, 203.0.113.7, 10.0.0.2, 10.0.0.1"),
        (41, "203.0.113.7, 10.0.0.2, 10.0.0.1"),
        (31, "203.0.113.7, 10.0.0.2, 10.0.0.1"),
        (30, "10.0.0.2, 10.0.0.1"),
        (18, "10.0.0.2, 10.0.0.1"),
        (17, "10.0.0.1"),
        (0, "10.0.0.1"),
    ];
    for (bytes, expected) in table {
        let layer = trusting().max_chain(bytes);
        let (fields, address) = chain(&layer, "10.0.0.1", &[claimed]).await;
        assert_eq!(fields, some(expected), "{bytes}");
        assert_eq!(address, some("203.0.113.7"), "{bytes}");
    }
    let endless = "198.51.100.1, ".repeat(4000) + "203.0.113.7";
    let (fields, _) = chain(&trusting(), "10.0.0.1", &[&endless]).await;
    let fields = fields.unwrap();
    assert!(
        fields.len() <= 1024 && fields.ends_with("203.0.113.7, 10.0.0.1"),
        "{fields}"
    );
}

#[tokio::test]
async fn a_field_of_a_trusted_peer_is_used_if_it_has_one_valid_value() {
    let layer = trusting().trust_host().trust_port().fields(ALL);
    let claimed: Fields<'_> = &[
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-host", "www.example.com"),
        ("x-forwarded-port", "8443"),
        ("x-forwarded-proto", "HTTP"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1"),
    ];
    assert_eq!(
        lines(&layer, Some("10.0.0.1"), claimed).await,
        [
            "forwarded: for=203.0.113.7, for=10.0.0.1;host=www.example.com;proto=http",
            "x-forwarded-for: 203.0.113.7, 10.0.0.1",
            "x-forwarded-host: www.example.com",
            "x-forwarded-port: 8443",
            "x-forwarded-proto: http",
            "x-real-ip: 203.0.113.7",
        ]
    );
    let own = [
        "x-forwarded-host: Client.example:8080",
        "x-forwarded-port: 8080",
        "x-forwarded-proto: https",
    ];
    let invalid: [Fields<'_>; 4] = [
        &[
            ("x-forwarded-host", "a b"),
            ("x-forwarded-port", "0"),
            ("x-forwarded-proto", "ftp"),
        ],
        &[
            ("x-forwarded-host", "a, b"),
            ("x-forwarded-port", "+1"),
            ("x-forwarded-proto", "http, https"),
        ],
        &[
            ("x-forwarded-host", "user@a"),
            ("x-forwarded-port", "65536"),
            ("x-forwarded-proto", ""),
        ],
        &[
            ("x-forwarded-host", "a"),
            ("x-forwarded-host", "a"),
            ("x-forwarded-port", "1"),
            ("x-forwarded-port", "1"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-proto", "http"),
        ],
    ];
    for claimed in invalid {
        let lines = lines(&layer, Some("10.0.0.1"), claimed).await;
        assert_eq!(lines[2..5], own, "{claimed:?}");
    }
}

#[tokio::test]
async fn a_websocket_of_a_trusted_peer_has_the_scheme_of_its_handshake() {
    let layer = trusting();
    for (sent, expected) in [("wss", "https"), ("WS", "http")] {
        let claimed: Fields<'_> = &[("x-forwarded-proto", sent)];
        let lines = lines(&layer, Some("10.0.0.1"), claimed).await;
        let expected = format!("x-forwarded-proto: {expected}");
        assert!(lines.contains(&expected), "{lines:?}");
    }
}

/// Fields that a client sends through a load balancer that writes neither.
const HANDED_ON: Fields<'_> = &[
    ("x-forwarded-host", "forged.example:81"),
    ("x-forwarded-port", "1"),
];

#[tokio::test]
async fn host_and_port_of_a_trusted_peer_need_trust_host_and_trust_port() {
    let fields = [
        ForwardedField::Forwarded,
        ForwardedField::XForwardedHost,
        ForwardedField::XForwardedPort,
    ];
    let table = [
        (trusting(), "\"Client.example:8080\"", "8080"),
        (trusting().trust_port(), "\"Client.example:8080\"", "1"),
        (trusting().trust_host(), "\"forged.example:81\"", "81"),
        (
            trusting().trust_host().trust_port(),
            "\"forged.example:81\"",
            "1",
        ),
    ];
    for (layer, host, port) in table {
        let layer = layer.fields(fields);
        assert_eq!(
            lines(&layer, Some("10.0.0.1"), HANDED_ON).await,
            [
                format!("forwarded: for=10.0.0.1;host={host};proto=https"),
                format!("x-forwarded-host: {}", host.trim_matches('"')),
                format!("x-forwarded-port: {port}"),
            ],
            "{layer:?}"
        );
    }
}

#[tokio::test]
async fn untrusted_host_and_port_are_removed_when_claims_pass() {
    let layer = trusting().pass_trusted();
    let peer = Some("10.0.0.1");
    assert!(lines(&layer, peer, HANDED_ON).await.is_empty());
    let layer = layer.trust_host().trust_port();
    assert_eq!(
        lines(&layer, peer, HANDED_ON).await,
        ["x-forwarded-host: forged.example:81", "x-forwarded-port: 1"]
    );
}

#[tokio::test]
async fn claims_of_a_trusted_peer_can_pass_unchanged() {
    let layer = trusting().pass_trusted();
    let claimed: Fields<'_> = &[
        ("forwarded", "for=203.0.113.7"),
        ("x-forwarded-for", "anything"),
        ("x_forwarded_for", "127.0.0.1"),
    ];
    assert_eq!(
        lines(&layer, Some("10.0.0.1"), claimed).await,
        ["forwarded: for=203.0.113.7", "x-forwarded-for: anything"]
    );
}

#[tokio::test]
async fn append_unverified_changes_only_x_forwarded_for() {
    let layer = ForwardedLayer::new().append_unverified();
    assert_eq!(
        lines(&layer, Some("203.0.113.7"), FORGED).await,
        [
            "x-forwarded-for: 127.0.0.1, 10.0.0.1, 203.0.113.7",
            "x-forwarded-host: Client.example:8080",
            "x-forwarded-prefix: /kept",
            "x-forwarded-proto: https",
            "x-real-ip: 203.0.113.7",
        ]
    );
}

#[tokio::test]
async fn forwarded_follows_rfc_7239() {
    let layer = trusting().fields([ForwardedField::Forwarded]);
    let table: [(&str, &str, &str); 5] = [
        ("203.0.113.7", "127.0.0.1", "for=203.0.113.7"),
        ("2001:db8::7", "", "for=\"[2001:db8::7]\""),
        (
            "10.0.0.1",
            "2001:DB8::7",
            "for=\"[2001:db8::7]\", for=10.0.0.1",
        ),
        (
            "10.0.0.1",
            "unknown, _hidden, 203.0.113.7:80, [2001:db8::7]:4711",
            "for=unknown, for=_hidden, for=\"203.0.113.7:80\", for=\"[2001:db8::7]:4711\", for=10.0.0.1",
        ),
        (
            "10.0.0.1",
            "\";x=\", 203.0.113.7",
            "for=203.0.113.7, for=10.0.0.1",
        ),
    ];
    for (peer, claimed, expected) in table {
        let lines = lines(&layer, Some(peer), &[("x-forwarded-for", claimed)]).await;
        let expected = format!("forwarded: {expected};host=\"Client.example:8080\";proto=https");
        assert_eq!(lines, [expected], "{claimed}");
    }
}

#[tokio::test]
async fn fields_that_are_not_written_are_removed() {
    let layer = trusting().fields([]);
    for peer in [None, Some("10.0.0.1"), Some("203.0.113.7")] {
        assert_eq!(
            lines(&layer, peer, FORGED).await,
            ["x-forwarded-prefix: /kept"]
        );
    }
}

#[tokio::test]
async fn the_port_is_that_of_the_host_or_the_default_of_the_scheme() {
    let layer = ForwardedLayer::new().fields([ForwardedField::XForwardedPort]);
    for (uri, scheme, port) in [
        ("http://client.example:81/", Scheme::Https, "81"),
        ("http://client.example/", Scheme::Https, "443"),
        ("http://client.example/", Scheme::Http, "80"),
        ("http://[2001:db8::1]/", Scheme::Http, "80"),
    ] {
        let mut request = Request::get(uri).version(Version::HTTP_2).body(()).unwrap();
        let client = ClientConnection::new(Ipv4Addr::LOCALHOST, scheme);
        request.extensions_mut().insert(client);
        let headers = behind(&layer, request).await;
        assert_eq!(headers["x-forwarded-port"], port, "{uri}");
    }
}

#[tokio::test]
async fn every_address_is_formatted_as_by_the_standard_library() {
    let octets = [0u8, 1, 9, 10, 11, 99, 100, 101, 199, 200, 255];
    for octet in octets {
        let address = Ipv4Addr::new(octet, 255 - octet, octet / 2, octet.reverse_bits());
        let (_, seen) = chain(&ForwardedLayer::new(), &address.to_string(), &[]).await;
        assert_eq!(seen, Some(address.to_string()));
    }
    for address in [
        "::",
        "::1",
        "2001:db8:1111:2222:3333:4444:5555:6666",
        "::1.2.3.4",
        "64:ff9b::1.2.3.4",
    ] {
        let address: IpAddr = address.parse().unwrap();
        let (_, seen) = chain(&ForwardedLayer::new(), &address.to_string(), &[]).await;
        assert_eq!(seen, Some(address.to_canonical().to_string()));
    }
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn axums_connect_info_supplies_the_peer() {
    use axum::extract::ConnectInfo;

    let mut request = request(None, &[("x-forwarded-for", "203.0.113.7")]);
    let peer: std::net::SocketAddr = "[::ffff:10.0.0.1]:4711".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    let layer = trusting().client_scheme(Scheme::Https);
    let headers = behind(&layer, request).await;
    assert_eq!(headers["x-forwarded-for"], "203.0.113.7, 10.0.0.1");
    assert_eq!(headers["x-forwarded-proto"], "https");
}

#[tokio::test]
async fn a_request_without_a_valid_host_is_forwarded_without_x_forwarded_host() {
    let layer = ForwardedLayer::new();
    for hosts in [&[][..], &["a.example", "a.example"], &["a b"]] {
        let mut request = request(None, &[("x-forwarded-host", "forged.example")]);
        request.headers_mut().remove("host");
        for host in hosts {
            request
                .headers_mut()
                .append("host", HeaderValue::from_static(host));
        }
        let headers = behind(&layer, request).await;
        assert_eq!(headers.get("x-forwarded-host"), None, "{hosts:?}");
    }
}
