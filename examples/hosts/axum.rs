use axum::Router;
use cdn_origin::{CdnOriginConnector, OriginProxy};
use tokio::net::TcpListener;

/// The proxy logs why a request failed, and which call fixes it.
pub async fn serve(connector: CdnOriginConnector, listener: TcpListener) -> std::io::Result<()> {
    let app = Router::new().fallback_service(OriginProxy::new(connector));
    axum::serve(listener, app).await
}
