//! Requests that no origin serves: each has a record, and a refusal of the origin has a report.

use std::{convert::Infallible, io};

use bytes::Bytes;
use cdn_origin::{
    CdnOriginConnector, Error, ErrorKind, OriginProxy,
    access_log::AccessLogLayer,
    diagnosis::{CauseId, Diagnosis},
    error::RequestProblem,
    group::OriginGroup,
    observe::{ExchangeCollector, ExchangeOutcome},
    proxy::Limits,
    tenants::{Tenant, VirtualHosts},
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Channel, Empty, Full};
use serde_json::Value;
use tower::{Layer, ServiceExt};

use super::{Seen, layers::Lines, request, send};
use crate::{
    failing::to,
    support::{Authority, Edge, HostMismatch},
};

const UNKNOWN: ErrorKind = ErrorKind::Request(RequestProblem::HostUnknown);

fn get(host: &str) -> Request<Empty<Bytes>> {
    let request = Request::get("/page").header("host", host);
    request.body(Empty::new()).unwrap()
}

fn hosts(connector: &CdnOriginConnector) -> VirtualHosts {
    let hosts = VirtualHosts::new(OriginProxy::new(connector.clone()));
    let tenant = Tenant::new("http://one.example");
    hosts.insert("shop.test", tenant).unwrap();
    hosts
}

fn any_origin() -> CdnOriginConnector {
    CdnOriginConnector::any_origin().build().unwrap()
}

#[tokio::test]
async fn a_request_for_an_unknown_host_reaches_the_observers_of_the_template() {
    let seen = Seen::default();
    let hosts = hosts(&any_origin().with_observer(seen.clone()));
    let Ok(response) = hosts.oneshot(get("other.test")).await;
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    let exchange = seen.take_only();
    assert_eq!(exchange.outcome(), Some(ExchangeOutcome::Refused));
    assert_eq!(exchange.status(), Some(StatusCode::MISDIRECTED_REQUEST));
    assert_eq!(exchange.error().map(Error::kind), Some(UNKNOWN));
    assert_eq!(exchange.cause(), Some(CauseId::UnknownHost));
    assert!(exchange.origin().is_none());
    let report = exchange.report().unwrap().to_string();
    assert!(report.contains("VirtualHosts::insert(..)"), "{report}");
    assert!(!report.contains("other.test"), "{report}");
}

#[tokio::test]
async fn a_request_for_an_unknown_host_is_in_the_access_log_with_its_reason() {
    let lines = Lines::default();
    let layer = AccessLogLayer::json(lines.sink());
    let service = layer.layer(hosts(&any_origin()));
    let Ok(response) = service.oneshot(get("other.test")).await;
    drop(response.into_body().collect().await);
    let line: Value = serde_json::from_str(&lines.take()[0]).unwrap();
    assert_eq!(line["host"], "other.test");
    assert_eq!(line["status"], 421);
    assert_eq!(line["error"], "request_host_unknown");
}

#[cfg(feature = "metrics")]
#[tokio::test]
async fn unknown_hosts_are_counted_without_the_names_that_clients_chose() {
    use super::{metrics::recorder, prometheus::Scrape};
    use cdn_origin::metrics::MetricsObserver;

    let (recorder, handle) = recorder();
    let _guard = ::metrics::set_default_local_recorder(&recorder);
    let hosts = hosts(&any_origin().with_observer(MetricsObserver::new()));
    for number in 0..50 {
        let host = format!("peer-{number}.test");
        let Ok(response) = hosts.clone().oneshot(get(&host)).await;
        assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    }
    let text = handle.render();
    assert!(!text.contains("peer-"), "{text}");
    let labels = [
        ("server_address", "other"),
        ("error_type", "request_host_unknown"),
    ];
    let scrape = Scrape::parse(&text);
    let counted = scrape.sum("cdn_origin_requests_total", &labels);
    assert_eq!(counted, 50.0, "{text}");
    let labels = [
        ("server_address", "other"),
        ("cdn_origin_cause", "unknown_host"),
    ];
    let counted = scrape.sum("cdn_origin_causes_total", &labels);
    assert_eq!(counted, 50.0, "{text}");
}

/// The application may have sent the 403: an alert on counted causes must not depend on it.
#[cfg(feature = "metrics")]
#[tokio::test]
async fn a_cause_that_is_only_possible_is_in_the_record_and_not_counted() {
    use super::metrics::recorder;
    use cdn_origin::metrics::MetricsObserver;

    let (recorder, handle) = recorder();
    let _guard = ::metrics::set_default_local_recorder(&recorder);
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves("www.site.example");
    let edge = edge.respond(|_| {
        let response = Response::builder().status(StatusCode::FORBIDDEN);
        response.body("".into()).unwrap()
    });
    let edge = edge.start().await;
    let connector = to(&edge, &authority, "www.site.example").build().unwrap();
    let seen = Seen::default();
    let connector = connector.with_observer(MetricsObserver::new());
    let response = send(&seen.proxy(&connector), request(Method::GET)).await;
    drop(response.into_body().collect().await);
    assert_eq!(seen.take_only().cause(), Some(CauseId::HostNotServed));
    let text = handle.render();
    assert!(text.contains("cdn_origin_requests_total"), "{text}");
    assert!(!text.contains("cdn_origin_causes_total"), "{text}");
}

