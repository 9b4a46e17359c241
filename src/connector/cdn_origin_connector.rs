//! `CdnOriginConnector`: a `tower::Service` from a `Uri` to a connection.

use std::{
    fmt,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
};

use http::Uri;
use tower_service::Service;

use crate::{
    dial::{KnownAddresses, ResolveError, Transport, WaitFor},
    downstream::ClientAddress,
    error::{BuildError, CurrentStage, Error, TlsOffer},
    observe::{Observer, Observers},
    origin::Origin,
    tls::rustls::ClientConfig,
};

use super::{
    advice::{Advice, advise},
    applied_profile::AppliedProfile,
    connect::{ConnectAttempt, Purpose},
    connecting::Connecting,
    connector_settings::ConnectorSettings,
    handshake_counts::HandshakeCounts,
    notify_observers::{report_connect, report_reload},
    origin_stream::OriginStream,
    shared_state::ConnectorState,
    tls_reload::{ReloadableTls, TlsReload},
};

/// Connects to an origin: dials it, verifies it, and returns a stream.
///
/// It is a `tower::Service<Uri>`. Clones are cheap; they share the TLS settings and sessions.
/// [`CdnOriginBuilder`](super::CdnOriginBuilder) has every setting.
///
/// ```no_run
/// use cdn_origin::CdnOriginConnector;
/// use tower::ServiceExt;
///
/// # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
/// let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
///     .sni("www.example.com")
///     .build()?;
/// // The origin is fixed: the `Uri` has no effect.
/// let stream = connector.oneshot(http::Uri::default()).await?;
/// println!("connected to {:?}", stream.info().facts().peer());
/// # Ok(())
/// # }
/// ```
///
/// hyper-util's client accepts it directly:
///
/// ```
/// use cdn_origin::CdnOriginConnector;
/// use hyper_util::{client::legacy::Client, rt::TokioExecutor};
///
/// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
/// let client = Client::builder(TokioExecutor::new())
///     .build::<_, http_body_util::Empty<bytes::Bytes>>(connector);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone)]
pub struct CdnOriginConnector {
    state: Arc<ConnectorState>,
    /// The client that its connections are opened for.
    client: Option<Arc<ClientAddress>>,
    /// The only address that it dials, if it was chosen before.
    address: Option<SocketAddr>,
    observers: Observers,
}

impl CdnOriginConnector {
    pub(super) fn new(state: ConnectorState, observers: Observers) -> Self {
        Self {
            state: Arc::new(state),
            client: None,
            address: None,
            observers,
        }
    }

    /// Returns the fixed origin with its four names, if there is one.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let origin = connector.origin().expect("the URL names it");
    /// assert_eq!(origin.dial().to_string(), "origin.example:80");
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    #[must_use]
    pub fn origin(&self) -> Option<&Origin> {
        self.state.origin.as_deref()
    }

    /// Describes the dialled edge, and the
    /// [defaults](super::CdnOriginBuilder::without_edge_profile) that its profile changes. Returns
    /// `None` if the host belongs to no known edge.
    ///
    /// ```
    /// let connector = cdn_origin::CdnOriginConnector::builder("https://origin.example").build()?;
    /// assert!(connector.profile().is_none());
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    #[must_use]
    pub fn profile(&self) -> Option<impl fmt::Display> {
        self.applied_profile()
    }

    pub(crate) fn applied_profile(&self) -> Option<&AppliedProfile> {
        self.state.profile.as_ref()
    }

