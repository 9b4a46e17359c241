use std::time::Duration;

use cdn_origin::{
    CdnOriginConnector, OriginProxy, connector::CdnOriginBuilder, proxy::Limits, tls::Alpn,
};

/// gRPC needs HTTP/2.
pub fn origin() -> CdnOriginBuilder {
    CdnOriginConnector::builder("https://grpc.example.com").alpn(Alpn::Http2)
}

/// Streams may be silent for an hour. When the proxy fails, clients get a `grpc-status`.
pub fn proxy(connector: CdnOriginConnector) -> OriginProxy {
    let silence = Duration::from_secs(3600);
    OriginProxy::new(connector).limits(Limits::default().body_idle_timeout(silence))
}
