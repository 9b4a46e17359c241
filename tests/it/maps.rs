//! Path prefixes in both directions, error pages, and the fields that a proxy sets and removes.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind, HostRewriteLayer, OriginProxy, ResponseRewriteLayer,
    error::RequestProblem,
    observe::{ExchangeInfo, ExchangeOutcome, Observer},
    proxy::{Limits, ProxyBody, problem_details, remove_ambiguous_names, replace_content},
};
use futures_util::stream;
use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{
        CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_LOCATION, CONTENT_TYPE, LOCATION, SET_COOKIE,
    },
};
use http_body::Frame;
use http_body_util::{BodyExt, Empty, StreamBody};
use tower::ServiceExt;

use crate::support::{Authority, Edge, Refused, refused_address};

type Outgoing = Empty<Bytes>;

/// An origin on plain http that sends this response.
async fn origin(response: impl Fn() -> Response<Bytes> + Send + Sync + 'static) -> Edge {
    let edge = Edge::builder(&Authority::new()).plain_http();
    edge.respond(move |_| response()).start().await
}

fn proxy_to(address: SocketAddr) -> OriginProxy {
    let connector = CdnOriginConnector::builder("http://origin.test").dial(address.to_string());
    OriginProxy::new(connector.build().unwrap())
}

/// A proxy that serves the origin's `/v2` at `/shop`.
fn shop(edge: &Edge) -> OriginProxy {
    let (client, origin) = ("/shop".parse().unwrap(), "/v2".parse().unwrap());
    proxy_to(edge.address()).map_path(client, origin)
}

async fn send(proxy: &OriginProxy, request: Request<Outgoing>) -> Response<ProxyBody> {
    let Ok(response) = proxy.clone().oneshot(request).await;
    response
}

async fn get(proxy: &OriginProxy, target: &str) -> Response<ProxyBody> {
    let request = Request::get(target).header("host", "www.client.test:8080");
    send(proxy, request.body(Empty::new()).unwrap()).await
}

async fn text(response: Response<ProxyBody>) -> String {
    let content = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(content.to_vec()).unwrap()
}

/// A proxy to an address that refuses connections while the guard lives.
fn unreachable_origin() -> (Refused, OriginProxy) {
    let refused = refused_address();
    let proxy = proxy_to(refused.address());
    (refused, proxy)
}

#[tokio::test]
async fn a_mapped_path_reaches_the_origin_and_comes_back_in_redirects_and_cookies() {
    let edge = origin(|| {
        let response = Response::builder().status(302);
        let response = response.header(LOCATION, "http://origin.test/v2/login?next=/v2/cart");
        let response = response.header(CONTENT_LOCATION, "/v2/cart.en");
        let response = response.header(SET_COOKIE, "id=1; Path=/v2/; HttpOnly");
        let response = response.header(SET_COOKIE, "other=1; Path=/");
        response.body(Bytes::new()).unwrap()
    })
    .await;
    let response = get(&shop(&edge), "/shop/cart%2F?id=/shop/..").await;
    assert_eq!(
        edge.wait_for_requests(1).await.target,
        "/v2/cart%2F?id=/shop/.."
    );
    let fields = response.headers();
    assert_eq!(
        fields[LOCATION],
        "http://www.client.test:8080/shop/login?next=/v2/cart"
    );
    assert_eq!(fields[CONTENT_LOCATION], "/shop/cart.en");
    let cookies: Vec<_> = fields.get_all(SET_COOKIE).iter().collect();
    assert_eq!(cookies, ["id=1; Path=/shop/; HttpOnly", "other=1; Path=/"]);
}

#[tokio::test]
async fn a_path_without_the_prefix_passes_and_so_does_its_response() {
    let edge = origin(|| {
        let response = Response::builder().header(LOCATION, "/v2/login");
        response.body(Bytes::new()).unwrap()
    })
    .await;
    for target in ["/", "/shopping/../v2", "/%73hop/x", "//shop/x"] {
        let response = get(&shop(&edge), target).await;
        assert_eq!(response.headers()[LOCATION], "/v2/login", "{target}");
        assert_eq!(edge.requests().last().unwrap().target, target);
    }
}

