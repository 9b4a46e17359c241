//! What a proxy passes on, byte for byte, what it keeps to itself, and what it adds.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use bytes::Bytes;
use cdn_origin::error::{CertificateProblem, ErrorKind};
use cdn_origin::origin::Scheme;
use cdn_origin::proxy::{ClientConnection, ProxyBody};
use cdn_origin::tls::rustls::ServerConfig;
use cdn_origin::tls::rustls::crypto::aws_lc_rs;
use cdn_origin::tls::{Roots, SpkiPin, VerifyPolicy};
use cdn_origin::{CdnOriginConnector, Error, ForwardedLayer, HostRewriteLayer, OriginProxy};
use cdn_origin::{connector::CdnOriginBuilder, tls::TlsParameters};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version, header};
use http_body::Frame;
use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tower::ServiceExt;

use crate::support::{
    Authority, Behaviour, Edge, EdgeBuilder, RecordedRequest, Requests, Site, SniRefusal,
    refused_address,
};

/// What the origin is called.
const ORIGIN: &str = "origin.test";

/// A builder that needs neither a root store nor a feature.
fn connector(url: &str) -> CdnOriginBuilder {
    CdnOriginConnector::builder(url)
        .tls_parameters(TlsParameters::default().crypto_provider(aws_lc_rs::default_provider()))
}

fn plain(address: SocketAddr) -> OriginProxy {
    let connector = connector("http://origin.test").dial(address.to_string());
    OriginProxy::new(connector.build().unwrap())
}

fn over_tls(address: SocketAddr, authority: &Authority) -> OriginProxy {
    let connector = connector("https://origin.test")
        .dial(address.to_string())
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())));
    OriginProxy::new(connector.build().unwrap())
}

/// Clients speak to the site, the site to the edge.
struct Scene {
    edge: Edge,
    site: Site,
}

impl Scene {
    /// The edge speaks HTTP/1.1 without TLS.
    async fn plain(dress: impl FnOnce(EdgeBuilder) -> EdgeBuilder) -> Self {
        let edge = dress(Edge::builder(&Authority::new()).plain_http());
        let edge = edge.start().await;
        let site = site(plain(edge.address())).await;
        Self { edge, site }
    }

    /// The edge speaks this protocol over TLS.
    async fn over_tls(alpn: &str, dress: impl FnOnce(EdgeBuilder) -> EdgeBuilder) -> Self {
        let authority = Authority::new();
        let edge = Edge::builder(&authority).serves(ORIGIN).alpn(&[alpn]);
        let edge = dress(edge).start().await;
        let site = site(over_tls(edge.address(), &authority)).await;
        Self { edge, site }
    }
}

async fn site(proxy: OriginProxy) -> Site {
    Site::serve(Router::new().fallback_service(proxy)).await
}

/// What the client speaks.
#[derive(Clone, Copy, Debug)]
enum Client {
    Http1,
    Http2,
}

impl Client {
    async fn to(self, site: &Site) -> Requests {
        let stream = TcpStream::connect(site.address()).await.unwrap();
        match self {
            Self::Http1 => Requests::http1(stream).await.unwrap(),
            Self::Http2 => Requests::http2(stream).await.unwrap(),
        }
    }

    async fn sends(self, site: &Site, request: Request<Bytes>) -> Response<String> {
        self.to(site).await.send(request).await.unwrap()
    }
}

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

