use std::{future::Future, time::Duration};

use cdn_origin::OriginProxy;
use tokio::time::timeout;

/// Refuses new requests, and gives those in flight half a minute.
pub async fn shut_down(proxy: OriginProxy, signal: impl Future) {
    signal.await;
    let drained = proxy.drain();
    proxy.close_tunnels();
    if timeout(Duration::from_secs(30), drained).await.is_err() {
        tracing::warn!("requests were cut off");
    }
}
