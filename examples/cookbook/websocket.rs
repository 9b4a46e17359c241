use std::time::Duration;

use cdn_origin::{CdnOriginConnector, OriginProxy, pool::PoolSettings, proxy::Upgrades};

/// At most a thousand WebSockets. One that is silent for ten minutes is closed.
pub fn proxy(connector: CdnOriginConnector) -> OriginProxy {
    OriginProxy::new(connector)
        .upgrades(Upgrades::default().idle_timeout(Duration::from_secs(600)))
        .pool(
            PoolSettings::default()
                .max_connections(1200)
                .max_tunnels(1000),
        )
}