/// Sends these bytes and returns all that comes back until the site closes.
async fn exchange_raw(site: &Site, words: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(site.address()).await.unwrap();
    stream.write_all(words.as_ref()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Every field as `name: value`, in the order of the alphabet.
fn lines(headers: &HeaderMap) -> Vec<String> {
    let line = |(name, value): (_, &HeaderValue)| {
        format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
    };
    let mut lines: Vec<_> = headers.iter().map(line).collect();
    lines.sort_unstable();
    lines
}

/// The fields that say who the client is, when it is this machine.
const FORWARDED: [&str; 4] = [
    "x-forwarded-for: 127.0.0.1",
    "x-forwarded-host: client.test",
    "x-forwarded-proto: http",
    "x-real-ip: 127.0.0.1",
];

/// The fields of the request without those.
fn own_lines(seen: &RecordedRequest) -> Vec<String> {
    let mut lines = lines(&seen.headers);
    lines.retain(|line| !line.starts_with("via: "));
    for line in FORWARDED {
        let at = lines.iter().position(|other| other == line);
        lines.remove(at.unwrap_or_else(|| panic!("{line} is not in {lines:?}")));
    }
    lines
}

/// Calls the proxy without a server around it.
async fn call(proxy: &OriginProxy, request: Request<Full<Bytes>>) -> Response<ProxyBody> {
    let Ok(response) = proxy.clone().oneshot(request).await;
    response
}

fn bare(host: &str) -> Request<Full<Bytes>> {
    let request = Request::get("/").header(header::HOST, host);
    request.body(Full::default()).unwrap()
}

#[tokio::test]
async fn fields_of_the_clients_connection_are_not_passed_on() {
    let scene = Scene::plain(|edge| edge).await;
    let answer = exchange_raw(
        &scene.site,
        "GET / HTTP/1.1\r\n\
         Host: client.test\r\n\
         Connection: close, X-Named,, HOST\r\n\
         Connection: x-also-named , content-length, no token\r\n\
         Keep-Alive: timeout=5\r\n\
         Proxy-Authenticate: Basic\r\n\
         Proxy-Authorization: Basic c2VjcmV0\r\n\
         Proxy-Connection: keep-alive\r\n\
         TE: gzip;q=0.5, Trailers\r\n\
         Upgrade: websocket\r\n\
         X-Named: 1\r\n\
         X-Named: 2\r\n\
         X-Also-Named: 3\r\n\
         Authorization: Basic c2VjcmV0\r\n\
         Cookie: a=1; b=2\r\n\
         X-Kept: 4\r\n\
         X-Kept: 5\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let seen = scene.edge.wait_for_requests(1).await;
    assert_eq!(
        own_lines(&seen),
        [
            "authorization: Basic c2VjcmV0",
            "connection: te",
            "cookie: a=1; b=2",
            "host: origin.test",
            "te: trailers",
            "x-kept: 4",
            "x-kept: 5",
        ]
    );
}

#[tokio::test]
async fn te_is_not_passed_on_unless_it_says_trailers() {
    let scene = Scene::plain(|edge| edge).await;
    let request = Request::get("http://client.test/")
        .header(header::TE, "gzip, x-trailers")
        .body(Bytes::new())
        .unwrap();
    Client::Http1.sends(&scene.site, request).await;
    let seen = scene.edge.wait_for_requests(1).await;
    assert_eq!(own_lines(&seen), ["host: origin.test"]);
}

#[tokio::test]
async fn te_trailers_reaches_an_http_2_origin() {
    let scene = Scene::over_tls("h2", |edge| edge).await;
    let request = Request::get("http://client.test/")
        .header(header::TE, "trailers")
        .body(Bytes::new())
        .unwrap();
    Client::Http2.sends(&scene.site, request).await;
    let seen = scene.edge.wait_for_requests(1).await;
    assert_eq!(seen.authority.as_deref(), Some(ORIGIN));
    assert_eq!(own_lines(&seen), ["te: trailers"]);
}

#[tokio::test]
async fn fields_of_the_origins_connection_are_not_passed_on() {
    let scene = Scene::plain(|edge| {
        edge.respond(|_| {
            Response::builder()
                .header(header::CONNECTION, "x-named, content-length, keep-alive")
                .header("keep-alive", "timeout=5")
                .header(header::PROXY_AUTHENTICATE, "Basic")
                .header("proxy-connection", "keep-alive")
                .header(header::UPGRADE, "h2c")
                .header("x-named", "1")
                .header("x-kept", "2")
                .header(header::SET_COOKIE, "a=1")
                .header(header::SET_COOKIE, "b=2")
                .header(header::DATE, "Mon, 01 Jan 2024 00:00:00 GMT")
                .body(Bytes::from_static(b"body"))
                .unwrap()
        })
    })
    .await;
    for client in [Client::Http1, Client::Http2] {
        let response = client.sends(&scene.site, get("http://client.test/")).await;
        assert_eq!(response.body(), "body");
        assert_eq!(
            lines(response.headers()),
            [
                "content-length: 4",
                "date: Mon, 01 Jan 2024 00:00:00 GMT",
                "set-cookie: a=1",
                "set-cookie: b=2",
                "x-kept: 2",
            ],
            "{client:?}"
        );
    }
}

/// Who visits, what was claimed before, and the four fields that the origin gets.
struct Claim {
    client: Option<(&'static str, Scheme)>,
    claimed: &'static [(&'static str, &'static str)],
    seen: &'static [&'static str],
}

const CLAIMS: [Claim; 7] = [
    Claim {
        client: Some(("203.0.113.7", Scheme::Https)),
        claimed: &[],
        seen: &[
            "x-forwarded-for: 203.0.113.7",
            "x-forwarded-host: Client.test:8080",
            "x-forwarded-proto: https",
            "x-real-ip: 203.0.113.7",
        ],
    },
    Claim {
        client: Some(("203.0.113.7", Scheme::Http)),
        claimed: &[
            ("x-forwarded-for", "192.0.2.1, 192.0.2.2"),
            ("x-forwarded-for", ""),
            ("x-forwarded-for", "unknown"),
            ("x-forwarded-host", "forged.test"),
            ("x-forwarded-host", "forged.test"),
            ("x-forwarded-proto", "https"),
            ("x-real-ip", "192.0.2.1"),
            ("x-real-ip", "192.0.2.2"),
        ],
        seen: &[
            "x-forwarded-for: 203.0.113.7",
            "x-forwarded-host: Client.test:8080",
            "x-forwarded-proto: http",
            "x-real-ip: 203.0.113.7",
        ],
    },
    Claim {
        client: Some(("2001:db8::1", Scheme::Http)),
        claimed: &[("x-forwarded-for", "2001:db8::2")],
        seen: &[
            "x-forwarded-for: 2001:db8::1",
            "x-forwarded-host: Client.test:8080",
            "x-forwarded-proto: http",
            "x-real-ip: 2001:db8::1",
        ],
    },
    Claim {
        client: Some(("::ffff:203.0.113.7", Scheme::Http)),
        claimed: &[],
        seen: &[
            "x-forwarded-for: 203.0.113.7",
            "x-forwarded-host: Client.test:8080",
            "x-forwarded-proto: http",
            "x-real-ip: 203.0.113.7",
        ],
    },
    // What the client says of its connection goes, what the proxy knows is written nevertheless.
    Claim {
        client: Some(("203.0.113.7", Scheme::Http)),
        claimed: &[
            (
                "connection",
                "x-forwarded-for, x-forwarded-proto, x-real-ip",
            ),
            ("x-forwarded-for", "192.0.2.1"),
        ],
        seen: &[
            "x-forwarded-for: 203.0.113.7",
            "x-forwarded-host: Client.test:8080",
            "x-forwarded-proto: http",
            "x-real-ip: 203.0.113.7",
        ],
    },
    // Nobody knows the client, so nobody is believed.
    Claim {
        client: None,
        claimed: &[
            ("x-forwarded-for", "192.0.2.1"),
            ("x-forwarded-for", "192.0.2.2"),
            ("x-forwarded-host", "forged.test"),
            ("x-forwarded-proto", "https"),
            ("x-real-ip", "192.0.2.1"),
        ],
        seen: &[
            "x-forwarded-host: Client.test:8080",
            "x-forwarded-proto: http",
        ],
    },
    Claim {
        client: None,
        claimed: &[],
        seen: &[
            "x-forwarded-host: Client.test:8080",
            "x-forwarded-proto: http",
        ],
    },
];

#[tokio::test]
async fn the_origin_receives_the_client_address() {
    let edge = Edge::builder(&Authority::new()).plain_http().start().await;
    let proxy = plain(edge.address());
    for (index, claim) in CLAIMS.iter().enumerate() {
        let mut request = bare("Client.test:8080");
        for (name, value) in claim.claimed {
            let value = HeaderValue::from_static(value);
            request.headers_mut().append(*name, value);
        }
        if let Some((address, scheme)) = claim.client {
            let address: IpAddr = address.parse().unwrap();
            let client = ClientConnection::new(address, scheme);
            request.extensions_mut().insert(client);
        }
        call(&proxy, request).await;
        let seen = edge.wait_for_requests(index + 1).await;
        let mut lines = lines(&seen.headers);
        lines.retain(|line| !line.starts_with("host: ") && !line.starts_with("via: "));
        assert_eq!(lines, claim.seen, "row {index}");
    }
}

#[tokio::test]
async fn the_clients_scheme_is_that_of_its_connection_or_the_configured_one() {
    let edge = Edge::builder(&Authority::new()).plain_http().start().await;
    let https = ForwardedLayer::new().client_scheme(Scheme::Https);
    let proxy = plain(edge.address()).forwarded(https);
    let address = IpAddr::from([203, 0, 113, 7]);
    let table = [
        (None, "https"),
        (Some(ClientConnection::new(address, Scheme::Http)), "http"),
        (Some(ClientConnection::new(address, Scheme::Https)), "https"),
    ];
    for (index, (client, scheme)) in table.into_iter().enumerate() {
        let mut request = bare("client.test");
        if let Some(client) = client {
            request.extensions_mut().insert(client);
        }
        call(&proxy, request).await;
        let seen = edge.wait_for_requests(index + 1).await;
        assert_eq!(seen.header("x-forwarded-proto"), Some(scheme), "{client:?}");
    }
}

#[tokio::test]
async fn an_address_of_connect_info_is_used_where_no_client_connection_is() {
    use axum::extract::ConnectInfo;

    let edge = Edge::builder(&Authority::new()).plain_http().start().await;
    let proxy = plain(edge.address());
    let peer: SocketAddr = "[::ffff:203.0.113.7]:1234".parse().unwrap();
    let mut request = bare("client.test");
    request.extensions_mut().insert(ConnectInfo(peer));
    call(&proxy, request.clone()).await;
    let other = IpAddr::from([192, 0, 2, 1]);
    let client = ClientConnection::new(other, Scheme::Https);
    request.extensions_mut().insert(client);
    call(&proxy, request).await;

    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.header("x-real-ip"), Some("203.0.113.7"));
    let seen = edge.wait_for_requests(2).await;
    assert_eq!(seen.header("x-real-ip"), Some("192.0.2.1"));
}

#[tokio::test]
async fn the_forwarded_field_of_an_unknown_client_is_not_passed_on() {
    let edge = Edge::builder(&Authority::new()).plain_http().start().await;
    let mut request = bare("client.test");
    let claim = HeaderValue::from_static("for=192.0.2.1;proto=https");
    request.headers_mut().insert(header::FORWARDED, claim);
    call(&plain(edge.address()), request).await;
    let seen = edge.wait_for_requests(1).await;
    assert_eq!(seen.header("forwarded"), None);
}

#[tokio::test]
async fn the_origin_receives_the_host_of_the_layer() {
    let edge = Edge::builder(&Authority::new()).plain_http().start().await;
    let to = HostRewriteLayer::to("to.test:8080").unwrap();
    let by = HostRewriteLayer::from_fn(|_, client| format!("by.{client}").parse().unwrap());
    let table = [
        (plain(edge.address()), "origin.test"),
        (plain(edge.address()).host_rewrite(to), "to.test:8080"),
        (
            plain(edge.address()).host_rewrite(HostRewriteLayer::preserve()),
            "client.test:8443",
        ),
        (
            plain(edge.address()).host_rewrite(by),
            "by.client.test:8443",
        ),
    ];
    for (index, (proxy, host)) in table.into_iter().enumerate() {
        call(&proxy, bare("client.test:8443")).await;
        let seen = edge.wait_for_requests(index + 1).await;
        assert_eq!(seen.header("host"), Some(host));
        assert_eq!(seen.header("x-forwarded-host"), Some("client.test:8443"));
    }
}

const TARGETS: [&str; 14] = [
    "/",
    "/?",
    "/??",
    "/a%2Fb//c/?x=%zz&y=1;2|{}",
    "//double",
    "//evil.test/path",
    "/a/../b/./c",
    "/%00%0d%0A%FF%ff",
    "/a;b=c,d!e*f'g(h)",
    "/:80@x",
    "/http://other.test/",
    "/\"quoted\"[0]\\|",
    "/?q=http://other.test/?a#",
    "/~_-.+$&=",
];

#[tokio::test]
async fn path_and_query_pass_byte_for_byte() {
    let scenes = [
        Scene::plain(|edge| edge).await,
        Scene::over_tls("http/1.1", |edge| edge).await,
        Scene::over_tls("h2", |edge| edge).await,
    ];
    for (index, target) in TARGETS.iter().enumerate() {
        // A fragment is never sent by a client; `http` cuts it off.
        let sent = target.trim_end_matches('#');
        for scene in &scenes {
            let request =
                format!("GET {target} HTTP/1.1\r\nHost: client.test\r\nConnection: close\r\n\r\n");
            let answer = exchange_raw(&scene.site, request).await;
            assert!(
                answer.starts_with("HTTP/1.1 200 OK\r\n"),
                "{target} {answer}"
            );
            let seen = scene.edge.wait_for_requests(2 * index + 1).await;
            assert_eq!(seen.target, sent);
            let mut client = Client::Http2.to(&scene.site).await;
            let url = format!("http://client.test{sent}");
            client.get(&url).await.unwrap();
            let seen = scene.edge.wait_for_requests(2 * index + 2).await;
            assert_eq!(seen.target, sent, "HTTP/2");
        }
    }
}

#[tokio::test]
async fn odd_request_targets_become_what_the_origin_understands() {
    let scene = Scene::plain(|edge| edge).await;
    let table = [
        ("GET http://client.test/path?query", "/path?query"),
        ("GET http://client.test", "/"),
        ("GET http://client.test?query", "/?query"),
        ("OPTIONS *", "*"),
    ];
    for (index, (line, target)) in table.into_iter().enumerate() {
        let request = format!("{line} HTTP/1.1\r\nHost: client.test\r\nConnection: close\r\n\r\n");
        let answer = exchange_raw(&scene.site, request).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{line} {answer}");
        let seen = scene.edge.wait_for_requests(index + 1).await;
        assert_eq!(seen.target, target, "{line}");
        assert_eq!(seen.header("host"), Some(ORIGIN), "{line}");
    }
}

#[tokio::test]
async fn each_side_speaks_its_own_version() {
    for (alpn, spoken) in [("http/1.1", Version::HTTP_11), ("h2", Version::HTTP_2)] {
        let scene = Scene::over_tls(alpn, |edge| edge).await;
        for (client, version) in [
            (Client::Http1, Version::HTTP_11),
            (Client::Http2, Version::HTTP_2),
        ] {
            let before = scene.edge.requests().len();
            let response = client.sends(&scene.site, get("http://client.test/")).await;
            assert_eq!(response.status(), StatusCode::OK, "{client:?} {alpn}");
            assert_eq!(response.version(), version, "{client:?} {alpn}");
            let seen = scene.edge.wait_for_requests(before + 1).await;
            assert_eq!(seen.version, spoken, "{client:?} {alpn}");
            assert_eq!(seen.host(), Some(ORIGIN), "{client:?} {alpn}");
            // One place only: an edge may answer 400 to two.
            let field = seen.header("host").is_some();
            assert_eq!(field, seen.authority.is_none(), "{client:?} {alpn}");
        }
    }
}

#[tokio::test]
async fn an_http_1_0_client_needs_no_host_and_gets_an_http_1_0_answer() {
    let scene = Scene::plain(|edge| edge).await;
    let answer = exchange_raw(&scene.site, "GET / HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    let seen = scene.edge.wait_for_requests(1).await;
    assert_eq!(seen.version, Version::HTTP_11);
    assert_eq!(seen.header("host"), Some(ORIGIN));
    assert_eq!(seen.header("x-forwarded-host"), None);
}

#[tokio::test]
async fn a_get_without_body_is_sent_without_one() {
    for scene in [
        Scene::plain(|edge| edge).await,
        Scene::over_tls("h2", |edge| edge).await,
    ] {
        for client in [Client::Http1, Client::Http2] {
            let before = scene.edge.requests().len();
            client.sends(&scene.site, get("http://client.test/")).await;
            let seen = scene.edge.wait_for_requests(before + 1).await;
            let mut lines = own_lines(&seen);
            lines.retain(|line| line != "host: origin.test");
            assert_eq!(lines, Vec::<String>::new(), "{client:?}");
        }
    }
}

#[tokio::test]
async fn bodies_pass_with_the_framing_of_each_side() {
    let length = "content-length: 5";
    let chunked = "transfer-encoding: chunked";
    let posts = [
        ("Content-Length: 5\r\n\r\nhello", length),
        (
            "Connection: content-length\r\nContent-Length: 5\r\n\r\nhello",
            length,
        ),
        (
            "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            chunked,
        ),
    ];
    let scene = Scene::plain(|edge| edge).await;
    for (index, (post, framing)) in posts.iter().enumerate() {
        let request =
            format!("POST / HTTP/1.1\r\nHost: client.test\r\nConnection: close\r\n{post}");
        let answer = exchange_raw(&scene.site, request).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let seen = scene.edge.wait_for_requests(index + 1).await;
        assert_eq!(seen.body, "hello");
        let mut lines = own_lines(&seen);
        lines.retain(|line| line != "host: origin.test");
        assert_eq!(lines, [*framing]);
    }
    let request = Request::post("http://client.test/")
        .body(Bytes::from_static(b"hello"))
        .unwrap();
    Client::Http2.sends(&scene.site, request.clone()).await;
    let seen = scene.edge.wait_for_requests(posts.len() + 1).await;
    assert_eq!(
        (seen.body.as_ref(), seen.header("content-length")),
        (&b"hello"[..], Some("5"))
    );
    assert_eq!(seen.header("transfer-encoding"), None);

    let scene = Scene::over_tls("h2", |edge| edge).await;
    let answer = exchange_raw(
        &scene.site,
        "POST / HTTP/1.1\r\nHost: client.test\r\nConnection: close\r\n\
         Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let seen = scene.edge.wait_for_requests(1).await;
    assert_eq!(seen.body, "hello");
    assert_eq!(own_lines(&seen), Vec::<String>::new());
}

#[tokio::test]
async fn a_request_with_two_framings_is_passed_on_with_one() {
    // RFC 9112 section 6.3: whoever forwards the message "MUST first remove the received Content-Length field".
    let framings = [
        "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 300\r\nTransfer-Encoding: chunked\r\n",
    ];
    for framing in framings {
        let scene = Scene::plain(|edge| edge).await;
        let request = format!(
            "POST / HTTP/1.1\r\nHost: client.test\r\nConnection: close\r\n{framing}\r\n\
             5\r\nhello\r\n0\r\n\r\n"
        );
        let answer = exchange_raw(&scene.site, request).await;
        if answer.starts_with("HTTP/1.1 400 ") {
            continue;
        }
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\n"),
            "{framing}: {answer}"
        );
        let seen = scene.edge.wait_for_requests(1).await;
        assert_eq!(seen.body, "hello", "{framing}");
        assert_eq!(seen.header("content-length"), None, "{framing}");
    }
}

// Once the length was passed on without the chunks that it contradicts, and cuts the body short without a word.
#[tokio::test]
async fn an_answer_with_two_framings_is_passed_on_with_one() {
    let answers = [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n\
         5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
         5\r\nhello\r\n0\r\n\r\n",
    ];
    for answer in answers {
        let site = site(plain(raw_origin(answer).await)).await;
        for client in [Client::Http1, Client::Http2] {
            let mut visits = client.to(&site).await;
            match visits.get("http://client.test/").await {
                Ok(response) if response.status() == StatusCode::BAD_GATEWAY => {}
                Ok(response) => assert_eq!(response.body(), "hello", "{client:?} {answer}"),
                Err(error) => panic!("{client:?} {answer}: {error}"),
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_waits_for_100_receives_it() {
    let scene = Scene::plain(|edge| edge).await;
    let mut stream = TcpStream::connect(scene.site.address()).await.unwrap();
    let head = "POST / HTTP/1.1\r\nHost: client.test\r\nConnection: close\r\n\
                Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"hello").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let seen = scene.edge.wait_for_requests(1).await;
    assert_eq!(seen.body, "hello");
}

#[tokio::test]
async fn a_length_of_zero_passes() {
    let scene = Scene::plain(|edge| edge).await;
    let request = Request::post("http://client.test/").header(header::CONTENT_LENGTH, 0);
    let request = request.body(Bytes::new()).unwrap();
    Client::Http1.sends(&scene.site, request).await;
    let seen = scene.edge.wait_for_requests(1).await;
    assert_eq!(seen.header("content-length"), Some("0"));
    assert_eq!(seen.header("transfer-encoding"), None);
}

// RFC 9113 section 8.2.3: cookies that were split in HTTP/2 MUST be joined before HTTP/1.1 sees them.
#[tokio::test]
async fn split_cookies_of_http_2_are_joined_for_an_http_1_origin() {
    let scene = Scene::plain(|edge| edge).await;
    let request = Request::get("http://client.test/")
        .header(header::COOKIE, "a=1")
        .header(header::COOKIE, "b=2")
        .body(Bytes::new())
        .unwrap();
    Client::Http2.sends(&scene.site, request).await;
    let seen = scene.edge.wait_for_requests(1).await;
    assert_eq!(own_lines(&seen), ["cookie: a=1; b=2", "host: origin.test"]);
}

#[tokio::test]
async fn answers_without_body_keep_their_length() {
    // What the origin answers and how much of a body the client may expect of it.
    let table = [
        (
            "HEAD",
            "HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n",
            Some("1234"),
        ),
        (
            "HEAD",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            None,
        ),
        (
            "HEAD",
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 1234\r\n\r\n",
            Some("1234"),
        ),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", None),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
            None,
        ),
    ];
    for (method, answer, length) in table {
        let site = site(plain(raw_origin(answer).await)).await;
        for client in [Client::Http1, Client::Http2] {
            let request = Request::builder().method(method).uri("http://client.test/");
            let response = client
                .sends(&site, request.body(Bytes::new()).unwrap())
                .await;
            let status = answer.split(' ').nth(1).unwrap();
            assert_eq!(response.status().as_str(), status, "{client:?} {answer}");
            assert_eq!(response.body(), "", "{client:?} {answer}");
            let found = response.headers().get(header::CONTENT_LENGTH);
            let found = found.map(|length| length.to_str().unwrap());
            assert_eq!(found, length, "{client:?} {method} {answer}");
            assert!(!response.headers().contains_key(header::TRANSFER_ENCODING));
        }
    }
}

#[tokio::test]
async fn a_304_keeps_the_length_of_what_was_not_modified() {
    let answer = "HTTP/1.1 304 Not Modified\r\nContent-Length: 1234\r\n\r\n";
    let proxy = plain(raw_origin(answer).await);
    // Without a server, for hyper's takes the field away.
    let response = call(&proxy, bare("client.test")).await;
    assert_eq!(response.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(response.headers()[header::CONTENT_LENGTH], "1234");
    assert_eq!(text(response).await, "");
}

#[tokio::test]
async fn informational_answers_are_not_the_answer() {
    let answer = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
                  HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let site = site(plain(raw_origin(answer).await)).await;
    let response = Client::Http1.sends(&site, get("http://client.test/")).await;
    assert_eq!(
        (response.status(), response.body().as_str()),
        (StatusCode::OK, "ok")
    );
    assert_eq!(response.headers().get(header::LINK), None);
}

/// An origin that answers every request with these bytes, then ends the stream.
async fn raw_origin(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer_and_close(stream, answer));
        }
    });
    address
}

async fn answer_and_close(mut stream: TcpStream, answer: &str) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_gone) => return,
        }
    }
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    // A close with unread bytes would be a reset.
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

