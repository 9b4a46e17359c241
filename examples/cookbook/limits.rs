use std::time::Duration;

use cdn_origin::{CdnOriginConnector, OriginProxy, pool::PoolSettings, proxy::Limits};

/// Beyond 200 requests at once, 50 more wait for a second. All others get a 503 at once.
pub fn proxy(connector: CdnOriginConnector) -> OriginProxy {
    let limits = Limits::default()
        .max_concurrency(200)
        .max_queued(50)
        .queue_timeout(Duration::from_secs(1))
        .max_request_body(10 * 1024 * 1024)
        .request_timeout(Duration::from_secs(30));
    OriginProxy::new(connector)
        .limits(limits)
        .pool(PoolSettings::default().max_connections(200))
}
