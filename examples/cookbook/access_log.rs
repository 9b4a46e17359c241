use axum::Router;
use cdn_origin::{CdnOriginConnector, OriginProxy, access_log::AccessLogLayer};

/// A line of JSON for each request, with the time that each step took.
pub fn app(connector: CdnOriginConnector, sink: impl Fn(&str) + Send + Sync + 'static) -> Router {
    Router::new()
        .fallback_service(OriginProxy::new(connector))
        .layer(AccessLogLayer::json(sink))
}
