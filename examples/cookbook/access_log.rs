use axum::Router;
use cdn_origin::{CdnOriginConnector, OriginProxy, access_log::AccessLogLayer};
use tokio::{
    io::{self, AsyncWrite, AsyncWriteExt},
    sync::mpsc,
};

/// A line of JSON for each request, with the time that each step took.
pub fn app(connector: CdnOriginConnector, lines: mpsc::Sender<String>) -> Router {
    Router::new()
        .fallback_service(OriginProxy::new(connector))
        // While the channel is full, lines are lost, and requests go on.
        .layer(AccessLogLayer::json(move |line| {
            drop(lines.try_send(format!("{line}\n")));
        }))
}

/// Writes the lines, such as to `tokio::io::stdout()`. Spawn it as a task.
pub async fn write(
    mut lines: mpsc::Receiver<String>,
    mut log: impl AsyncWrite + Unpin,
) -> io::Result<()> {
    while let Some(line) = lines.recv().await {
        log.write_all(line.as_bytes()).await?;
        log.flush().await?;
    }
    Ok(())
}
