use cdn_origin::{CdnOriginConnector, OriginProxy, error::InvalidValue};

/// `/shop/cart` becomes `/v2/cart`. Redirects and cookies get the client's prefix.
pub fn proxy(connector: CdnOriginConnector) -> Result<OriginProxy, InvalidValue> {
    Ok(OriginProxy::new(connector).map_path("/shop".parse()?, "/v2".parse()?))
}
