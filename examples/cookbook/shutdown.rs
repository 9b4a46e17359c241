use std::{
    future::{Future, IntoFuture},
    io,
    net::SocketAddr,
    time::Duration,
};

use axum::Router;
use cdn_origin::OriginProxy;
use tokio::{net::TcpListener, sync::oneshot, time::sleep};

/// Serves until the signal. Then refuses new requests, and gives those in flight half a minute.
pub async fn serve(
    listener: TcpListener,
    proxy: OriginProxy,
    signal: impl Future + Send + 'static,
) -> io::Result<()> {
    let (stop, stopping) = oneshot::channel();
    let app = Router::new().fallback_service(proxy.clone());
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        signal.await;
        let _ = stop.send(());
        let drained = proxy.drain();
        proxy.close_tunnels();
        drained.await;
    });
    let deadline = async {
        let _ = stopping.await;
        sleep(Duration::from_secs(30)).await;
    };
    tokio::select! {
        served = server.into_future() => served,
        () = deadline => {
            tracing::warn!("requests were cut off");
            Ok(())
        }
    }
}