#[tokio::test]
async fn a_grpc_call_for_an_unknown_host_gets_a_grpc_status() {
    let call = Request::post("/service/Method")
        .header("host", "other.test")
        .header("content-type", "application/grpc")
        .body(Full::new(Bytes::from_static(b"call")))
        .unwrap();
    let Ok(response) = hosts(&any_origin()).oneshot(call).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.headers().contains_key("grpc-status"));
}

#[tokio::test]
async fn a_request_that_fails_while_it_is_buffered_is_recorded_once() {
    let seen = Seen::default();
    let connector = CdnOriginConnector::builder("http://origin.example");
    let proxy = seen.proxy(&connector.build().unwrap());
    let proxy = proxy.limits(Limits::default().buffer_requests(1024));
    let (sender, body) = Channel::<Bytes, io::Error>::new(1);
    sender.abort(io::ErrorKind::ConnectionReset.into());
    let request = Request::post("/").header("host", "client.test");
    let Ok(response) = proxy.oneshot(request.body(body).unwrap()).await;
    let exchange = seen.take_only();
    let kind = ErrorKind::Request(RequestProblem::BodyFailed);
    assert_eq!(exchange.error().map(Error::kind), Some(kind));
    assert_eq!(exchange.status(), Some(response.status()));
    assert!(exchange.origin().is_some());
}

#[tokio::test]
async fn a_request_to_a_group_without_members_is_recorded_and_names_the_call_that_adds_one() {
    let connector = CdnOriginConnector::builder("http://origin.example");
    let group = OriginGroup::builder().tier([connector.build().unwrap()]);
    let group = group.build().unwrap();
    let name = group.snapshot()[0].name.clone();
    assert!(group.set_weight(&name, 0));
    let collector = ExchangeCollector::default();
    let mut request = get("client.test");
    request.extensions_mut().insert(collector.clone());
    let Ok(response) = group.oneshot(request).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let exchanges = collector.exchanges();
    assert_eq!(exchanges.len(), 1);
    assert_eq!(exchanges[0].cause(), Some(CauseId::GroupEmpty));
    let report = exchanges[0].report().unwrap().to_string();
    assert!(report.contains("OriginGroup::set_weight(..)"), "{report}");
}

#[tokio::test]
async fn observers_of_members_get_the_records_of_a_group_that_has_none_left() {
    let seen = Seen::default();
    let connector = CdnOriginConnector::builder("http://origin.example");
    let connector = connector.build().unwrap().with_observer(seen.clone());
    let group = OriginGroup::builder().tier([connector]).build().unwrap();
    let name = group.snapshot()[0].name.clone();
    let leave: [&dyn Fn(); 2] = [&|| assert!(group.set_weight(&name, 0)), &|| {
        drop(group.replace(0, Vec::new()))
    }];
    for leave in leave {
        leave();
        let Ok(response) = group.clone().oneshot(get("client.test")).await;
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let exchange = seen.take_only();
        assert_eq!(exchange.outcome(), Some(ExchangeOutcome::Refused));
        assert_eq!(exchange.cause(), Some(CauseId::GroupEmpty));
    }
}

#[tokio::test]
async fn a_421_of_the_origin_has_a_report_with_the_four_names_and_the_fix() {
    let authority = Authority::new();
    let edge = Edge::builder(&authority).serves("www.site.example");
    let edge = edge.host_mismatch(HostMismatch::Misdirected421);
    let edge = edge.start().await;
    let seen = Seen::default();
    let connector = to(&edge, &authority, "www.site.example").host("wrong.example");
    let proxy = seen.proxy(&connector.build().unwrap());
    let response = send(&proxy, request(Method::GET)).await;
    assert_eq!(response.status(), StatusCode::MISDIRECTED_REQUEST);
    let diagnosis = response.extensions().get::<Diagnosis>().cloned();
    drop(response.into_body().collect().await);

    let exchange = seen.take_only();
    assert_eq!(exchange.outcome(), Some(ExchangeOutcome::Complete));
    assert_eq!(exchange.diagnosis(), diagnosis.as_ref());
    assert!(exchange.error().is_none());
    let report = exchange.report().unwrap().to_string();
    for part in [
        "answered 421 Misdirected Request",
        "  SNI        www.site.example",
        "  Host       wrong.example",
        "  fix: .host(\"www.site.example\")",
        "  presented  www.site.example",
    ] {
        assert!(report.contains(part), "no {part:?} in\n{report}");
    }
    assert!(report.lines().all(|line| line.len() <= 80), "{report}");
    assert!(!report.contains("secret"), "{report}");
}