    /// Returns the advice about this connector: settings that are valid but look wrong.
    ///
    /// It is also logged when the connector is built, and after each [reload](Self::reload).
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, connector::AdviceId};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example:443").build()?;
    /// assert_eq!(connector.advice()[0].id(), AdviceId::PlainHttpOnTlsPort);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    #[must_use]
    pub fn advice(&self) -> Vec<Advice> {
        advise(&self.state)
    }

    /// Returns a connector with this observer, besides those that it has.
    ///
    /// The observer gets the [events](crate::observe) of the returned connector, and of a proxy
    /// made from it. It gets no events of existing clones, or of connectors that are built from a
    /// [builder](Self::to_builder).
    #[must_use]
    pub fn with_observer(&self, observer: impl Observer) -> Self {
        self.with_observers(self.observers.and(Arc::new(observer)))
    }

    pub(crate) fn with_observers(&self, observers: Observers) -> Self {
        let this = self.clone();
        Self { observers, ..this }
    }

    /// Returns a connector that connects on behalf of this client.
    ///
    /// [`proxy_protocol`](super::CdnOriginBuilder::proxy_protocol) sends the client's address to
    /// the origin. Without it, this call has no effect. A pool must not give such a connection to
    /// another client. [`OriginProxy`](crate::OriginProxy) never does.
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use cdn_origin::{CdnOriginConnector, dial::ProxyProtocol, downstream::ClientAddress};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example")
    ///     .proxy_protocol(ProxyProtocol::V1)
    ///     .build()?;
    /// let client = SocketAddr::from(([203, 0, 113, 7], 40_001));
    /// let connector = connector.with_client(ClientAddress::new(client));
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    #[must_use]
    pub fn with_client(&self, client: ClientAddress) -> Self {
        self.for_client(Some(Arc::new(client)))
    }

    /// Returns how many TLS handshakes this connector and its clones have finished.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// assert_eq!(connector.handshakes().full, 0);
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    #[must_use]
    pub fn handshakes(&self) -> HandshakeCounts {
        self.state.handshakes.counts()
    }

    /// Returns the TLS configuration, for code that makes its own handshakes.
    ///
    /// A [reload](Self::reload) creates a new configuration. Sessions of a configuration are
    /// resumed until the first of their certificates expires, for at most 24 hours after it was
    /// created. Returns `None` for a plain `http` origin, and if Encrypted ClientHello is
    /// [required](crate::tls::Ech::required) but its configuration comes from DNS.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// assert!(connector.tls_config().is_none());
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    #[must_use]
    pub fn tls_config(&self) -> Option<Arc<ClientConfig>> {
        let settled = self.origin().map(Origin::sni);
        let sni = settled.or(self.state.names.sni.as_ref());
        self.reloadable_tls()?.client().config_without_dns(sni)
    }

    /// Replaces the verify policy and the client identity, and reads files and roots again.
    ///
    /// New connections of this connector and its clones use the new settings, and resume no earlier
    /// session. A proxy and its health checks send no further request on earlier connections; other
    /// pools keep theirs. For a plain `http` origin, the call has no effect.
    ///
    /// Files are read on the calling thread, and other reloads wait meanwhile. To avoid a deadlock,
    /// `change` must not reload this connector or another that shares its TLS settings.
    ///
    /// # Errors
    ///
    /// Fails as [`build`](super::CdnOriginBuilder::build) does: the error names the setter of each
    /// invalid value. The old settings then stay in use.
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, Roots, VerifyPolicy, tls::ClientIdentity};
    ///
    /// # type Result = std::result::Result<(), cdn_origin::BuildError>;
    /// # fn renew(connector: &CdnOriginConnector, ca: &[u8], chain: &[u8], key: &[u8]) -> Result {
    /// // From memory, both at once:
    /// connector.reload(|tls| {
    ///     tls.verify(VerifyPolicy::roots(Roots::pem(ca)))
    ///         .client_identity(ClientIdentity::pem(chain, key))
    /// })?;
    /// // From the configured files:
    /// connector.reload(|tls| tls)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn reload(&self, change: impl FnOnce(TlsReload) -> TlsReload) -> Result<(), BuildError> {
        let Some(tls) = self.reloadable_tls() else {
            return Ok(());
        };
        let reloaded = tls.reload(change).map(|()| true);
        self.note_reload(reloaded).map(drop)
    }

    /// [Reloads](Self::reload) if a configured file has changed, and returns whether it did.
    ///
    /// The call compares the length, the times and, on Unix, the inode of each file with those of
    /// the last successful read. It is cheap enough to call every few seconds.
    ///
    /// ```no_run
    /// # fn watch(connector: cdn_origin::CdnOriginConnector) {
    /// tokio::spawn(async move {
    ///     let mut ticks = tokio::time::interval(std::time::Duration::from_secs(10));
    ///     loop {
    ///         ticks.tick().await;
    ///         let connector = connector.clone();
    ///         let reload = move || connector.reload_if_changed();
    ///         if let Ok(Err(error)) = tokio::task::spawn_blocking(reload).await {
    ///             tracing::error!(%error, "reload failed; the old certificates stay in use");
    ///         }
    ///     }
    /// });
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Fails as [`reload`](Self::reload) does. The next call tries again, so a call does no harm if
    /// the certificate has been written and its new key has not.
    pub fn reload_if_changed(&self) -> Result<bool, BuildError> {
        let Some(tls) = self.reloadable_tls() else {
            return Ok(false);
        };
        self.note_reload(tls.reload_if_changed())
    }

    /// The number of reloads. Connections from before one may have been verified by other settings.
    pub(crate) fn reloads(&self) -> u64 {
        self.reloadable_tls().map_or(0, |tls| tls.reloads())
    }

    pub(super) fn transport(&self) -> Transport {
        self.state.transport.clone()
    }

    pub(crate) fn observers(&self) -> &Observers {
        &self.observers
    }

    pub(crate) fn shared_origin(&self) -> Option<&Arc<Origin>> {
        self.state.origin.as_ref()
    }

    pub(crate) fn for_client(&self, client: Option<Arc<ClientAddress>>) -> Self {
        let this = self.clone();
        Self { client, ..this }
    }

    /// The same connector for one of the addresses of the dialled name.
    pub(crate) fn at_address(&self, address: SocketAddr) -> Self {
        let (this, address) = (self.clone(), Some(address));
        Self { address, ..this }
    }

    /// Whether the origin receives the client's address.
    pub(crate) fn sends_client_address(&self) -> bool {
        self.state.proxy_protocol.is_some()
    }

    /// The addresses of the fixed origin's dialled name.
    pub(crate) async fn addresses(&self, wait: WaitFor) -> Result<KnownAddresses, ResolveError> {
        let dial = self.origin().map(Origin::dial);
        self.state.transport.addresses(dial, wait).await
    }

    /// What its handshakes offer, if the origin is an `https` one.
    pub(crate) fn tls_offer(&self) -> Option<TlsOffer> {
        self.reloadable_tls().map(|tls| tls.client().offer)
    }

    /// Connects to the fixed origin for what only one version of HTTP can carry.
    pub(crate) fn connect_for(&self, purpose: Purpose) -> Connecting {
        self.connect(Uri::default(), purpose)
    }

    /// The maximum size of early data on the next connection, in bytes. Zero if there can be none.
    pub(crate) fn early_room(&self) -> usize {
        let (Some(origin), Some(tls)) = (self.origin(), self.reloadable_tls()) else {
            return 0;
        };
        let client = tls.client();
        client.early_data_limit(origin.sni(), origin.expected_name())
    }

    pub(super) fn settings(&self) -> &ConnectorSettings {
        &self.state.settings
    }

    pub(super) fn reloadable_tls(&self) -> Option<&Arc<ReloadableTls>> {
        self.state.tls.as_ref()
    }

    pub(super) fn note_reload(
        &self,
        reloaded: Result<bool, BuildError>,
    ) -> Result<bool, BuildError> {
        report_reload(&self.observers, self.origin(), &reloaded);
        if matches!(reloaded, Ok(true)) {
            self.log_advice();
        }
        reloaded
    }

    pub(super) fn log_advice(&self) {
        for advice in self.advice() {
            tracing::warn!(id = advice.id().as_str(), "{advice}");
        }
    }

    fn connect(&self, uri: Uri, purpose: Purpose) -> Connecting {
        let this = self.clone();
        let (stage, current) = CurrentStage::shared();
        Connecting::new(stage, async move {
            let (origin, observers) = (this.state.origin_for(&uri)?, &this.observers);
            observers.notify(|observer| observer.connecting(&origin));
            let client = this.client.as_deref();
            let attempt = ConnectAttempt::new(&this.state, origin, &purpose, client);
            let attempt = attempt.called_with(&uri).at_address(this.address);
            let outcome = attempt.reporting(current).run_in_span().await;
            report_connect(observers, &outcome, this.state.settings.tls.expiry_notice);
            outcome
        })
    }
}

impl Service<Uri> for CdnOriginConnector {
    type Response = OriginStream;
    type Error = Error;
    type Future = Connecting;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        self.connect(uri, Purpose::AnyVersion)
    }
}

impl fmt::Debug for CdnOriginConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CdnOriginConnector")
            .field("origin", &self.state.origin)
            .field("transport", &self.state.transport)
            .field("timeouts", &self.state.timeouts)
            .field("proxy_protocol", &self.state.proxy_protocol)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
