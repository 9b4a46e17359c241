//! Names of the origin in responses become the client's; everything else passes.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use cdn_origin::downstream::ClientConnection;
use cdn_origin::forwarded::ForwardedLayer;
use cdn_origin::origin::Scheme;
use cdn_origin::response_rewrite::PathPrefix;
use cdn_origin::tls::rustls::crypto::aws_lc_rs;
use cdn_origin::{CdnOriginConnector, HostRewriteLayer, OriginProxy, ResponseRewriteLayer};
use cdn_origin::{connector::CdnOriginBuilder, tls::TlsParameters};
use http::header::{ALT_SVC, CONTENT_LOCATION, LOCATION, REFRESH, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{Authority, Edge};

/// The client of most tests requests `https://www.example.com`.
const CLIENT: &str = "www.example.com";

fn builder(url: &str) -> CdnOriginBuilder {
    CdnOriginConnector::builder(url)
        .tls_parameters(TlsParameters::default().crypto_provider(aws_lc_rs::default_provider()))
}

/// A layer of an origin with Host and URL `origin.example` that dials `edge.example:8443`.
fn layer() -> ResponseRewriteLayer {
    let pin = cdn_origin::SpkiPin::sha256([0; 32]);
    let connector = builder("https://origin.example")
        .dial("edge.example:8443")
        .verify(cdn_origin::VerifyPolicy::pinned(pin))
        .build()
        .unwrap();
    ResponseRewriteLayer::new().origin(connector.origin().unwrap())
}

/// A layer of an origin that speaks plain http.
fn plain_layer() -> ResponseRewriteLayer {
    let connector = builder("http://origin.example:8080").build().unwrap();
    ResponseRewriteLayer::new().origin(connector.origin().unwrap())
}

fn prefix(text: &str) -> PathPrefix {
    text.parse().unwrap()
}

/// The fields that the client receives of a response with these fields.
async fn rewritten(
    layer: &ResponseRewriteLayer,
    scheme: Scheme,
    host: Option<&str>,
    fields: HeaderMap,
) -> HeaderMap {
    let inner = service_fn(|_: Request<()>| {
        let mut response = Response::new(());
        *response.headers_mut() = fields.clone();
        async { Ok::<_, Infallible>(response) }
    });
    let mut request = Request::new(());
    if let Some(host) = host {
        let host = HeaderValue::from_str(host).unwrap();
        request.headers_mut().insert("host", host);
    }
    let client = ClientConnection::new(Ipv4Addr::LOCALHOST, scheme);
    request.extensions_mut().insert(client);
    let Ok(response) = layer.layer(inner).oneshot(request).await;
    response.into_parts().0.headers
}

/// One field of a response to `https://www.example.com`.
async fn one(layer: &ResponseRewriteLayer, name: HeaderName, value: &[u8]) -> Vec<u8> {
    by_scheme(layer, Scheme::Https, name, value).await
}

async fn by_scheme(
    layer: &ResponseRewriteLayer,
    scheme: Scheme,
    name: HeaderName,
    value: &[u8],
) -> Vec<u8> {
    let value = HeaderValue::from_bytes(value).unwrap();
    let fields = HeaderMap::from_iter([(name.clone(), value)]);
    let fields = rewritten(layer, scheme, Some(CLIENT), fields).await;
    fields[name].as_bytes().to_vec()
}

#[track_caller]
fn assert_text(found: &[u8], expected: &str, of: &str) {
    assert_eq!(String::from_utf8_lossy(found), expected, "{of}");
}

#[tokio::test]
async fn urls_at_the_origin_become_urls_at_the_client_host() {
    let table = [
        (
            "https://origin.example/a?b=c#d",
            "https://www.example.com/a?b=c#d",
        ),
        ("https://ORIGIN.example", "https://www.example.com"),
        ("HTTPS://origin.example:443/", "https://www.example.com/"),
        ("https://origin.example:/", "https://www.example.com/"),
        // The dialled port.
        ("https://origin.example:8443/", "https://www.example.com/"),
        // An origin that does not know the scheme of its clients.
        ("http://origin.example/", "https://www.example.com/"),
        ("http://origin.example:80/", "https://www.example.com/"),
        (
            "https://origin.example?q=https://origin.example/",
            "https://www.example.com?q=https://origin.example/",
        ),
        ("https://edge.example:8443/", "https://www.example.com/"),
        ("//origin.example/a", "//www.example.com/a"),
        (
            "https://origin.example//double//",
            "https://www.example.com//double//",
        ),
        (
            "https://origin.example/\u{fc}",
            "https://www.example.com/\u{fc}",
        ),
    ];
    for (url, expected) in table {
        for name in [LOCATION, CONTENT_LOCATION] {
            assert_text(&one(&layer(), name, url.as_bytes()).await, expected, url);
        }
    }
}

const UNTOUCHED: [&[u8]; 24] = [
    b"",
    b"/",
    b"/login?next=https://origin.example/",
    b"login",
    b"?q",
    b"#f",
    b"../a",
    b"https://other.example/",
    b"https://origin.example.evil.example/",
    b"https://sub.origin.example/",
    b"https://notorigin.example/",
    b"https://origin.example:8444/",
    b"https://edge.example/",
    b"https://user@origin.example/",
    b"https://origin.example@evil.example/",
    b"https://origin.example\\@evil.example/",
    b"https://origin.example:x/",
    b"https://",
    b"https:origin.example",
    b"https:/origin.example/",
    b"ftp://origin.example/",
    b" https://origin.example/",
    b"https://origin.example/\xff",
    b"https://[::1/",
];

#[tokio::test]
async fn everything_else_passes_byte_for_byte() {
    for url in UNTOUCHED {
        for name in [LOCATION, CONTENT_LOCATION] {
            let found = one(&layer(), name, url).await;
            assert_text(&found, &String::from_utf8_lossy(url), "url");
        }
    }
    let others = [
        "link",
        "x-location",
        "origin",
        "access-control-allow-origin",
        "content-security-policy",
    ];
    for name in others {
        let url = "https://origin.example/";
        let found = one(&layer(), HeaderName::from_static(name), url.as_bytes()).await;
        assert_text(&found, url, name);
    }
}

#[tokio::test]
async fn a_redirect_to_https_is_not_rewritten_into_a_loop() {
    let secure = "https://www.example.com/";
    // The client's own name, whatever Host was sent.
    let named = layer().name(CLIENT.parse().unwrap());
    for layer in [layer(), named] {
        let found = by_scheme(&layer, Scheme::Http, LOCATION, secure.as_bytes()).await;
        assert_text(&found, secure, "the client's own name");
    }
    // The client requested `/` and is redirected to https.
    for (url, expected) in [
        ("https://origin.example", "https://www.example.com"),
        ("https://origin.example/#a", "https://www.example.com/#a"),
        ("https://origin.example/?a", "http://www.example.com/?a"),
        (
            "https://origin.example/other",
            "http://www.example.com/other",
        ),
        ("http://origin.example/", "http://www.example.com/"),
    ] {
        let found = by_scheme(&layer(), Scheme::Http, LOCATION, url.as_bytes()).await;
        assert_text(&found, expected, url);
    }
    // An origin without TLS knows that clients reach it over TLS.
    let layer = plain_layer().name("origin.example".parse().unwrap());
    for (url, expected) in [
        ("https://origin.example/", "https://www.example.com/"),
        ("http://origin.example:8080/", "http://www.example.com/"),
    ] {
        let found = by_scheme(&layer, Scheme::Http, LOCATION, url.as_bytes()).await;
        assert_text(&found, expected, url);
    }
}

#[tokio::test]
async fn the_clients_port_is_kept() {
    let fields = HeaderMap::from_iter([(
        LOCATION,
        HeaderValue::from_static("https://origin.example/a"),
    )]);
    for (host, expected) in [
        ("localhost:3000", Some("http://localhost:3000/a")),
        ("[2001:db8::1]:81", Some("http://[2001:db8::1]:81/a")),
        ("bad host", None),
    ] {
        let found = rewritten(&layer(), Scheme::Http, Some(host), fields.clone()).await;
        let expected = expected.unwrap_or("https://origin.example/a");
        assert_text(found[LOCATION].as_bytes(), expected, host);
    }
    let found = rewritten(&layer(), Scheme::Http, None, fields).await;
    assert_text(
        found[LOCATION].as_bytes(),
        "https://origin.example/a",
        "no host",
    );
}

#[tokio::test]
async fn refresh_is_rewritten_in_every_syntax_that_browsers_accept() {
    let table = [
        (
            "5; url=https://origin.example/a",
            "5; url=https://www.example.com/a",
        ),
        (
            "0;URL = 'https://origin.example/a' x",
            "0;URL = 'https://www.example.com/a' x",
        ),
        (
            "0,url=\"https://origin.example/a\"",
            "0,url=\"https://www.example.com/a\"",
        ),
        (
            "0; https://origin.example/a ",
            "0; https://www.example.com/a ",
        ),
        (
            "5 url=https://origin.example/a;b",
            "5 url=https://www.example.com/a;b",
        ),
        (
            "5\thttps://origin.example/a,b",
            "5\thttps://www.example.com/a,b",
        ),
        (
            " .5 ; url=https://origin.example/a",
            " .5 ; url=https://www.example.com/a",
        ),
        ("5", "5"),
        ("5;", "5;"),
        ("5; url", "5; url"),
        ("5; url=", "5; url="),
        ("5; url='", "5; url='"),
        ("5; url=/relative", "5; url=/relative"),
        (
            "5; url=https://other.example/",
            "5; url=https://other.example/",
        ),
    ];
    for (value, expected) in table {
        assert_text(
            &one(&layer(), REFRESH, value.as_bytes()).await,
            expected,
            value,
        );
    }
}

#[tokio::test]
async fn a_cookie_for_the_origins_domain_becomes_one_for_the_clients_host() {
    let table = [
        ("a=b; Domain=origin.example; Path=/", "a=b; Path=/"),
        ("a=b;domain = .ORIGIN.example ;  HttpOnly", "a=b;  HttpOnly"),
        ("a=b; DOMAIN=edge.example", "a=b"),
        (
            "a=b; Domain=origin.example; Domain=edge.example; Secure",
            "a=b; Secure",
        ),
        (
            "a=domain=origin.example; Domain=origin.example",
            "a=domain=origin.example",
        ),
    ];
    for (cookie, expected) in table {
        assert_text(
            &one(&layer(), SET_COOKIE, cookie.as_bytes()).await,
            expected,
            cookie,
        );
    }
    let parent = layer().name("www.shop.origin.test".parse().unwrap());
    let cookie = "a=b; Domain=origin.test; Secure";
    assert_text(
        &one(&parent, SET_COOKIE, cookie.as_bytes()).await,
        "a=b; Secure",
        cookie,
    );
}

#[tokio::test]
async fn other_cookies_pass_byte_for_byte() {
    let cookies: [&[u8]; 14] = [
        b"",
        b";",
        b"a",
        b"a=b",
        b"a=b;;  ;Expires=Wed, 09 Jun 2027 10:18:14 GMT ; SameSite=None;Secure; Partitioned",
        b"a=\"Domain=origin.example\"; Path=/app",
        b"a=b; Domain=other.example",
        b"a=b; Domain=notorigin.example",
        b"a=b; Domain=sub.origin.example",
        // It covers the client's host too.
        b"a=b; Domain=www.example.com",
        b"a=b; Domain=.example.com",
        // A registry is not the domain of a host.
        b"a=b; Domain=example",
        b"a=b; Domain; Domain=; Domain=.",
        b"a=\xff\xfe; x=\x80",
    ];
    for cookie in cookies {
        let found = one(&layer(), SET_COOKIE, cookie).await;
        assert_eq!(found, cookie, "{}", String::from_utf8_lossy(cookie));
    }
    let odd = one(
        &layer(),
        SET_COOKIE,
        b"a=\xff; Domain=origin.example; x=\x80",
    )
    .await;
    assert_eq!(odd, b"a=\xff; x=\x80");
}

#[tokio::test]
async fn a_cookie_with_the_host_prefix_is_never_rewritten() {
    let layer = layer()
        .map_path(prefix("/shop"), prefix("/"))
        .dangerously_drop_secure_over_http();
    for cookie in [
        "__Host-a=b; Secure; Path=/",
        "__host-a=b; Secure; Path=/; Domain=origin.example",
    ] {
        let found = by_scheme(&layer, Scheme::Http, SET_COOKIE, cookie.as_bytes()).await;
        assert_text(&found, cookie, cookie);
    }
}

#[tokio::test]
async fn secure_is_dropped_only_if_configured_and_for_clients_on_http() {
    let fenced = layer().dangerously_drop_secure_over_http();
    let cookie = "a=b; Secure; secure ; Path=/; Secured";
    for (layer, scheme, expected) in [
        (layer(), Scheme::Http, cookie),
        (layer(), Scheme::Https, cookie),
        (fenced.clone(), Scheme::Https, cookie),
        (fenced.clone(), Scheme::Http, "a=b; Path=/; Secured"),
    ] {
        let found = by_scheme(&layer, scheme, SET_COOKIE, cookie.as_bytes()).await;
        assert_text(&found, expected, scheme.as_str());
    }
    let cookie = "__Secure-a=b; Secure; Domain=origin.example";
    let found = by_scheme(&fenced, Scheme::Http, SET_COOKIE, cookie.as_bytes()).await;
    assert_text(&found, "__Secure-a=b; Secure", cookie);
}

#[tokio::test]
async fn an_empty_path_after_an_authority_is_the_root() {
    let layer = layer().map_path(prefix("/shop"), prefix("/"));
    for (rest, expected) in [
        ("", "/shop/"),
        ("?a", "/shop/?a"),
        ("#a", "/shop/#a"),
        ("/a", "/shop/a"),
    ] {
        let location = format!("https://origin.example{rest}");
        let expected = format!("https://www.example.com{expected}");
        assert_text(
            &one(&layer, LOCATION, location.as_bytes()).await,
            &expected,
            rest,
        );
    }
}

#[tokio::test]
async fn paths_are_mapped_by_whole_segments() {
    let layer = layer()
        .map_path(prefix("/"), prefix("/app/"))
        .map_path(prefix("/new/"), prefix("/old"));
    let table = [
        ("/app", "/"),
        ("/app/", "/"),
        ("/app/login?x=/app/#/app/", "/login?x=/app/#/app/"),
        ("/application", "/application"),
        ("/old/a", "/new/a"),
        ("/older", "/older"),
        ("/other", "/other"),
        // A browser would read the next segment as a host.
        ("/app//evil.example", "/app//evil.example"),
        ("/app/\\evil.example", "/app/\\evil.example"),
        // Browsers remove tabs before they parse.
        ("/app/\t/evil.example", "/app/\t/evil.example"),
        ("/app\t//evil.example", "/app\t//evil.example"),
    ];
    for (path, expected) in table {
        assert_text(
            &one(&layer, LOCATION, path.as_bytes()).await,
            expected,
            path,
        );
        let own = format!("https://www.example.com{path}");
        let expected = format!("https://www.example.com{expected}");
        assert_text(
            &one(&layer, LOCATION, own.as_bytes()).await,
            &expected,
            &own,
        );
        let url = format!("https://origin.example{path}");
        assert_text(
            &one(&layer, LOCATION, url.as_bytes()).await,
            &expected,
            &url,
        );
    }
    let foreign = "https://other.example/app/";
    assert_text(
        &one(&layer, LOCATION, foreign.as_bytes()).await,
        foreign,
        foreign,
    );
    for (cookie, expected) in [
        ("a=b; Path=/app; Secure", "a=b; Path=/; Secure"),
        ("a=b; path= /app/x ;Secure", "a=b; path=/x;Secure"),
        ("a=b; Path=/application", "a=b; Path=/application"),
        ("a=b; Path", "a=b; Path"),
        ("a=b; Path=", "a=b; Path="),
    ] {
        assert_text(
            &one(&layer, SET_COOKIE, cookie.as_bytes()).await,
            expected,
            cookie,
        );
    }
}

#[test]
fn an_invalid_path_prefix_is_rejected() {
    let table = [
        ("", "a path prefix must start with `/`"),
        ("app/", "a path prefix must start with `/`"),
        ("//evil.example", "a path prefix must not start with `//`"),
        ("/a b", "the byte at 2 is not allowed in a path prefix"),
        ("/a?", "the byte at 2 is not allowed in a path prefix"),
        ("/;", "the byte at 1 is not allowed in a path prefix"),
        ("/\r\n", "the byte at 1 is not allowed in a path prefix"),
        ("/\u{fc}", "the byte at 1 is not allowed in a path prefix"),
    ];
    for (text, message) in table {
        let error = text.parse::<PathPrefix>().unwrap_err();
        assert_eq!(error.to_string(), message, "{text:?}");
    }
    assert_eq!(prefix("/app"), prefix("/app/"));
}

#[tokio::test]
async fn every_line_of_a_field_is_rewritten_and_alt_svc_removed() {
    let mut fields = HeaderMap::new();
    for cookie in [
        "a=1; Domain=origin.example",
        "b=2",
        "c=3; Domain=origin.example",
    ] {
        fields.append(SET_COOKIE, HeaderValue::from_static(cookie));
    }
    fields.append(ALT_SVC, HeaderValue::from_static("h3=\":443\""));
    fields.append(ALT_SVC, HeaderValue::from_static("h2=\"edge.example:443\""));
    let found = rewritten(&layer(), Scheme::Https, Some(CLIENT), fields.clone()).await;
    let cookies: Vec<_> = found.get_all(SET_COOKIE).iter().collect();
    assert_eq!(cookies, ["a=1", "b=2", "c=3"]);
    assert_eq!(found.get(ALT_SVC), None);

    let kept = layer().keep_alt_svc();
    let found = rewritten(&kept, Scheme::Https, Some(CLIENT), fields).await;
    assert_eq!(found.get_all(ALT_SVC).iter().count(), 2);
}

/// A test edge whose responses contain the received Host as the origin's name.
async fn edge() -> Edge {
    let answer = |request: Request<Bytes>| {
        let path = request.uri().path().trim_start_matches('/');
        Response::builder()
            .status(302)
            .header(LOCATION, format!("http://{path}/login"))
            .header(SET_COOKIE, format!("a=b; Domain={path}"))
            .header(ALT_SVC, "h3=\":443\"")
            .body(Bytes::from_static(b"http://origin.example/"))
            .unwrap()
    };
    let edge = Edge::builder(&Authority::new()).plain_http();
    edge.respond(answer).start().await
}

fn proxy(address: SocketAddr) -> OriginProxy {
    let builder = builder("http://origin.example").dial(address.to_string());
    OriginProxy::new(builder.build().unwrap())
}

async fn through(
    proxy: OriginProxy,
    path: &str,
    fields: &[(&'static str, &'static str)],
) -> HeaderMap {
    let mut request = Request::get(format!("/{path}"))
        .body(Full::<Bytes>::default())
        .unwrap();
    request
        .headers_mut()
        .insert("host", HeaderValue::from_static("www.example.com:81"));
    for (name, value) in fields {
        request
            .headers_mut()
            .insert(*name, HeaderValue::from_static(value));
    }
    let client = ClientConnection::new(Ipv4Addr::new(10, 0, 0, 1), Scheme::Http);
    request.extensions_mut().insert(client);
    let Ok(response) = proxy.oneshot(request).await;
    response.into_parts().0.headers
}

#[tokio::test]
async fn a_layer_that_is_off_rewrites_nothing_even_with_rules() {
    let connector = builder("http://origin.example:8080").build().unwrap();
    let layer = ResponseRewriteLayer::off()
        .origin(connector.origin().unwrap())
        .map_path(prefix("/sign-in"), prefix("/login"));
    let values = [
        (LOCATION, "http://origin.example:8080/login"),
        (CONTENT_LOCATION, "/login"),
        (REFRESH, "5; url=http://origin.example:8080/login"),
        (SET_COOKIE, "a=b; Domain=origin.example; Path=/login"),
        (ALT_SVC, "h3=\":443\""),
    ];
    let values = values.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let fields = HeaderMap::from_iter(values);
    let found = rewritten(&layer, Scheme::Http, Some(CLIENT), fields.clone()).await;
    assert_eq!(found, fields);
}

#[tokio::test]
async fn a_layer_of_cookies_only_rewrites_nothing_else() {
    let connector = builder("http://origin.example:8080").build().unwrap();
    let layer = ResponseRewriteLayer::cookies_only()
        .origin(connector.origin().unwrap())
        .map_path(prefix("/sign-in"), prefix("/login"));
    let values = [
        (LOCATION, "http://origin.example:8080/login"),
        (CONTENT_LOCATION, "/login"),
        (REFRESH, "5; url=http://origin.example:8080/login"),
        (ALT_SVC, "h3=\":443\""),
    ];
    let values = values.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let mut fields = HeaderMap::from_iter(values);
    let cookie = HeaderValue::from_static("a=b; Domain=origin.example; Path=/login");
    let mut expected = fields.clone();
    fields.insert(SET_COOKIE, cookie);
    expected.insert(SET_COOKIE, HeaderValue::from_static("a=b; Path=/sign-in"));
    let found = rewritten(&layer, Scheme::Http, Some(CLIENT), fields).await;
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_proxy_rewrites_responses_of_its_origin() {
    let edge = edge().await;
    let found = through(proxy(edge.address()), "origin.example", &[]).await;
    assert_eq!(found[LOCATION], "http://www.example.com:81/login");
    assert_eq!(found[SET_COOKIE], "a=b");
    assert_eq!(found.get(ALT_SVC), None);

    let kept = through(
        proxy(edge.address()).response_rewrite(ResponseRewriteLayer::off()),
        "origin.example",
        &[],
    )
    .await;
    assert_eq!(kept[LOCATION], "http://origin.example/login");
    assert_eq!(kept[SET_COOKIE], "a=b; Domain=origin.example");
    assert_eq!(kept[ALT_SVC], "h3=\":443\"");
}

#[tokio::test]
async fn the_host_that_was_sent_is_a_name_of_the_origin() {
    let edge = edge().await;
    let layer = HostRewriteLayer::to("sent.example").unwrap();
    let proxy = proxy(edge.address()).host_rewrite(layer);
    let found = through(proxy, "sent.example", &[]).await;
    assert_eq!(found[LOCATION], "http://www.example.com:81/login");
    assert_eq!(found[SET_COOKIE], "a=b");
}

#[tokio::test]
async fn a_configured_layer_of_a_proxy_knows_the_names_of_its_origin() {
    let edge = edge().await;
    let layer = ResponseRewriteLayer::new().map_path(prefix("/sign-in"), prefix("/login"));
    let proxy = proxy(edge.address()).response_rewrite(layer);
    let found = through(proxy, "origin.example", &[]).await;
    assert_eq!(found[LOCATION], "http://www.example.com:81/sign-in");
}

#[tokio::test]
async fn the_client_of_a_trusted_peer_is_the_forwarded_one() {
    let edge = edge().await;
    let claims = [
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "shop.example"),
    ];
    let balancer: std::net::IpAddr = Ipv4Addr::new(10, 0, 0, 1).into();
    let trusting = ForwardedLayer::new().trust([balancer]);
    let table = [
        // A balancer that does not set `X-Forwarded-Host` passes the client's value on.
        (trusting.clone(), "https://www.example.com:81/login"),
        (trusting.trust_host(), "https://shop.example/login"),
    ];
    for (layer, expected) in table {
        let proxy = proxy(edge.address()).forwarded(layer);
        let found = through(proxy, "origin.example", &claims).await;
        assert_eq!(found[LOCATION], expected);
    }
    let found = through(proxy(edge.address()), "origin.example", &claims).await;
    assert_eq!(found[LOCATION], "http://www.example.com:81/login");
}