#[tokio::test]
async fn the_asterisk_passes_and_an_absolute_target_is_mapped() {
    let edge = origin(|| Response::new(Bytes::new())).await;
    let root = proxy_to(edge.address()).map_path("/".parse().unwrap(), "/v2".parse().unwrap());
    let options = Request::builder().method(Method::OPTIONS).uri("*");
    let options = options.header("host", "www.client.test").body(Empty::new());
    assert_eq!(send(&root, options.unwrap()).await.status(), 200);
    assert_eq!(get(&root, "http://www.client.test/a?b").await.status(), 200);
    assert_eq!(get(&root, "http://www.client.test?b").await.status(), 200);
    let targets = edge.requests().into_iter().map(|request| request.target);
    assert!(targets.eq(["*", "/v2/a?b", "/v2/?b"]));
}

#[tokio::test]
async fn a_path_that_may_leave_its_prefix_is_refused_before_the_origin_gets_it() {
    let edge = origin(|| Response::new(Bytes::new())).await;
    for target in [
        "/shop/../admin",
        "/shop/%2e%2E/admin",
        "/shop/..%2fadmin",
        "/shop/..;/admin",
    ] {
        let response = get(&shop(&edge), target).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{target}");
        let error = response.extensions().get::<Error>().unwrap();
        assert_eq!(
            error.kind(),
            ErrorKind::Request(RequestProblem::PathAmbiguous)
        );
        assert!(!error.report().to_string().contains("admin"));
    }
    let root = proxy_to(edge.address()).map_path("/shop".parse().unwrap(), "/".parse().unwrap());
    assert_eq!(get(&root, "/shop//evil.example").await.status(), 400);
    assert!(edge.requests().is_empty());
}

#[tokio::test]
async fn a_redirect_to_https_at_the_same_path_stays_one() {
    let edge = origin(|| {
        let response = Response::builder().status(301);
        let response = response.header(LOCATION, "https://origin.test/v2/cart");
        response.body(Bytes::new()).unwrap()
    })
    .await;
    let response = get(&shop(&edge), "/shop/cart").await;
    assert_eq!(
        response.headers()[LOCATION],
        "https://www.client.test/shop/cart"
    );
}

#[tokio::test]
async fn without_response_rewriting_only_the_request_is_mapped() {
    let edge = origin(|| {
        let response = Response::builder().header(LOCATION, "/v2/login");
        response.body(Bytes::new()).unwrap()
    })
    .await;
    let proxy = shop(&edge).response_rewrite(ResponseRewriteLayer::off());
    let response = get(&proxy, "/shop/cart").await;
    assert_eq!(response.headers()[LOCATION], "/v2/login");
    assert_eq!(edge.requests()[0].target, "/v2/cart");
}

#[tokio::test]
async fn a_failure_becomes_problem_details_and_keeps_its_error() {
    let (_refused, proxy) = unreachable_origin();
    let proxy = proxy.map_response(problem_details);
    let response = get(&proxy, "/").await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    assert!(response.headers().contains_key("proxy-status"));
    let error = response.extensions().get::<Error>().unwrap();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let details: serde_json::Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(
        details,
        serde_json::json!({
            "type": "about:blank",
            "title": "Bad Gateway",
            "status": 502,
            "error": "connection_refused",
        })
    );
}

#[tokio::test]
async fn a_failed_head_gets_the_length_of_the_details_alone() {
    let (_refused, proxy) = unreachable_origin();
    let proxy = proxy.map_response(problem_details);
    let expected = text(get(&proxy, "/").await).await.len();
    let request = Request::head("/").header("host", "www.client.test");
    let response = send(&proxy, request.body(Empty::new()).unwrap()).await;
    assert_eq!(response.headers()[CONTENT_LENGTH], expected.to_string());
    assert_eq!(text(response).await, "");
}

