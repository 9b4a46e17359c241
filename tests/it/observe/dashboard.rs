//! The example: its scrape has what the dashboard queries, and its page escapes everything.

#[path = "../../../examples/observed/app.rs"]
mod app;
#[path = "../../../examples/observed/json_spans.rs"]
mod json_spans;
#[path = "../../../examples/observed/last_failures.rs"]
mod last_failures;
#[path = "../../../examples/observed/status_page.rs"]
mod status_page;

use std::collections::BTreeSet;

use axum::{Router, body::Body};
use cdn_origin::{CdnOriginConnector, group::OriginGroup, metrics::MetricsObserver};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;
use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt};

use super::{layers::Lines, prometheus::Scrape};
use crate::{
    closing_origin::{ClosingOrigin, End, Speaks},
    support::refused_address,
};

const DASHBOARD: &str = include_str!("../../../examples/grafana/cdn-origin.json");

async fn call(router: &Router, method: Method, path: &str) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path);
    let request = request.header("host", "client.test");
    let Ok(response) = router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await;
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// Every expression of the dashboard.
fn expressions() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels
        .iter()
        .flat_map(|it| it["targets"].as_array().unwrap());
    let expressions = targets.map(|it| it["expr"].as_str().unwrap().to_owned());
    expressions.collect()
}

/// The words of an expression, outside of quotes.
fn words(expression: &str) -> Vec<&str> {
    let unquoted = expression.split('"').step_by(2);
    let is_word = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '$';
    unquoted
        .flat_map(|part| part.split(move |char| !is_word(char)))
        .filter(|word| !word.is_empty())
        .collect()
}

#[tokio::test]
async fn every_query_of_the_dashboard_finds_its_metrics_and_labels() {
    let recorder = app::prometheus().unwrap().build_recorder();
    let _guard = metrics::set_default_local_recorder(&recorder);
    let lines = Lines::default();
    let origin = ClosingOrigin::start(Speaks::HttpsHttp1, End::ResetBySecondRequest);
    let connector = origin.connector();
    let router = app::router(&connector, recorder.handle(), lines.sink());
    for (method, expected) in [
        (Method::GET, StatusCode::OK),
        // Retried on a fresh connection, and the connection of that broken by the third.
        (Method::GET, StatusCode::OK),
        (Method::POST, StatusCode::BAD_GATEWAY),
        (Method::TRACE, StatusCode::NOT_IMPLEMENTED),
    ] {
        assert_eq!(call(&router, method, "/page").await.0, expected);
    }
    let refused = refused_address();
    let unreachable = CdnOriginConnector::builder(format!("http://{}", refused.address()));
    let unreachable = unreachable.build().unwrap();
    let other = app::router(&unreachable, recorder.handle(), |_| {});
    let (status, _) = call(&other, Method::GET, "/page").await;
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    let group = OriginGroup::builder().tier([connector.clone()]);
    MetricsObserver::new().sample_group(&group.build().unwrap());
    let (status, text) = call(&router, Method::GET, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    let scrape = Scrape::parse(&text);
    let names: BTreeSet<_> = scrape.samples.iter().map(|it| &*it.name).collect();
    let labels = |name: &str| -> BTreeSet<&str> {
        let samples = scrape.samples.iter().filter(|it| it.name == name);
        samples
            .flat_map(|it| it.labels.keys().map(|key| &**key))
            .collect()
    };
    const FUNCTIONS: [&str; 8] = [
        "sum",
        "by",
        "rate",
        "time",
        "histogram_quantile",
        "$__rate_interval",
        "0",
        "86400",
    ];
    for expression in expressions() {
        let words: Vec<_> = words(&expression);
        let found: Vec<_> = words.iter().filter(|word| names.contains(**word)).collect();
        assert!(!found.is_empty(), "no metric of the scrape: {expression}");
        let known: BTreeSet<_> = found.iter().flat_map(|name| labels(name)).collect();
        for word in &words {
            let is_number = word.parse::<u32>().is_ok();
            let is_known = names.contains(word) || known.contains(word);
            assert!(
                is_known || is_number || FUNCTIONS.contains(word),
                "{word} in {expression}"
            );
        }
    }

    assert_eq!(lines.take_json().len(), 4);

    let (_, page) = call(&router, Method::GET, "/status").await;
    assert!(page.contains("width=device-width"), "{page}");
    assert!(page.contains("<summary>0 s ago: POST 502"), "{page}");
    assert!(page.contains("&quot;") || page.contains("&gt;") || page.contains("&#39;"));
}

#[test]
fn a_span_that_closes_is_a_line_of_json_with_its_trace() {
    let spans = Lines::default();
    let subscriber = tracing_subscriber::registry()
        .with(LevelFilter::DEBUG)
        .with(json_spans::JsonSpans::new(spans.sink()));
    tracing::subscriber::with_default(subscriber, || {
        let request = tracing::info_span!(
            "request",
            otel.kind = "client",
            otel.name = "GET",
            server.port = 443,
            error.type = "timed_out",
        );
        let _entered = request.enter();
        drop(tracing::info_span!("connect"));
    });
    let spans = spans.take_json();
    let (connect, request) = (&spans[0], &spans[1]);
    assert_eq!(
        (&request["name"], &request["kind"]),
        (&"GET".into(), &3.into())
    );
    assert_eq!(request["status"]["code"], 2);
    assert_eq!(connect["name"], "connect");
    assert_eq!(connect["parentSpanId"], request["spanId"]);
    assert_eq!(connect["traceId"], request["traceId"]);
}

/// The value of an attribute, whatever its type.
fn attribute<'a>(span: &'a Value, key: &str) -> Option<&'a str> {
    let attributes = span["attributes"].as_array().unwrap();
    let attribute = attributes.iter().find(|it| it["key"] == key)?;
    let value = attribute["value"].as_object().unwrap();
    assert_eq!(value.len(), 1, "{attribute}");
    value.values().next().unwrap().as_str()
}

