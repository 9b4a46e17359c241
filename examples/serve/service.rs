//! The service: its file is read at the start, and again for each reload.

use std::{
    error::Error,
    fs,
    iter::successors,
    path::{Path, PathBuf},
};

use axum::http::StatusCode;
use cdn_origin::{
    access_log::AccessLogLayer, config::VirtualHostsConfig, metrics::MetricsObserver,
    tenants::VirtualHosts,
};
use tokio::sync::watch;
use tower::BoxError;

/// The hosts of a file.
pub(crate) struct Service {
    file: PathBuf,
    /// That of what runs.
    config: VirtualHostsConfig,
    pub(crate) hosts: VirtualHosts,
    pub(crate) metrics: MetricsObserver,
    pub(crate) access_log: AccessLogLayer,
    /// What `/readyz` answers: 503 before the service listens, and once it is told to stop.
    pub(crate) readiness: watch::Sender<StatusCode>,
}

impl Service {
    /// Reads the file. An invalid one is an error before the service listens.
    pub(crate) fn read(file: PathBuf, access_log: AccessLogLayer) -> Result<Self, BoxError> {
        let metrics = MetricsObserver::new();
        let config = read(&file, &metrics)?;
        let hosts = VirtualHosts::try_from(&config).map_err(|error| of_file(&file, &error))?;
        metrics.config_applied();
        Ok(Self {
            file,
            config,
            hosts,
            metrics,
            access_log,
            readiness: watch::Sender::new(StatusCode::SERVICE_UNAVAILABLE),
        })
    }

    /// Applies what has changed in the file. An error changes nothing.
    pub(crate) fn reload(&mut self) {
        let applied = read(&self.file, &self.metrics).and_then(|new| {
            let applied = self.config.reload(&new, &self.hosts);
            applied.map_err(|error| of_file(&self.file, &error))?;
            Ok(())
        });
        match applied {
            Ok(()) => self.metrics.config_applied(),
            Err(error) => {
                tracing::error!("the hosts stay as they are: {error}");
                self.metrics.config_refused();
            }
        }
    }
}

fn read(file: &Path, metrics: &MetricsObserver) -> Result<VirtualHostsConfig, BoxError> {
    let text = fs::read_to_string(file).map_err(|error| of_file(file, &error))?;
    let values = toml::Deserializer::parse(&text);
    let values = values.map_err(|error| of_text(file, &text, "", &error))?;
    // The parser knows the line of an error, and `serde_path_to_error` its key.
    let config = serde_path_to_error::deserialize::<_, VirtualHostsConfig>(values);
    let config = config.map_err(|error| {
        let key = format!("{}: ", error.path());
        of_text(file, &text, &key, error.inner())
    })?;
    Ok(config.with_observer(metrics.clone()))
}

/// The error in one line, with the number of the wrong one. Its text may be a secret.
fn of_text(file: &Path, text: &str, key: &str, error: &toml::de::Error) -> BoxError {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(0, |before| before.matches('\n').count()) + 1;
    let problem = error.message().replace('\n', ", ");
    format!("{}: line {line}: {key}{problem}", file.display()).into()
}

/// The name of the file, the error and its sources.
fn of_file(file: &Path, error: &(dyn Error + 'static)) -> BoxError {
    let errors = successors(Some(error), |&error| error.source());
    let texts: Vec<_> = errors.map(ToString::to_string).collect();
    format!("{}: {}", file.display(), texts.join(": ")).into()
}
