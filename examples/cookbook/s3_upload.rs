use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::Limits};

/// Buffers uploads of unknown length, which S3 refuses, up to 16 MiB.
pub fn proxy(connector: CdnOriginConnector) -> OriginProxy {
    let limits = Limits::default()
        .buffer_requests(16 * 1024 * 1024)
        .max_request_body(1024 * 1024 * 1024);
    OriginProxy::new(connector).limits(limits)
}
