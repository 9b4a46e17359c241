use cdn_origin::{CdnOriginConnector, OriginProxy, ResponseRewriteLayer, error::InvalidValue};

/// Redirects and cookies that name the old site get the client's host too.
pub fn proxy(connector: CdnOriginConnector) -> Result<OriginProxy, InvalidValue> {
    let rewrite = ResponseRewriteLayer::new().name("old.example.com".parse()?);
    Ok(OriginProxy::new(connector).response_rewrite(rewrite))
}
