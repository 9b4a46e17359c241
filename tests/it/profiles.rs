//! The profile of the dialled edge changes defaults: each change on the wire, explicit settings
//! win, and one call turns all of it off.

use std::net::Ipv4Addr;

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, ForwardedLayer, OriginProxy,
    connector::CdnOriginBuilder,
    downstream::ClientConnection,
    error::{ErrorKind, RequestProblem},
    origin::Scheme,
    proxy::{Limits, ProxyBody},
    tls::{Roots, TlsParameters, VerifyPolicy, rustls::crypto::aws_lc_rs},
};
use http::{Request, Response, StatusCode, request};
use http_body_util::Full;
use tower::ServiceExt;

use crate::{
    support::{Authority, Edge},
    transports::to,
};

const CLOUDFRONT: &str = "http://d1234567890.cloudfront.net";
const CLOUDFLARE: &str = "http://shop.example.cdn.cloudflare.net";
const FRONT_DOOR: &str = "https://shop.azurefd.net";

/// A test edge that echoes, and a builder with the host name of a CDN that connects to it.
async fn echo_at(url: &str) -> (Edge, CdnOriginBuilder) {
    let edge = Edge::builder(&Authority::new()).plain_http().start().await;
    let builder = CdnOriginConnector::builder(url).transport(to(edge.address()));
    (edge, builder)
}

fn proxy(builder: CdnOriginBuilder) -> OriginProxy {
    OriginProxy::new(builder.build().unwrap())
}

async fn send(
    proxy: &OriginProxy,
    request: request::Builder,
    content: impl Into<Bytes>,
) -> Response<ProxyBody> {
    let client = ClientConnection::new(Ipv4Addr::new(203, 0, 113, 7), Scheme::Https);
    let request = request.header("host", "www.example.test").extension(client);
    let request = request.body(Full::new(content.into())).unwrap();
    let Ok(response) = proxy.clone().oneshot(request).await;
    response
}

#[track_caller]
fn assert_refused(response: &Response<ProxyBody>, kind: ErrorKind, status: StatusCode) {
    assert_eq!(response.status(), status);
    assert_eq!(
        response.headers()["proxy-status"],
        "cdn-origin;error=http_request_error"
    );
    let error: &Error = response.extensions().get().unwrap();
    assert_eq!(error.kind(), kind);
}

fn changes(builder: CdnOriginBuilder) -> Vec<String> {
    let connector = builder.build().unwrap();
    let profile = connector.profile().unwrap().to_string();
    let (profile, _source) = profile.split_once(" (source: ").unwrap();
    let (_, changes) = profile.split_once(": ").unwrap();
    changes.split("; ").map(str::to_owned).collect()
}

#[test]
fn a_profile_lists_every_change() {
    let of = |url: &str| changes(CdnOriginConnector::builder(url));
    assert_eq!(
        of(CLOUDFRONT),
        [
            "request heads of more than 20480 bytes are refused",
            "request targets of more than 8192 bytes are refused",
            "GET requests with content are refused",
        ]
    );
    assert_eq!(
        of(CLOUDFLARE),
        [
            "pooled connections are kept idle for 320s",
            "request targets of more than 16384 bytes are refused",
            "not passed on: cf-connecting-ip, cf-connecting-ipv6, cf-ipcountry, cf-pseudo-ipv4, \
             cf-ray, cf-client, cf-worker",
            "X-Forwarded-For has at most 100 bytes",
        ]
    );
    let front_door = [
        "secp256r1 is offered first for the key exchange",
        "request targets of more than 8192 bytes are refused",
    ];
    let trusted = VerifyPolicy::roots(Roots::pem(Authority::new().root_pem()));
    let builder = CdnOriginConnector::builder(FRONT_DOOR).verify(trusted);
    assert_eq!(changes(builder.clone()), front_door);
    let chosen = [
        builder
            .clone()
            .tls_parameters(TlsParameters::default().key_exchange_groups(["x25519"])),
        builder.tls_parameters(
            TlsParameters::default().crypto_provider(aws_lc_rs::default_provider()),
        ),
    ];
    for builder in chosen {
        assert_eq!(changes(builder), front_door[1..]);
    }
    // Without TLS, there is no key exchange.
    assert_eq!(of("http://shop.azurefd.net"), front_door[1..]);
}

