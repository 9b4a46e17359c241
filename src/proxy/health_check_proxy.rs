//! A proxy for the health checks of an origin.

use std::sync::{Arc, Once};

use crate::{
    forwarded::ForwardedLayer,
    host_rewrite::HostRewriteLayer,
    name::HostAuthority,
    observe::Observers,
    pool::{OriginPool, PoolSettings},
};

use super::{FailureLog, Limits, OriginProxy, connector_of};

/// The same proxy with a connection of its own, for requests that have no client.
///
/// Neither its limits nor a busy pool fail a check, it describes no client to the origin, and no
/// observer counts the checks as traffic. A good check does not show that the origin serves the
/// Host of clients: edges answer a path such as `/health` for any. With `host`, the origin gets
/// that Host.
pub(crate) fn for_health_checks(proxy: OriginProxy, host: Option<HostAuthority>) -> OriginProxy {
    let connector = connector_of(&proxy).with_observers(Observers::default());
    let settings = PoolSettings::default().max_connections(1);
    let unobserved = OriginProxy {
        settings: proxy.settings,
        pool: OriginPool::new(connector, settings),
    };
    let mut proxy = unobserved
        .limits(Limits::default())
        .forwarded(ForwardedLayer::new().fields([]));
    if let Some(host) = host {
        proxy = proxy.host_rewrite(HostRewriteLayer::to_authority(host));
    }
    // Without a client, its address cannot be known.
    let no_address = Once::new();
    no_address.call_once(|| {});
    let log = FailureLog::of(proxy.settings.origin.as_deref());
    let settings = Arc::make_mut(&mut proxy.settings);
    settings.no_address = Arc::new(no_address);
    settings.failure_log = Arc::new(log);
    proxy
}
