//! Configures a probe and runs it.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use crate::{
    connector::CdnOriginConnector,
    error::{Error, ErrorKind, Facts, InvalidValue, RequestProblem, Stage},
    name::{DnsName, HostAuthority},
};

use super::{
    Findings, ProbeAttempt, combination::Combination, probe_settings::ProbeSettings,
    run_attempt::on_blocking_thread, search::Search,
};

/// A probe, which [`probe`](super::probe()) creates and `.await` runs.
///
/// The [module](self::super) describes what it tries.
///
/// | call | default |
/// |---|---|
/// | [`try_name`](Self::try_name) | the names that the connector knows |
/// | [`rewritten_host`](Self::rewritten_host) | the connector's own Host is sent |
/// | [`max_attempts`](Self::max_attempts) | 19 |
/// | [`pause`](Self::pause) | 200 ms between two attempts |
/// | [`timeout`](Self::timeout) | 60 s for all attempts |
/// | [`attempt_timeout`](Self::attempt_timeout) | 10 s for each connect, and for each response |
/// | [`on_attempt`](Self::on_attempt) | no function is called |
///
/// ```no_run
/// use std::time::Duration;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = cdn_origin::CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
///     .build()?;
/// let findings = cdn_origin::probe(&connector)
///     .try_name("www.example.com")
///     .max_attempts(5)
///     .timeout(Duration::from_secs(20))
///     .on_attempt(|attempt| eprintln!("{attempt}"))
///     .await?;
/// println!("{findings}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a probe does nothing until it is run"]
pub struct Probe {
    connector: CdnOriginConnector,
    settings: ProbeSettings,
    invalid_name: Option<InvalidValue>,
}

impl Probe {
    pub(super) fn new(connector: &CdnOriginConnector) -> Self {
        Self {
            connector: connector.clone(),
            settings: ProbeSettings::default(),
            invalid_name: None,
        }
    }

    /// Adds a name to try in SNI and Host before those that the connector knows.
    ///
    /// It is expected in the certificate, too, if the certificate contains it. Several names are
    /// tried in the order of the calls. The probe fails if a text is no DNS name.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net").build()?;
    /// let probe = cdn_origin::probe(&connector)
    ///     .try_name("www.example.com")
    ///     .try_name("example.com");
    /// # drop(probe);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn try_name<N>(mut self, name: N) -> Self
    where
        N: TryInto<DnsName>,
        N::Error: Into<InvalidValue>,
    {
        match name.try_into() {
            Ok(name) => self.settings.names.push(name),
            Err(invalid) => self.invalid_name = Some(invalid.into()),
        }
        self
    }

    /// Sends this Host, as a proxy does whose [`HostRewriteLayer`](crate::HostRewriteLayer) sets
    /// it.
    ///
    /// A connector does not know the layer. With [`preserve`](crate::HostRewriteLayer::preserve),
    /// it is the Host of the clients. Fixes of the Host then name the layer, and not the builder's
    /// `.host(..)`. The probe fails if a text is no Host.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net").build()?;
    /// let probe = cdn_origin::probe(&connector).rewritten_host("www.example.com");
    /// # drop(probe);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn rewritten_host<A>(mut self, authority: A) -> Self
    where
        A: TryInto<HostAuthority>,
        A::Error: Into<InvalidValue>,
    {
        match authority.try_into() {
            Ok(host) => self.settings.rewritten_host = Some(host),
            Err(invalid) => self.invalid_name = Some(invalid.into()),
        }
        self
    }

    /// Sets the maximum number of attempts. The default is 19; zero counts as one.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, Error};
    ///
    /// /// A check of the deployment: is the configuration right as it is?
    /// async fn check(connector: &CdnOriginConnector) -> Result<bool, Error> {
    ///     let findings = cdn_origin::probe(connector).max_attempts(1).await?;
    ///     Ok(findings.working().is_some())
    /// }
    /// ```
    pub fn max_attempts(mut self, count: usize) -> Self {
        self.settings.max_attempts = count.max(1);
        self
    }

    /// Sets the pause between two attempts. The default is 200 ms.
    ///
    /// It keeps the probe from looking like an attack to the edge.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.settings.pause = pause;
        self
    }

    /// Sets the time limit of all attempts together. The default is 60 s.
    ///
    /// No attempt begins after it. The last one has the remaining time to connect, as much again
    /// for the response, and for the body of a success.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// // A slow origin, and an engineer who waits: the time of one attempt, and of all.
    /// let probe = cdn_origin::probe(&connector)
    ///     .attempt_timeout(Duration::from_secs(30))
    ///     .timeout(Duration::from_secs(300));
    /// # drop(probe);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// Sets how long each attempt may take to connect, and then to get the response. The default is
    /// 10 s. The body of a success may take as long again.
    ///
    /// Connecting is also limited by the connector's own timeouts. An attempt that takes longer
    /// fails with [`ErrorKind::TimedOut`](crate::ErrorKind::TimedOut), and
    /// [`Error::stage`](crate::Error::stage) returns what the peer did not do.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.settings.attempt_timeout = timeout;
        self
    }

    /// Sets a function that is called after each attempt, for example to print progress.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, probe::Probe};
    ///
    /// # fn probe(connector: &CdnOriginConnector) -> Probe {
    /// cdn_origin::probe(connector).on_attempt(|attempt| match attempt.error() {
    ///     Some(error) => eprintln!("{attempt}: {}", error.stage()),
    ///     None => eprintln!("{attempt}"),
    /// })
    /// # }
    /// ```
    pub fn on_attempt(mut self, hook: impl Fn(&ProbeAttempt) + Send + Sync + 'static) -> Self {
        self.settings.on_attempt = Arc::new(hook);
        self
    }

    async fn run(self) -> Result<Findings, Error> {
        let Some(configured) = Combination::of(&self.connector) else {
            return Err(Error::refused(ErrorKind::UnsupportedUri));
        };
        if let Some(invalid) = self.invalid_name {
            let kind = ErrorKind::Request(RequestProblem::HostInvalid);
            let facts = Facts::default();
            return Err(Error::with_source(kind, Stage::Prepare, facts, invalid));
        }
        let configured = match &self.settings.rewritten_host {
            Some(host) => configured.with_rewritten_host(host.clone()),
            None => configured,
        };
        // Files of roots are read once for all attempts.
        let connector = self.connector.clone();
        let builder = on_blocking_thread(move || connector.to_builder().with_loaded_roots()).await;
        let builder = builder.unwrap_or_else(|| self.connector.to_builder());
        let mut search = Search::new(builder, self.settings);
        search.run(configured).await;
        Ok(search.into_findings(self.connector))
    }
}

impl IntoFuture for Probe {
    type Output = Result<Findings, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    /// Runs the probe.
    ///
    /// # Errors
    ///
    /// * [`ErrorKind::UnsupportedUri`](crate::ErrorKind::UnsupportedUri) if the connector has no
    ///   fixed origin.
    /// * [`RequestProblem::HostInvalid`](crate::error::RequestProblem::HostInvalid) if a
    ///   [`try_name`](Probe::try_name) is no DNS name, or the
    ///   [`rewritten_host`](Probe::rewritten_host) is no Host.
    ///
    /// Failed attempts are no error: they are part of the findings.
    ///
    /// Dropping the future ends the attempt that is running, and makes no further one.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
