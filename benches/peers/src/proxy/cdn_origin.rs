//! This crate, as its README shows it.

use std::{net::SocketAddr, time::Duration};

use cdn_origin::{
    CdnOriginConnector, OriginProxy, Roots, VerifyPolicy,
    proxy::{AdaptiveConcurrency, Limits},
};

use crate::setup::NAME;

/// Callgrind slows a program down fifty-fold. Many requests at once would take longer than the
/// default of 100 ms, so the proxy would take the origin for overloaded and let some wait.
const TOLERATED_DELAY: Duration = Duration::from_secs(5);

pub(crate) fn proxy(origin: SocketAddr, pem: &[u8]) -> OriginProxy {
    let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
        .dial(origin)
        .verify(VerifyPolicy::roots(Roots::pem(pem)))
        .build()
        .unwrap();
    let adaptive = AdaptiveConcurrency::default().tolerated_delay(TOLERATED_DELAY);
    OriginProxy::new(connector).limits(Limits::default().adaptive_concurrency(adaptive))
}