#[tokio::test]
async fn an_unrequested_switch_of_protocols_is_502() {
    let answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    let proxy = plain(raw_origin(answer).await);
    let response = call(&proxy, bare("client.test")).await;
    assert_answer(&response, StatusCode::BAD_GATEWAY, "http_protocol_error");
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.kind(), ErrorKind::HttpProtocol);
    assert_eq!(error.facts().origin().unwrap().host().as_str(), ORIGIN);

    let answer = exchange_raw(
        &site(proxy).await,
        "GET / HTTP/1.1\r\nHost: client.test\r\nConnection: upgrade, close\r\nUpgrade: h2c\r\n\r\n",
    )
    .await;
    assert!(
        answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn what_is_not_http_is_502() {
    for answer in ["SSH-2.0-OpenSSH_9.6\r\n", "", "HTTP/1.1 200"] {
        let proxy = plain(raw_origin(answer).await);
        let response = call(&proxy, bare("client.test")).await;
        assert_eq!(response.status(), StatusCode::BAD_GATEWAY, "{answer:?}");
    }
}

#[track_caller]
fn assert_answer(response: &Response<ProxyBody>, status: StatusCode, error: &str) {
    assert_eq!(response.status(), status);
    let expected = format!("cdn-origin;error={error}");
    assert_eq!(response.headers()["proxy-status"], expected);
    assert_eq!(
        response.headers()["content-type"],
        "text/plain; charset=utf-8"
    );
    assert!(response.extensions().get::<Error>().is_some());
}

async fn text(response: Response<ProxyBody>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_failure_is_a_short_answer_with_the_error_in_its_extensions() {
    let refused = refused_address();
    let response = call(&plain(refused.address()), bare("client.test")).await;
    assert_answer(&response, StatusCode::BAD_GATEWAY, "connection_refused");
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert_eq!(error.facts().host().unwrap().as_str(), ORIGIN);
    assert_eq!(text(response).await, "502 Bad Gateway\n");

    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .unknown_sni(SniRefusal::Alert(112))
        .start()
        .await;
    let response = call(&over_tls(edge.address(), &authority), bare("client.test")).await;
    assert_answer(
        &response,
        StatusCode::BAD_GATEWAY,
        "tls_alert_received;alert-id=112;alert-message=\"unrecognized_name\"",
    );
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.facts().alert().unwrap().code(), 112);

    let edge = Edge::builder(&authority).serves(ORIGIN).start().await;
    let connector = connector("https://origin.test")
        .dial(edge.address().to_string())
        .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])));
    let proxy = OriginProxy::new(connector.build().unwrap());
    let response = call(&proxy, bare("client.test")).await;
    assert_answer(&response, StatusCode::BAD_GATEWAY, "tls_certificate_error");
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(
        error.kind(),
        ErrorKind::Certificate(CertificateProblem::PinMismatch)
    );
}

