use std::{io, net::SocketAddr};

use axum::Router;
use cdn_origin::{CdnOriginConnector, OriginProxy};
use tokio::net::TcpListener;

/// The proxy logs why a request failed, and which call fixes it.
pub async fn serve(connector: CdnOriginConnector, listener: TcpListener) -> io::Result<()> {
    let app = Router::new().fallback_service(OriginProxy::new(connector));
    // The origin gets the client's address in X-Forwarded-For.
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).await
}
