use cdn_origin::{CdnOriginConnector, OriginProxy, metrics::MetricsObserver};

/// Counts requests, connections and failures through the facade of the crate `metrics`.
pub fn proxy(connector: &CdnOriginConnector) -> OriginProxy {
    OriginProxy::new(connector.with_observer(MetricsObserver::new()))
}
