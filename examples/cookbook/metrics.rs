use cdn_origin::{
    CdnOriginConnector, OriginProxy, metrics::MetricsObserver, tenants::VirtualHosts,
};

/// Counts requests, connections and failures through the facade of the crate `metrics`.
pub fn proxy(connector: &CdnOriginConnector) -> OriginProxy {
    OriginProxy::new(connector.with_observer(MetricsObserver::new()))
}

/// Removes a tenant. Its gauges of connections become zero.
pub async fn remove(metrics: &MetricsObserver, hosts: &VirtualHosts, host: &str) {
    let proxy = hosts.proxy(host);
    hosts.remove(host);
    if let Some(proxy) = proxy {
        proxy.drain().await;
        metrics.sample(&proxy);
    }
}