#[tokio::test]
async fn a_success_and_an_unexplained_error_have_no_report() {
    let authority = Authority::new();
    for status in [StatusCode::OK, StatusCode::NOT_FOUND] {
        let edge = Edge::builder(&authority).serves("www.site.example");
        let edge = edge.respond(move |_| {
            let response = Response::builder().status(status);
            response.body("".into()).unwrap()
        });
        let edge = edge.start().await;
        let seen = Seen::default();
        let connector = to(&edge, &authority, "www.site.example").build().unwrap();
        let response = send(&seen.proxy(&connector), request(Method::GET)).await;
        drop(response.into_body().collect().await);
        let exchange = seen.take_only();
        assert!(exchange.report().is_none(), "{status}");
        assert!(exchange.diagnosis().is_none(), "{status}");
    }
}

/// The page of a site that serves the path of a gRPC service with status 200.
async fn site_instead_of_grpc(authority: &Authority) -> Edge {
    let page = |_| {
        let response = Response::builder().header("content-type", "text/html; charset=utf-8");
        response.body("<h1>Welcome</h1>".into()).unwrap()
    };
    let edge = Edge::builder(authority).serves("www.site.example");
    edge.respond(page).start().await
}

#[tokio::test]
async fn a_page_in_answer_to_a_grpc_call_is_diagnosed_although_it_is_a_success() {
    let authority = Authority::new();
    let edge = site_instead_of_grpc(&authority).await;
    let seen = Seen::default();
    let connector = to(&edge, &authority, "www.site.example").host("wrong.example");
    let proxy = seen.proxy(&connector.build().unwrap());
    let mut call = request(Method::POST);
    let kind = "application/grpc+proto".parse().unwrap();
    call.headers_mut().insert("content-type", kind);
    let response = send(&proxy, call).await;
    assert_eq!(
        response.headers()["content-type"],
        "text/html; charset=utf-8"
    );
    drop(response.into_body().collect().await);
    let exchange = seen.take_only();
    assert_eq!(exchange.cause(), Some(CauseId::GrpcNotServed));
    let report = exchange.report().unwrap().to_string();
    assert!(report.contains("text/html"), "{report}");
    assert!(report.contains(".host(\"www.site.example\")"), "{report}");

    // The same page in answer to another request is none of this.
    let response = send(&proxy, request(Method::POST)).await;
    assert!(response.extensions().get::<Diagnosis>().is_none());
}

#[cfg(feature = "tonic")]
#[tokio::test]
async fn a_tonic_call_fails_with_the_page_of_another_site_as_its_cause() {
    let authority = Authority::new();
    let edge = site_instead_of_grpc(&authority).await;
    let connector = to(&edge, &authority, "www.site.example").host("wrong.example");
    let channel = cdn_origin::adapt::tonic::channel(&connector.build().unwrap()).unwrap();
    let call = |kind| {
        let call = Request::post("/service/Method").header("content-type", kind);
        let call = call.body(tonic::body::Body::empty()).unwrap();
        channel.clone().oneshot(call)
    };
    let error = call("application/grpc").await.unwrap_err();
    let status = tonic::Status::from_error(error);
    let error = Error::find_in(&status).unwrap();
    assert_eq!(error.kind(), ErrorKind::RequestRefused);
    let likeliest = error.diagnosis().likeliest().unwrap().id();
    assert_eq!(likeliest, CauseId::GrpcNotServed);
    let report = error.report().to_string();
    assert!(report.contains("text/html"), "{report}");
    assert!(report.contains(".host(\"www.site.example\")"), "{report}");

    // The same page in answer to another request is none of this.
    assert_eq!(call("text/plain").await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn a_relative_uri_without_host_is_refused_with_the_way_to_give_one() {
    use cdn_origin::HostRewriteLayer;

    let inner = tower::service_fn(async |_: Request<()>| Ok::<_, Infallible>(()));
    let service = HostRewriteLayer::to("www.example.com")
        .unwrap()
        .layer(inner);
    let request = Request::get("/page").body(()).unwrap();
    let error = service.oneshot(request).await.unwrap_err();
    let error = Error::find_in(&*error).unwrap();
    assert!(error.to_string().contains("absolute URI"), "{error}");
    let report = error.report().to_string();
    assert!(
        report.contains("fix: give the request an absolute URI"),
        "{report}"
    );
}
