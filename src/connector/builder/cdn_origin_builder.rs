//! `CdnOriginBuilder`, and how it keeps values that cannot be parsed for `build()`.

use std::error::Error;

use crate::{
    connector::{CdnOriginConnector, connector_settings::ConnectorSettings, sessions::SharedTls},
    error::{BuildProblem, BuildProblemKind, InvalidValue},
    origin::OriginUrl,
};

/// Builds a [`CdnOriginConnector`].
///
/// Setters never fail: [`build`](Self::build) reports every invalid value. If a setter is called
/// more than once, the last call counts.
///
/// | call | default |
/// |---|---|
/// | [`dial`](Self::dial) | host and port of the URL |
/// | [`sni`](Self::sni), [`omit_sni`](Self::omit_sni) | the URL's host, if it is a name |
/// | [`expected_name`](Self::expected_name) | the SNI, else the URL's host |
/// | [`host`](Self::host) | the SNI if it was set, else the URL's host and port |
/// | [`label`](Self::label) | none: metrics show only the dialled address |
/// | [`verify`](Self::verify) | the system's roots |
/// | [`client_identity`](Self::client_identity) | none |
/// | [`tls_versions`](Self::tls_versions) | TLS 1.2 to 1.3 |
/// | [`alpn`](Self::alpn) | `h2`, then `http/1.1` |
/// | [`tls_parameters`](Self::tls_parameters) | those of the crypto provider |
/// | [`ech`](Self::ech) | no Encrypted ClientHello |
/// | [`sessions`](Self::sessions) | sessions of 32 names are resumed; no early data |
/// | [`timeouts`](Self::timeouts) | dial 10 s, TLS handshake 10 s, all together 15 s |
/// | [`dns`](Self::dns) | the system's resolver; answers are kept for 5 s |
/// | [`happy_eyeballs`](Self::happy_eyeballs) | IPv4 and IPv6, 250 ms apart |
/// | [`socket_options`](Self::socket_options) | no Nagle delay; keepalive probes after 15 s |
/// | [`proxy_protocol`](Self::proxy_protocol) | no header |
/// | [`egress_guard`](Self::egress_guard) | no guard |
/// | [`transport`](Self::transport) | the resolver and TCP |
/// | [`without_edge_profile`](Self::without_edge_profile) | known edges change [some defaults][p] |
/// | [`advice`](Self::advice) | all advice; a warning 14 days before a certificate expires |
///
/// [p]: crate::connector::CdnOriginBuilder::without_edge_profile
///
/// ```
/// use std::time::Duration;
///
/// use cdn_origin::{CdnOriginConnector, TlsVersion, connector::Timeouts};
///
/// let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
///     .sni("www.example.com")
///     .tls_versions(TlsVersion::V1_3..)
///     .timeouts(Timeouts::default().connect(Duration::from_secs(5)))
/// #   .verify(cdn_origin::VerifyPolicy::pinned(cdn_origin::SpkiPin::sha256([0; 32])))
///     .build()?;
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until build() is called"]
pub struct CdnOriginBuilder {
    pub(super) settings: ConnectorSettings,
    /// The TLS of another connector, which takes the place of the settings.
    pub(super) shared_tls: Option<SharedTls>,
    pub(super) problems: Vec<BuildProblem>,
}

impl CdnOriginConnector {
    /// Starts a connector to one origin: `https://` or `http://`, a host, and optionally a port.
    ///
    /// The URL's scheme decides whether TLS is used. The `Uri` that the connector is later called
    /// with has no effect. A URL that cannot be parsed fails in `build()`.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example:8080").build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn builder<U>(url: U) -> CdnOriginBuilder
    where
        U: TryInto<OriginUrl>,
        U::Error: Into<InvalidValue>,
    {
        let mut builder = Self::any_origin();
        builder.settings.url = builder.parsed("builder", url);
        builder
    }

    /// Starts a connector that takes the origin from each request's `Uri`.
    ///
    /// Scheme, dial target, SNI and expected name follow the `Uri`. Names that are set on the
    /// builder apply to every request.
    ///
    /// Never pass a `Uri` that a client controls, because it decides which host is dialled. An
    /// [`EgressGuard`](crate::dial::EgressGuard) limits which addresses are allowed.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// let connector = CdnOriginConnector::any_origin()
    /// #   .verify(cdn_origin::VerifyPolicy::pinned(cdn_origin::SpkiPin::sha256([0; 32])))
    ///     .build()?;
    /// assert!(connector.origin().is_none());
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn any_origin() -> CdnOriginBuilder {
        CdnOriginBuilder::new(ConnectorSettings::default())
    }
}

impl CdnOriginBuilder {
    pub(super) fn new(settings: ConnectorSettings) -> Self {
        Self {
            settings,
            shared_tls: None,
            problems: Vec::new(),
        }
    }

    /// Drops the problems of earlier calls of this setter: the last call counts.
    pub(super) fn forget_problems(&mut self, setter: &'static str) {
        self.problems.retain(|problem| problem.setter() != setter);
    }

    /// The parsed value of a setter, of which the last call counts.
    pub(super) fn last<T, V>(&mut self, setter: &'static str, value: V) -> Option<T>
    where
        V: TryInto<T>,
        V::Error: Into<InvalidValue>,
    {
        self.forget_problems(setter);
        self.parsed(setter, value)
    }

    /// The parsed value, or a problem that `build()` reports.
    fn parsed<T, V>(&mut self, setter: &'static str, value: V) -> Option<T>
    where
        V: TryInto<T>,
        V::Error: Into<InvalidValue>,
    {
        let note = |error: InvalidValue| {
            let why: Box<dyn Error + Send + Sync> = error.into();
            let kind = BuildProblemKind::InvalidName;
            self.problems.push(BuildProblem::new(setter, kind, why));
        };
        value.try_into().map_err(Into::into).map_err(note).ok()
    }
}
