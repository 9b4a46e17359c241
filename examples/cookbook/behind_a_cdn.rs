use cdn_origin::{CdnOriginConnector, ForwardedLayer, OriginProxy, dial::IpNet};

/// Takes the client's address from `X-Forwarded-For` if the CDN in front has sent the request.
pub fn proxy(connector: CdnOriginConnector, cdn: Vec<IpNet>) -> OriginProxy {
    OriginProxy::new(connector).forwarded(ForwardedLayer::new().trust(cdn))
}