#[tokio::test]
async fn a_proxy_without_an_origin_answers_500_whatever_the_client_names() {
    let connector = CdnOriginConnector::any_origin()
        .tls_parameters(TlsParameters::default().crypto_provider(aws_lc_rs::default_provider()))
        .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])));
    let proxy = OriginProxy::new(connector.build().unwrap());
    let mut request = bare("client.test");
    *request.uri_mut() = "https://client.test/".parse().unwrap();
    let response = call(&proxy, request).await;
    assert_answer(
        &response,
        StatusCode::INTERNAL_SERVER_ERROR,
        "destination_not_found",
    );
}

/// The fields before the body, and nothing of what was sent.
#[track_caller]
fn assert_bad_request(answer: &str, sent: &str) {
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{sent}: {answer}"
    );
    assert!(!answer.contains("sekret"), "{sent}: {answer}");
}

#[tokio::test]
async fn a_request_without_one_usable_host_is_400() {
    let scene = Scene::plain(|edge| edge).await;
    let fields: [&[u8]; 14] = [
        b"",
        b"Host: sekret.test\r\nHost: sekret.test\r\n",
        b"Host: sekret.test\r\nHost: other.test\r\n",
        b"Host:\r\n",
        b"Host: sekret test\r\n",
        b"Host: sekret.test, other.test\r\n",
        b"Host: sekret@client.test\r\n",
        b"Host: sekret.test:0\r\n",
        b"Host: sekret.test:65536\r\n",
        b"Host: sekret.test:80:80\r\n",
        b"Host: sekret.test/path\r\n",
        b"Host: [sekret]\r\n",
        b"Host: sekret\xff.test\r\n",
        "Host: sekret\u{fc}.test\r\n".as_bytes(),
    ];
    for fields in fields {
        let sent = String::from_utf8_lossy(fields);
        let request = [b"GET / HTTP/1.1\r\nConnection: close\r\n", fields, b"\r\n"].concat();
        let answer = exchange_raw(&scene.site, request).await;
        assert_bad_request(&answer, &sent);
        assert!(
            answer.contains("proxy-status: cdn-origin;error=http_request_error\r\n"),
            "{sent}: {answer}"
        );
        assert!(
            answer.ends_with("\r\n\r\n400 Bad Request\n"),
            "{sent}: {answer}"
        );
    }
    assert_eq!(scene.edge.connections(), 0);
}

