//! The router: the proxy with its log, and the pages for operators.

use std::sync::Arc;

use axum::{
    Router,
    http::header::CONTENT_TYPE,
    response::{Html, IntoResponse},
    routing::get,
};
use cdn_origin::{
    CdnOriginConnector, OriginProxy, access_log::AccessLogLayer, metrics::MetricsObserver,
    trace_context::TraceContextLayer,
};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tower::ServiceBuilder;

use super::{
    last_failures::{LastFailures, Shared},
    status_page::status_page,
};

/// Upper bounds of durations in seconds: those that OpenTelemetry recommends.
const BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// The exporter, with the names that Prometheus recommends: `_seconds`, `_bytes`, `_total`.
pub(crate) fn prometheus() -> Result<PrometheusBuilder, BuildError> {
    let builder = PrometheusBuilder::new().with_recommended_naming(true);
    builder.set_buckets(&BUCKETS)
}

/// The proxy to the connector's origin, logged to `log`, with `/metrics` and `/status`.
pub(crate) fn router(
    connector: &CdnOriginConnector,
    prometheus: PrometheusHandle,
    log: impl Fn(&str) + Send + Sync + 'static,
) -> Router {
    let metrics = MetricsObserver::new();
    let failures = Arc::new(LastFailures::default());
    let connector = connector
        .with_observer(metrics.clone())
        .with_observer(Shared(failures.clone()));
    let proxy = OriginProxy::new(connector.clone());
    let proxied = ServiceBuilder::new()
        .layer(AccessLogLayer::json(log))
        .layer(TraceContextLayer::new())
        .service(proxy.clone());
    let scraped = proxy.clone();
    let scrape = move || async move {
        metrics.sample(&scraped);
        let text = [(CONTENT_TYPE, "text/plain; version=0.0.4")];
        (text, prometheus.render()).into_response()
    };
    let page = move || async move {
        let failures = failures.newest_first();
        Html(status_page(connector.origin(), &proxy, &failures))
    };
    Router::new()
        .route("/metrics", get(scrape))
        .route("/status", get(page))
        .fallback_service(proxied)
}
