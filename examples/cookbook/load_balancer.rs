use std::{
    future::{Future, IntoFuture},
    io,
    net::SocketAddr,
    time::Duration,
};

use axum::{Router, http::StatusCode, routing::get};
use cdn_origin::OriginProxy;
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    time::sleep,
};

/// Serves until the signal. Then `/readyz` fails, and the load balancer has the time `notice` to
/// see that. After it, requests in flight have half a minute.
pub async fn serve(
    listener: TcpListener,
    proxy: OriginProxy,
    signal: impl Future + Send + 'static,
    notice: Duration,
) -> io::Result<()> {
    let (ready, readiness) = watch::channel(StatusCode::OK);
    let app = Router::new()
        .route("/readyz", get(move || async move { *readiness.borrow() }))
        .fallback_service(proxy.clone());
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let (stop, stopping) = oneshot::channel();
    let server = axum::serve(listener, service).with_graceful_shutdown(async move {
        signal.await;
        // The balancer sends requests until it has seen this. They are served.
        let _ = ready.send(StatusCode::SERVICE_UNAVAILABLE);
        sleep(notice).await;
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