#[tokio::test]
async fn an_http_2_request_with_two_hosts_is_400() {
    let scene = Scene::plain(|edge| edge).await;
    for (host, status) in [("other.test", 400), ("CLIENT.test", 200)] {
        let request = Request::get("http://client.test/")
            .header(header::HOST, host)
            .body(Bytes::new())
            .unwrap();
        let response = Client::Http2.sends(&scene.site, request).await;
        assert_eq!(response.status(), status, "{host}");
    }
}

#[tokio::test]
async fn connect_and_trace_are_not_implemented() {
    let scene = Scene::plain(|edge| edge).await;
    for line in [
        "CONNECT client.test:443",
        "TRACE /",
        "TRACE http://client.test/",
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: client.test\r\nConnection: close\r\n\r\n");
        let answer = exchange_raw(&scene.site, request).await;
        assert!(
            answer.starts_with("HTTP/1.1 501 Not Implemented\r\n"),
            "{line}: {answer}"
        );
        assert!(
            answer.contains("proxy-status: cdn-origin;error=http_request_denied\r\n"),
            "{line}: {answer}"
        );
    }
    let request = Request::builder()
        .method(Method::TRACE)
        .uri("http://client.test/");
    let request = request.body(Bytes::new()).unwrap();
    let response = Client::Http2.sends(&scene.site, request).await;
    assert_eq!(response.status(), StatusCode::NOT_IMPLEMENTED);
    assert_eq!(scene.edge.connections(), 0);
}