#[tokio::test]
async fn a_get_with_content_is_refused_with_a_diagnosis_and_never_sent_without_it() {
    let (edge, builder) = echo_at(CLOUDFRONT).await;
    let strict = proxy(builder.clone());
    let response = send(&strict, Request::get("/"), "content").await;
    assert_refused(
        &response,
        ErrorKind::Request(RequestProblem::BodyNotAllowed),
        StatusCode::BAD_REQUEST,
    );
    let error: &Error = response.extensions().get().unwrap();
    let diagnosis = error.diagnosis().to_string();
    assert!(
        diagnosis.contains("send the GET without content"),
        "{diagnosis}"
    );
    assert_eq!(edge.requests().len(), 0);

    for (request, content) in [(Request::get("/"), ""), (Request::post("/"), "content")] {
        let response = send(&strict, request, content).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
    let lenient = proxy(builder.without_edge_profile());
    let response = send(&lenient, Request::get("/"), "content").await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(edge.wait_for_requests(3).await.body, "content");
}

#[tokio::test]
async fn a_head_is_refused_from_the_first_byte_above_the_limit() {
    const LIMIT: usize = 20_480;
    let (edge, builder) = echo_at(CLOUDFRONT).await;
    let strict = proxy(builder.clone());
    let filled = |bytes: usize| Request::get("/").header("x-fill", "f".repeat(bytes));

    let response = send(&strict, filled(1), "").await;
    assert_eq!(response.status(), StatusCode::OK);
    let seen = edge.wait_for_requests(1).await;
    let fields = seen.headers.iter();
    let fields: usize = fields
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    let free = LIMIT - ("GET / HTTP/1.1\r\n\r\n".len() + fields - 1);

    let response = send(&strict, filled(free), "").await;
    assert_eq!(response.status(), StatusCode::OK);
    let too_large = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
    let response = send(&strict, filled(free + 1), "").await;
    assert_refused(
        &response,
        ErrorKind::Request(RequestProblem::HeadTooLarge),
        too_large,
    );
    assert_eq!(edge.requests().len(), 2);

    for lenient in [
        strict.limits(Limits::default().max_request_head(100_000)),
        proxy(builder.without_edge_profile()),
    ] {
        let response = send(&lenient, filled(free + 1), "").await;
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn a_target_above_the_limit_of_the_edge_is_refused() {
    let (edge, builder) = echo_at(CLOUDFRONT).await;
    let strict = proxy(builder.clone());
    let long = |bytes: usize| Request::get(format!("/{}", "a".repeat(bytes - 1)));
    assert_eq!(send(&strict, long(8192), "").await.status(), StatusCode::OK);
    let response = send(&strict, long(8193), "").await;
    let too_long = StatusCode::URI_TOO_LONG;
    assert_refused(
        &response,
        ErrorKind::Request(RequestProblem::TargetTooLong),
        too_long,
    );
    let error: &Error = response.extensions().get().unwrap();
    let size = "8193 bytes, and the limit is 8192 of CloudFront";
    assert!(error.to_string().contains(size), "{error}");
    assert_eq!(
        response.headers()["proxy-status"],
        "cdn-origin;error=http_request_error"
    );
    // If both are too large, the error is about the target: with a shorter one the fields might
    // fit.
    let both = long(8193).header("x-fill", "f".repeat(20_480));
    assert_eq!(send(&strict, both, "").await.status(), too_long);
    let lenient = proxy(builder.without_edge_profile());
    assert_eq!(
        send(&lenient, long(8193), "").await.status(),
        StatusCode::OK
    );
    assert_eq!(edge.requests().len(), 2);
}

/// A request through many proxies, with fields that Cloudflare adds itself.
fn through_many_proxies() -> request::Builder {
    let chain = vec!["198.51.100.101"; 20].join(", ");
    Request::get("/")
        .header("x-forwarded-for", chain)
        .header("cf-connecting-ip", "192.0.2.1")
        .header("cf-ray", "230b030023ae2822-SJC")
        .header("cf-access-client-id", "a service")
        .header("cf-ew-via", "15")
        .header("cdn-loop", "cloudflare")
}

#[tokio::test]
async fn cloudflare_receives_a_short_chain_and_none_of_its_own_fields() {
    let (edge, builder) = echo_at(CLOUDFLARE).await;
    let appending = ForwardedLayer::new().append_unverified();
    let strict = proxy(builder.clone()).forwarded(appending.clone());
    send(&strict, through_many_proxies(), "").await;
    let seen = edge.wait_for_requests(1).await;
    let chain = seen.header("x-forwarded-for").unwrap();
    assert!(chain.ends_with("198.51.100.101, 203.0.113.7"), "{chain}");
    assert!(chain.len() <= 100, "{chain}");
    assert_eq!(seen.headers.get_all("x-forwarded-for").iter().count(), 1);
    assert_eq!(seen.header("cf-connecting-ip"), None);
    assert_eq!(seen.header("cf-ray"), None);
    // These authenticate a client and detect loops.
    assert_eq!(seen.header("cf-access-client-id"), Some("a service"));
    assert_eq!(seen.header("cf-ew-via"), Some("15"));
    assert_eq!(seen.header("cdn-loop"), Some("cloudflare"));

    let chosen = proxy(builder.clone()).forwarded(appending.clone().max_chain(1024));
    send(&chosen, through_many_proxies(), "").await;
    let seen = edge.wait_for_requests(2).await;
    assert!(seen.header("x-forwarded-for").unwrap().len() > 100);

    let lenient = proxy(builder.without_edge_profile()).forwarded(appending);
    send(&lenient, through_many_proxies(), "").await;
    let seen = edge.wait_for_requests(3).await;
    assert!(seen.header("x-forwarded-for").unwrap().len() > 100);
    assert_eq!(seen.header("cf-connecting-ip"), Some("192.0.2.1"));
}

#[tokio::test]
async fn front_door_is_offered_its_required_curve_first() {
    const SECP256R1: u16 = 23;
    let authority = Authority::new();
    let edge = Edge::builder(&authority)
        .serves("shop.azurefd.net")
        .start()
        .await;
    let builder = CdnOriginConnector::builder(FRONT_DOOR)
        .transport(to(edge.address()))
        .verify(VerifyPolicy::roots(Roots::pem(authority.root_pem())));
    let moved = builder.clone().build().unwrap();
    // A builder that dials another host does not keep the profile.
    let redialed = moved.to_builder().dial("shop.example.test:443");
    let others = [
        builder.clone().without_edge_profile(),
        builder.clone().tls_parameters(
            TlsParameters::default().crypto_provider(aws_lc_rs::default_provider()),
        ),
        redialed,
    ];
    let stream = moved.oneshot(http::Uri::default()).await.unwrap();
    let session = stream.info().facts().tls_session().unwrap();
    assert_eq!(session.group, Some("secp256r1"));
    for builder in others {
        let connector = builder.build().unwrap();
        connector.oneshot(http::Uri::default()).await.unwrap();
    }
    let hellos = edge.hellos();
    let groups = |index: usize| hellos[index].groups.clone();
    let usual = groups(1);
    assert_ne!(usual[0], SECP256R1);
    assert_eq!(groups(2), usual);
    assert_eq!(groups(3), usual);
    // Only the first group changes.
    assert_eq!(groups(0)[0], SECP256R1);
    let rest = usual.into_iter().filter(|group| *group != SECP256R1);
    assert_eq!(groups(0)[1..], rest.collect::<Vec<_>>());
}
