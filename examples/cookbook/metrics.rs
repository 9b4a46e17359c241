use cdn_origin::{
    CdnOriginConnector, OriginProxy, metrics::MetricsObserver, tenants::VirtualHosts,
};

/// Counts requests, connections and failures through the facade of the crate `metrics`.
pub fn proxy(connector: &CdnOriginConnector) -> OriginProxy {
    OriginProxy::new(connector.with_observer(MetricsObserver::new()))
}

/// Sets the gauges of all tenants, before a scrape. Those of tenants that are gone become zero.
pub fn sample(metrics: &MetricsObserver, hosts: &VirtualHosts) {
    metrics.sample_hosts(hosts);
}