#[tokio::test]
async fn a_truncated_body_is_never_a_whole_one_to_the_client() {
    for status in [StatusCode::OK, StatusCode::FORBIDDEN] {
        let respond = move |_| {
            let mut response = Response::new(Bytes::from_static(b"hello"));
            *response.status_mut() = status;
            response
        };
        let cut = |edge: EdgeBuilder| edge.respond(respond).behaviour(Behaviour::TruncateBody);
        for scene in [
            Scene::plain(cut).await,
            Scene::over_tls("http/1.1", cut).await,
            Scene::over_tls("h2", cut).await,
        ] {
            for client in [Client::Http1, Client::Http2] {
                let mut client = client.to(&scene.site).await;
                let response = client.get("http://client.test/").await;
                assert!(response.is_err(), "{status} {response:?}");
            }
        }
    }
}

#[tokio::test]
async fn truncated_chunks_are_not_ended_by_the_proxy() {
    let answers = [
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe",
        "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    ];
    for answer in answers {
        let site = site(plain(raw_origin(answer).await)).await;
        let seen = exchange_raw(
            &site,
            "GET / HTTP/1.1\r\nHost: client.test\r\nConnection: close\r\n\r\n",
        )
        .await;
        assert!(!seen.ends_with("0\r\n\r\n"), "{seen}");
        for client in [Client::Http1, Client::Http2] {
            let mut client = client.to(&site).await;
            assert!(client.get("http://client.test/").await.is_err(), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_body_that_ends_with_its_connection_is_whole() {
    let answer = "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nhello";
    let site = site(plain(raw_origin(answer).await)).await;
    for client in [Client::Http1, Client::Http2] {
        let response = client.sends(&site, get("http://client.test/")).await;
        assert_eq!(response.body(), "hello", "{client:?}");
    }
}

/// A body of one frame of data and one of trailers.
fn with_trailers(data: &'static str, name: &'static str) -> Channel<Bytes, Infallible> {
    let (mut sender, body) = Channel::new(2);
    let mut trailers = HeaderMap::new();
    trailers.insert(name, HeaderValue::from_static("1"));
    sender.try_send(Frame::data(Bytes::from(data))).unwrap();
    sender.try_send(Frame::trailers(trailers)).unwrap();
    body
}

/// An HTTP/2 origin that answers with trailers and tells those that it gets.
async fn trailing_origin(
    authority: &Authority,
) -> (SocketAddr, mpsc::UnboundedReceiver<HeaderMap>) {
    let certified = authority.issue(&[ORIGIN]);
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certified.chain, certified.key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (report, reports) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let stream = acceptor.accept(stream).await.unwrap();
        let service =
            service_fn(move |request: Request<Incoming>| answer_trailing(request, report.clone()));
        let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = server.serve_connection(TokioIo::new(stream), service).await;
    });
    (address, reports)
}

async fn answer_trailing(
    request: Request<Incoming>,
    report: mpsc::UnboundedSender<HeaderMap>,
) -> Result<Response<Channel<Bytes, Infallible>>, hyper::Error> {
    let status = match request.uri().path() {
        "/forbidden" => StatusCode::FORBIDDEN,
        _ => StatusCode::OK,
    };
    let body = request.into_body().collect().await?;
    report
        .send(body.trailers().cloned().unwrap_or_default())
        .unwrap();
    let mut response = Response::new(with_trailers("hello", "x-from-origin"));
    *response.status_mut() = status;
    Ok(response)
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let authority = Authority::new();
    let (address, mut reports) = trailing_origin(&authority).await;
    let site = site(over_tls(address, &authority)).await;
    let stream = TcpStream::connect(site.address()).await.unwrap();
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    // The start of a 403 is read ahead, and its trailers with it.
    for path in ["/", "/forbidden"] {
        let request = Request::post(format!("http://client.test{path}"))
            .body(with_trailers("hello", "x-from-client"))
            .unwrap();
        let response = client.send_request(request).await.unwrap();
        let body = response.into_body().collect().await.unwrap();
        let trailers = body.trailers().map(lines);
        assert_eq!(
            trailers,
            Some(vec![String::from("x-from-origin: 1")]),
            "{path}"
        );
        assert_eq!(body.to_bytes(), "hello");
        let trailers = reports.recv().await.map(|trailers| lines(&trailers));
        assert_eq!(
            trailers,
            Some(vec![String::from("x-from-client: 1")]),
            "{path}"
        );
    }
}
