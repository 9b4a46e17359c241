//! The service: its file is read at the start, and again for each reload.

use std::{
    error::Error,
    fs,
    iter::successors,
    path::{Path, PathBuf},
};

use cdn_origin::{
    access_log::AccessLogLayer, config::VirtualHostsConfig, metrics::MetricsObserver,
    observe::Observer, tenants::VirtualHosts,
};
use tower::BoxError;

/// The hosts of a file.
pub(crate) struct Service {
    file: PathBuf,
    /// What was applied last.
    config: VirtualHostsConfig,
    pub(crate) hosts: VirtualHosts,
    pub(crate) metrics: MetricsObserver,
    pub(crate) access_log: AccessLogLayer,
}

impl Service {
    /// Reads the file. An invalid one is an error before the service listens.
    pub(crate) fn read(file: PathBuf, access_log: AccessLogLayer) -> Result<Self, BoxError> {
        let metrics = MetricsObserver::new();
        let config = read(&file, &metrics)?;
        let hosts = VirtualHosts::try_from(&config).map_err(|error| of_file(&file, &error))?;
        Ok(Self {
            file,
            config,
            hosts,
            metrics,
            access_log,
        })
    }

    /// Applies what has changed in the file. An error changes nothing.
    pub(crate) fn reload(&mut self) {
        let applied = read(&self.file, &self.metrics).and_then(|new| {
            let applied = self.config.reload(&new, &self.hosts);
            applied.map_err(|error| of_file(&self.file, &error))?;
            self.config = new;
            Ok(())
        });
        if let Err(error) = applied {
            tracing::error!("the hosts stay as they are: {error}");
            self.metrics.reload_failed(None, &*error);
        }
    }
}

fn read(file: &Path, metrics: &MetricsObserver) -> Result<VirtualHostsConfig, BoxError> {
    let text = fs::read_to_string(file).map_err(|error| of_file(file, &error))?;
    let config: VirtualHostsConfig =
        toml::from_str(&text).map_err(|error| of_file(file, &error))?;
    Ok(config.with_observer(metrics.clone()))
}

/// The name of the file, the error and its sources.
fn of_file(file: &Path, error: &(dyn Error + 'static)) -> BoxError {
    let errors = successors(Some(error), |&error| error.source());
    let texts: Vec<_> = errors.map(ToString::to_string).collect();
    format!("{}: {}", file.display(), texts.join(": ")).into()
}