#[tokio::test]
async fn a_failed_grpc_call_stays_one() {
    let (_refused, proxy) = unreachable_origin();
    let proxy = proxy.map_response(problem_details);
    let request = Request::post("/service/Method").header("host", "www.client.test");
    let request = request.header(CONTENT_TYPE, "application/grpc");
    let response = send(&proxy, request.body(Empty::new()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()["grpc-status"], "14");
    assert_eq!(response.headers()[CONTENT_TYPE], "application/grpc");
    assert_eq!(text(response).await, "");
}

#[tokio::test]
async fn an_error_response_of_the_origin_passes_problem_details() {
    let edge = origin(|| {
        let response = Response::builder().status(503);
        response.body(Bytes::from_static(b"maintenance")).unwrap()
    })
    .await;
    let proxy = proxy_to(edge.address()).map_response(problem_details);
    assert_eq!(text(get(&proxy, "/").await).await, "maintenance");
}

/// Keeps what was observed of the exchanges.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<ExchangeInfo>>>);

impl Observer for Seen {
    fn request_completed(&self, exchange: &ExchangeInfo) {
        self.0.lock().unwrap().push(exchange.clone());
    }
}

#[tokio::test]
async fn a_page_takes_the_place_of_the_origins_and_the_exchange_is_complete() {
    let edge = origin(|| {
        let response = Response::builder().status(503).header("retry-after", "7");
        let response = response.header(CONTENT_ENCODING, "br");
        response.body(Bytes::from(vec![b'x'; 300_000])).unwrap()
    })
    .await;
    let seen = Seen::default();
    let connector =
        CdnOriginConnector::builder("http://origin.test").dial(edge.address().to_string());
    let connector = connector.build().unwrap().with_observer(seen.clone());
    let proxy = OriginProxy::new(connector).map_response(|response| match response.status() {
        StatusCode::SERVICE_UNAVAILABLE => replace_content(
            response,
            HeaderValue::from_static("text/html"),
            "<p>Back soon",
        ),
        _ => response,
    });
    let response = get(&proxy, "/").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let fields = response.headers();
    assert_eq!(fields[CONTENT_TYPE], "text/html");
    assert_eq!(fields[CONTENT_LENGTH], "12");
    assert_eq!(fields["retry-after"], "7");
    assert!(!fields.contains_key(CONTENT_ENCODING));
    assert_eq!(text(response).await, "<p>Back soon");
    let seen = seen.0.lock().unwrap();
    let ends: Vec<_> = seen.iter().map(|seen| seen.outcome().unwrap()).collect();
    assert_eq!(ends, [ExchangeOutcome::Complete]);
}

#[tokio::test]
async fn hooks_run_in_their_order_and_cannot_lose_the_error() {
    let (_refused, proxy) = unreachable_origin();
    let proxy = proxy
        .map_response(|mut response| {
            response
                .headers_mut()
                .insert("x-order", HeaderValue::from_static("1"));
            response.extensions_mut().clear();
            response
        })
        .map_response(|mut response| {
            response
                .headers_mut()
                .append("x-order", HeaderValue::from_static("2"));
            response
        });
    let response = get(&proxy, "/").await;
    let order: Vec<_> = response.headers().get_all("x-order").iter().collect();
    assert_eq!(order, ["1", "2"]);
    assert!(response.extensions().get::<Error>().is_some());
}

#[tokio::test]
async fn names_that_applications_confuse_are_removed_on_demand() {
    let edge = origin(|| Response::new(Bytes::new())).await;
    let request = || {
        let request = Request::get("/").header("host", "www.client.test");
        let request = request
            .header("x_auth_user", "1")
            .header("x.auth.user", "1");
        let request = request.header("x-auth-user-2", "1");
        request.body(Empty::new()).unwrap()
    };
    let proxy = proxy_to(edge.address());
    send(&proxy, request()).await;
    send(&proxy.map_request(remove_ambiguous_names), request()).await;
    let requests = edge.requests();
    let names = ["x_auth_user", "x.auth.user", "x-auth-user-2"];
    let present = |at: usize| names.map(|name| requests[at].headers.contains_key(name));
    assert_eq!(present(0), [true, true, true]);
    assert_eq!(present(1), [false, false, true]);
}

#[tokio::test]
async fn the_name_of_the_clients_host_is_kept_without_port_case_and_dot() {
    let edge = origin(|| Response::new(Bytes::new())).await;
    let proxy = proxy_to(edge.address()).host_rewrite(HostRewriteLayer::preserve_name());
    for (host, expected) in [
        ("Shop.Client.TEST.:8080", "shop.client.test"),
        ("[2001:DB8::1]:8080", "[2001:db8::1]"),
        ("192.0.2.1", "192.0.2.1"),
        (".", "."),
    ] {
        let request = Request::get("/").header("host", host);
        send(&proxy, request.body(Empty::new()).unwrap()).await;
        assert_eq!(edge.requests().last().unwrap().host(), Some(expected));
    }
}

#[tokio::test]
async fn a_refusal_while_a_request_is_buffered_gets_its_details_too() {
    let edge = origin(|| Response::new(Bytes::new())).await;
    let limits = Limits::default().max_request_body(3).buffer_requests(1024);
    let proxy = proxy_to(edge.address()).limits(limits);
    let proxy = proxy.map_response(problem_details);
    let request = Request::post("/").header("host", "www.client.test");
    let body = StreamBody::new(stream::iter([Ok::<_, Infallible>(Frame::data(
        Bytes::from_static(b"four"),
    ))]));
    let Ok(response) = proxy.oneshot(request.body(body).unwrap()).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
    assert!(edge.requests().is_empty());
}
