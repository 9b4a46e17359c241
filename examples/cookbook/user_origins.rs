use cdn_origin::{
    BuildError, CdnOriginConnector, OriginProxy,
    dial::EgressGuard,
    origin::OriginUrl,
    tenants::{Tenant, VirtualHosts},
};
use http::Uri;
use tower::{BoxError, ServiceExt};

/// The origins are URLs that users have entered: none may lead into the private network.
pub fn template() -> Result<CdnOriginConnector, BuildError> {
    CdnOriginConnector::any_origin()
        .egress_guard(EgressGuard::deny_private().deny_name("metadata.google.internal"))
        .build()
}

/// All tenants have the guard of the template.
pub fn hosts(template: CdnOriginConnector) -> VirtualHosts {
    VirtualHosts::new(OriginProxy::new(template))
}

/// Adds what a user saves, if its origin can be reached. An SNI is needed where the site has another
/// name than the URL.
pub async fn save(
    hosts: &VirtualHosts,
    template: &CdnOriginConnector,
    host: &str,
    url: &str,
    sni: Option<&str>,
) -> Result<(), BoxError> {
    let (origin, uri): (OriginUrl, Uri) = (url.parse()?, url.parse()?);
    // The guard checks no ports.
    if !matches!(origin.target().port(), None | Some(80 | 443)) {
        return Err("the port must be 80 or 443".into());
    }
    let (mut check, mut tenant) = (template.to_builder(), Tenant::new(origin));
    if let Some(sni) = sni {
        (check, tenant) = (check.sni(sni), tenant.sni(sni));
    }
    check.build()?.oneshot(uri).await?;
    hosts.insert(host, tenant)?;
    Ok(())
}
