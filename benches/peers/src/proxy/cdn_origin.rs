//! This crate, as its README shows it.

use std::net::SocketAddr;

use cdn_origin::{CdnOriginConnector, OriginProxy, Roots, VerifyPolicy};

use crate::setup::NAME;

pub(crate) fn proxy(origin: SocketAddr, pem: &[u8]) -> OriginProxy {
    let connector = CdnOriginConnector::builder(format!("https://{NAME}"))
        .dial(origin)
        .verify(VerifyPolicy::roots(Roots::pem(pem)))
        .build()
        .unwrap();
    OriginProxy::new(connector)
}
