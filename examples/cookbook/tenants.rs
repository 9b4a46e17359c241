use cdn_origin::{
    BuildError, CdnOriginConnector, Error, ErrorKind, OriginProxy,
    error::RequestProblem,
    proxy::replace_content,
    tenants::{Tenant, VirtualHosts},
};
use http::{HeaderValue, StatusCode};

/// Each host has an origin of its own. Tenants may come and go while requests are served.
pub fn hosts() -> Result<VirtualHosts, BuildError> {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let template = OriginProxy::new(CdnOriginConnector::any_origin().build()?);
    // A page for hosts without a tenant.
    let template = template.map_response(move |response| {
        let error = response.extensions().get::<Error>().map(Error::kind);
        match error {
            Some(ErrorKind::Request(RequestProblem::HostUnknown)) => {
                replace_content(response, html.clone(), "<h1>No such shop</h1>")
            }
            _ => response,
        }
    });
    let hosts = VirtualHosts::new(template).unknown(StatusCode::NOT_FOUND);
    hosts.insert("shop.example", Tenant::new("https://shop.origin.example"))?;
    hosts.insert(
        "blog.example",
        Tenant::new("http://blog.origin.example:8080"),
    )?;
    Ok(hosts)
}
