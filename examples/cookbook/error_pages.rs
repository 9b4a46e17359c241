use cdn_origin::{CdnOriginConnector, OriginProxy, proxy::replace_content};
use http::HeaderValue;

/// A page of one's own for failures of the proxy, and for those that the origin reports.
pub fn proxy(connector: CdnOriginConnector) -> OriginProxy {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    OriginProxy::new(connector).map_response(move |response| match response.status().as_u16() {
        502..=504 => replace_content(response, html.clone(), "<h1>Back soon</h1>"),
        _ => response,
    })
}
