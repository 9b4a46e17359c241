use cdn_origin::{CdnOriginConnector, OriginProxy, response_rewrite::PathPrefixError};

/// `/shop/cart` becomes `/v2/cart`. Redirects and cookies get the client's prefix.
pub fn proxy(connector: CdnOriginConnector) -> Result<OriginProxy, PathPrefixError> {
    Ok(OriginProxy::new(connector).map_path("/shop".parse()?, "/v2".parse()?))
}
