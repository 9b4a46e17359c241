use cdn_origin::{CdnOriginConnector, HostRewriteLayer, OriginProxy};

/// The origin gets the Host that the client sent.
pub fn proxy(connector: CdnOriginConnector) -> OriginProxy {
    OriginProxy::new(connector).host_rewrite(HostRewriteLayer::preserve())
}
