use cdn_origin::{
    BuildError, CdnOriginConnector, OriginProxy,
    tenants::{Tenant, VirtualHosts},
};

/// Each host has an origin of its own. Tenants may come and go while requests are served.
pub fn hosts() -> Result<VirtualHosts, BuildError> {
    let template = OriginProxy::new(CdnOriginConnector::any_origin().build()?);
    let hosts = VirtualHosts::new(template);
    hosts.insert("shop.example", Tenant::new("https://shop.origin.example"))?;
    hosts.insert(
        "blog.example",
        Tenant::new("http://blog.origin.example:8080"),
    )?;
    Ok(hosts)
}
