use cdn_origin::{CdnOriginConnector, adapt, connector::OriginStream};
use http::Request;
use tokio_tungstenite::WebSocketStream;
use tower::BoxError;

/// The scheme and the Host of the request are those of the origin.
pub async fn open(
    connector: CdnOriginConnector,
) -> Result<WebSocketStream<OriginStream>, BoxError> {
    let request = Request::get("/live").body(())?;
    let opened = adapt::tungstenite::connect(&connector, request).await;
    let (socket, _) = opened.inspect_err(|error| eprintln!("{}", error.report()))?;
    Ok(socket)
}
