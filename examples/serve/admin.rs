//! What operators see: the metrics, the readiness, whether origins answer, and the requests in
//! flight.

use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, header::HOST},
    routing::get,
};
use cdn_origin::tenants::VirtualHosts;
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tower::ServiceExt;

use super::service::Service;

/// Upper bounds of durations in seconds, as OpenTelemetry recommends them. Without bounds,
/// Prometheus gets summaries.
const BUCKETS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// The names that Prometheus recommends, which the dashboard and the alerts have.
pub(crate) fn prometheus() -> Result<PrometheusBuilder, BuildError> {
    let builder = PrometheusBuilder::new().with_recommended_naming(true);
    builder.set_buckets(&BUCKETS)
}

/// The pages for operators.
pub(crate) fn pages(service: &Service, prometheus: PrometheusHandle) -> Router {
    let (metrics, hosts) = (service.metrics.clone(), service.hosts.clone());
    let scrape = move || async move {
        // The gauges, as they are now.
        metrics.sample_hosts(&hosts);
        prometheus.render()
    };
    // For the check of a load balancer, or a readiness probe.
    let readiness = service.readiness.subscribe();
    let ready = move || async move { *readiness.borrow() };
    Router::new()
        .route("/metrics", get(scrape))
        .route("/readyz", get(ready))
}

/// Logs what each host answers. A failure is logged by its proxy, with the cause.
pub(crate) async fn check(hosts: VirtualHosts) {
    for host in hosts.hosts() {
        // That of all other hosts gets a name that no tenant has, and so does a wildcard.
        let name = match host.strip_prefix('*') {
            Some("") => "any-other.invalid".to_owned(),
            Some(domain) => format!("any-other{domain}"),
            None => host.clone(),
        };
        let request = Request::head("/").header(HOST, name);
        // The client is this process.
        let client = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 0)));
        let Ok(request) = request.extension(client).body(Body::empty()) else {
            continue;
        };
        let Ok(response) = hosts.clone().oneshot(request).await;
        tracing::info!(%host, status = response.status().as_u16(), "checked");
    }
}

/// The requests that are being served.
pub(crate) fn in_flight(hosts: &VirtualHosts) -> usize {
    let proxies = hosts.proxies().into_iter();
    let of_proxies = proxies.map(|(_, proxy)| proxy.snapshot().running);
    let names = hosts.hosts().into_iter();
    let members = names.filter_map(|host| Some(hosts.group(&host)?.snapshot()));
    let of_members = members.flatten().map(|member| member.proxy.pool.in_flight);
    of_proxies.chain(of_members).sum()
}
