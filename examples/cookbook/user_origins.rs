use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use bytes::Bytes;
use cdn_origin::{
    BuildError, CdnOriginConnector, Error, OriginProxy,
    diagnosis::Diagnosis,
    dial::EgressGuard,
    origin::OriginUrl,
    tenants::{Tenant, VirtualHosts},
};
use http::Request;
use http_body_util::Empty;
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

/// Adds what a user saves, if its origin serves the host. An SNI is needed where the site has another
/// name than the URL.
pub async fn save(
    hosts: &VirtualHosts,
    template: &CdnOriginConnector,
    host: &str,
    url: &str,
    sni: Option<&str>,
) -> Result<(), BoxError> {
    let origin: OriginUrl = url.parse()?;
    // The guard checks no ports.
    if !matches!(origin.port(), None | Some(80 | 443)) {
        return Err("the port must be 80 or 443".into());
    }
    let mut tenant = Tenant::new(origin);
    if let Some(sni) = sni {
        tenant = tenant.sni(sni);
    }
    // The same settings, apart from the hosts that are served.
    let check = VirtualHosts::new(OriginProxy::new(template.clone()));
    check.insert(host, tenant.clone())?;
    // The client is this process.
    let client = ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 0)));
    let request = Request::head("/").header("host", host).extension(client);
    let Ok(response) = check.oneshot(request.body(Empty::<Bytes>::new())?).await;
    let found = response.extensions();
    if let Some(error) = found.get::<Error>() {
        return Err(error.clone().into());
    }
    if let Some(diagnosis) = found.get::<Diagnosis>() {
        return Err(diagnosis.to_string().into());
    }
    hosts.insert(host, tenant)?;
    Ok(())
}
