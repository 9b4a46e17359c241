//! The access log: a line of JSON for each request, on standard output.

use std::time::Duration;

use cdn_origin::access_log::AccessLogLayer;
use tokio::{
    io::{self, AsyncWriteExt},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};

/// The layer, and the task that writes its lines.
pub(crate) fn to_stdout() -> (AccessLogLayer, JoinHandle<io::Result<()>>) {
    let (lines, mut queue) = mpsc::channel::<String>(4096);
    let writer = tokio::spawn(async move {
        let mut out = io::stdout();
        while let Some(line) = queue.recv().await {
            out.write_all(line.as_bytes()).await?;
            out.flush().await?;
        }
        Ok(())
    });
    // While the queue is full, lines are lost, and requests go on.
    let layer = AccessLogLayer::json(move |line| drop(lines.try_send(format!("{line}\n"))));
    (layer, writer)
}

/// Waits until the last lines are written. Connections that were cut off may still hold the layer.
pub(crate) async fn finish(writer: JoinHandle<io::Result<()>>) {
    let _ = timeout(Duration::from_secs(1), writer).await;
}