/// The time in nanoseconds, which OTLP's JSON has as a string.
fn time(span: &Value, key: &str) -> u64 {
    span[key].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn the_spans_of_the_example_are_one_trace_a_request_in_the_shape_of_otlp() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry()
        .with(LevelFilter::DEBUG)
        .with(json_spans::JsonSpans::new(lines.sink()));
    let _guard = tracing::subscriber::set_default(subscriber);
    tracing::callsite::rebuild_interest_cache();
    let recorder = app::prometheus().unwrap().build_recorder();
    let _recorder = metrics::set_default_local_recorder(&recorder);
    let origin = ClosingOrigin::start(Speaks::HttpsHttp1, End::Fin);
    let router = app::router(&origin.connector(), recorder.handle(), |_| {});
    for (method, status) in [
        (Method::GET, StatusCode::OK),
        (Method::GET, StatusCode::OK),
        (Method::TRACE, StatusCode::NOT_IMPLEMENTED),
    ] {
        assert_eq!(call(&router, method, "/page?secret=1").await.0, status);
    }

    let spans = lines.take_json();
    for span in &spans {
        assert_eq!(span["traceId"].as_str().unwrap().len(), 32, "{span}");
        assert_eq!(span["spanId"].as_str().unwrap().len(), 16, "{span}");
        let (began, ended) = (
            time(span, "startTimeUnixNano"),
            time(span, "endTimeUnixNano"),
        );
        assert!(began > 0 && began <= ended, "{span}");
        assert!(!span.to_string().contains("secret"), "{span}");
    }
    let roots: Vec<_> = spans
        .iter()
        .filter(|span| span["parentSpanId"].is_null())
        .collect();
    let names: Vec<_> = roots.iter().map(|span| &span["name"]).collect();
    assert_eq!(names, ["GET", "GET", "TRACE"]);
    let traces: BTreeSet<_> = roots.iter().map(|span| span["traceId"].as_str()).collect();
    assert_eq!(traces.len(), roots.len());
    let below = |parent: &Value| -> Vec<&Value> {
        let children = spans
            .iter()
            .filter(|span| span["parentSpanId"] == parent["spanId"]);
        children.collect()
    };
    // The first request connects, the second has its connection, and the third needs none.
    let connects: Vec<_> = roots.iter().map(|root| below(root).len()).collect();
    assert_eq!(connects, [1, 0, 0]);
    let connect = below(roots[0])[0];
    assert_eq!(
        (&connect["name"], &connect["kind"]),
        (&"connect".into(), &1.into())
    );
    let stages: Vec<_> = below(connect).iter().map(|span| &span["name"]).collect();
    assert_eq!(stages, ["dial", "handshake"]);
    for span in below(roots[0]).into_iter().chain(below(connect)) {
        assert_eq!(span["traceId"], roots[0]["traceId"]);
        let began = time(roots[0], "startTimeUnixNano");
        assert!(time(span, "startTimeUnixNano") >= began);
    }
    for root in &roots[..2] {
        assert_eq!((&root["kind"], &root["status"]), (&3.into(), &Value::Null));
        assert_eq!(attribute(root, "http.response.status_code"), Some("200"));
        let port = origin.address().port().to_string();
        assert_eq!(attribute(root, "server.port"), Some(&*port));
    }
    assert_eq!(roots[2]["status"]["code"], 2);
    let error = attribute(roots[2], "error.type");
    assert_eq!(error, Some("request_method_refused"));
}

#[test]
fn what_others_chose_is_escaped_in_the_page() {
    let text = status_page::escaped("<script>alert('1' & \"2\")</script>");
    let expected = "&lt;script&gt;alert(&#39;1&#39; &amp; &quot;2&quot;)&lt;/script&gt;";
    assert_eq!(text, expected);
}
