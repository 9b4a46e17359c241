//! The `OriginProxy` that the benches measure.

use std::{net::SocketAddr, time::Duration};

use cdn_origin::{CdnOriginConnector, OriginProxy, Roots, VerifyPolicy, pool::PoolSettings};

use super::origin::NAME;

/// An `OriginProxy` with its defaults, and a pool that keeps every connection of a bench.
pub(crate) fn proxy(scheme: &str, origin: SocketAddr, pem: &[u8]) -> OriginProxy {
    let builder = CdnOriginConnector::builder(format!("{scheme}://{NAME}")).dial(origin);
    let builder = match scheme {
        "https" => builder.verify(VerifyPolicy::roots(Roots::pem(pem))),
        _ => builder,
    };
    let connector = builder.build().unwrap();
    let settings = PoolSettings::default()
        .max_connections(20_000)
        .max_idle(20_000)
        .idle_timeout(Duration::from_secs(3600));
    OriginProxy::new(connector).pool(settings)
}
