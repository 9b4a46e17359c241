//! The service: from its file to its end.

use std::{
    fs,
    future::{Future, IntoFuture},
    io,
    net::SocketAddr,
    path::PathBuf,
    time::Duration,
};

use axum::{Router, routing::get};
use cdn_origin::{
    config::VirtualHostsConfig, metrics::MetricsObserver, observe::Observer, tenants::VirtualHosts,
};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
};
use tower::BoxError;

/// How long requests in flight may take after the service was told to stop.
const GRACE: Duration = Duration::from_secs(30);

/// Upper bounds of durations in seconds. Without them, Prometheus gets summaries.
const BUCKETS: [f64; 8] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0];

/// The names that Prometheus recommends, which the dashboard and the alerts have.
pub(crate) fn prometheus() -> Result<PrometheusBuilder, BuildError> {
    let builder = PrometheusBuilder::new().with_recommended_naming(true);
    builder.set_buckets(&BUCKETS)
}

/// The hosts of a file.
pub(crate) struct Service {
    file: PathBuf,
    config: VirtualHostsConfig,
    hosts: VirtualHosts,
    metrics: MetricsObserver,
}

impl Service {
    /// Reads the file. An invalid one is an error before the service listens.
    pub(crate) fn read(file: PathBuf) -> Result<Self, BoxError> {
        let config: VirtualHostsConfig = toml::from_str(&fs::read_to_string(&file)?)?;
        let metrics = MetricsObserver::new();
        let config = config.with_observer(metrics.clone());
        let hosts = VirtualHosts::try_from(&config)?;
        Ok(Self {
            file,
            config,
            hosts,
            metrics,
        })
    }

    /// The pages for operators.
    pub(crate) fn admin(&self, prometheus: PrometheusHandle) -> Router {
        let (metrics, hosts) = (self.metrics.clone(), self.hosts.clone());
        let scrape = move || async move {
            // The gauges, as they are now.
            for (_, proxy) in hosts.proxies() {
                metrics.sample(&proxy);
            }
            for group in hosts.hosts().iter().filter_map(|host| hosts.group(host)) {
                metrics.sample_group(&group);
            }
            prometheus.render()
        };
        Router::new().route("/metrics", get(scrape))
    }

    /// Serves until `stop`. Each message of `reloads` reads the file again.
    pub(crate) async fn serve(
        mut self,
        listener: TcpListener,
        mut reloads: mpsc::Receiver<()>,
        stop: impl Future + Send + 'static,
    ) -> io::Result<()> {
        let hosts = self.hosts.clone();
        let app = Router::new().fallback_service(hosts.clone());
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let (stopped, stopping) = oneshot::channel();
        let server = axum::serve(listener, app).with_graceful_shutdown(async move {
            stop.await;
            let _ = stopped.send(());
            // New requests get a 503 from now on, and tunnels such as WebSockets are closed.
            let drained = hosts.drain();
            hosts.close_tunnels();
            drained.await;
        });
        let reloading = async {
            while reloads.recv().await.is_some() {
                if let Err(error) = self.reload() {
                    tracing::error!(%error, "the hosts stay as they are");
                    self.metrics.reload_failed(None, &*error);
                }
            }
            std::future::pending::<()>().await;
        };
        let deadline = async {
            let _ = stopping.await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            served = server.into_future() => served,
            () = reloading => Ok(()),
            () = deadline => {
                tracing::warn!("requests were cut off");
                Ok(())
            }
        }
    }

    /// Applies what has changed in the file. An error changes nothing.
    fn reload(&mut self) -> Result<(), BoxError> {
        let new: VirtualHostsConfig = toml::from_str(&fs::read_to_string(&self.file)?)?;
        let new = new.with_observer(self.metrics.clone());
        self.config.reload(&new, &self.hosts)?;
        self.config = new;
        Ok(())
    }
}
