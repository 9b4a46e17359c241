//! Serves until the process is to stop, and then lets the requests in flight end.

use std::{
    future::{Future, IntoFuture, pending},
    io,
    net::SocketAddr,
    time::Duration,
};

use axum::{Router, http::StatusCode};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};

use super::{admin::in_flight, service::Service};

/// How long requests in flight may take when new ones are refused. With the notice before, it is
/// shorter than the 30 s after which Kubernetes kills a process.
const GRACE: Duration = Duration::from_secs(20);

impl Service {
    /// Serves until `stop`, and for `notice` after it. Each message of `reloads` reads the file
    /// again.
    pub(crate) async fn serve(
        mut self,
        listener: TcpListener,
        mut reloads: mpsc::Receiver<()>,
        stop: impl Future + Send + 'static,
        notice: Duration,
    ) -> io::Result<()> {
        let hosts = self.hosts.clone();
        let app = Router::new().fallback_service(hosts.clone());
        let app = app.layer(self.access_log.clone());
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        tracing::info!(address = %listener.local_addr()?, hosts = hosts.hosts().len(), "serving");
        self.readiness.send_replace(StatusCode::OK);
        let (stopped, stopping) = oneshot::channel();
        let (draining, readiness) = (hosts.clone(), self.readiness.clone());
        let server = axum::serve(listener, app).with_graceful_shutdown(async move {
            stop.await;
            // The load balancer sends requests until it has seen this. They are served.
            readiness.send_replace(StatusCode::SERVICE_UNAVAILABLE);
            tracing::info!(?notice, "not ready");
            tokio::time::sleep(notice).await;
            tracing::info!(in_flight = in_flight(&draining), "draining");
            let _ = stopped.send(());
            // New requests get a 503 from now on, and tunnels such as WebSockets are closed.
            let drained = draining.drain();
            draining.close_tunnels();
            drained.await;
        });
        let reloading = async {
            while reloads.recv().await.is_some() {
                self.reload();
            }
            pending::<()>().await;
        };
        let deadline = async {
            let _ = stopping.await;
            tokio::time::sleep(GRACE).await;
        };
        let served = tokio::select! {
            served = server.into_future() => served,
            () = reloading => Ok(()),
            () = deadline => {
                tracing::warn!(in_flight = in_flight(&hosts), "requests were cut off");
                Ok(())
            }
        };
        tracing::info!("stopped");
        served
    }
}
