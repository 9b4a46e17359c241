//! From a connector back to a builder, and what other modules read of a builder.

use std::time::Duration;

#[cfg(feature = "serde")]
use crate::connector::connector_settings::EdgeProfileUse;
use crate::{
    connector::{CdnOriginBuilder, CdnOriginConnector},
    error::{BuildError, BuildProblem, BuildProblemKind},
    origin::{ChosenNames, OriginUrl},
    tls::{Alpn, TlsParameters},
};

impl CdnOriginConnector {
    /// Returns a builder with all settings of this connector, to change some of them.
    ///
    /// The settings include those of the last [reload](Self::reload). The new connector shares no
    /// sessions with this one. A setter such as `timeouts` replaces all timeouts, not only those
    /// that the new value sets.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example").build()?;
    /// let other = connector.to_builder().host("www.example.com").build()?;
    /// assert_eq!(other.origin().map(|origin| origin.host().as_str()), Some("www.example.com"));
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn to_builder(&self) -> CdnOriginBuilder {
        let mut settings = self.settings().clone();
        if let Some(tls) = self.reloadable_tls() {
            settings.tls = tls.settings();
        }
        CdnOriginBuilder::new(settings)
    }
}

impl CdnOriginBuilder {
    /// Whether the ECH configuration comes from the `HTTPS` record of the dialled name.
    pub(crate) fn reads_ech_from_dns(&self) -> bool {
        self.settings.tls.reads_ech_from_dns()
    }

    pub(crate) fn chosen_url(&self) -> Option<&OriginUrl> {
        self.settings.url.as_ref()
    }

    pub(crate) fn chosen_names(&self) -> &ChosenNames {
        &self.settings.names
    }

    /// All settings, for a configuration file.
    #[cfg(feature = "serde")]
    pub(crate) fn settings(&self) -> &crate::connector::ConnectorSettings {
        &self.settings
    }

    #[cfg(feature = "serde")]
    pub(crate) fn shares_sessions(&self) -> bool {
        self.shared_tls.is_some()
    }

    /// The values that could not be parsed.
    #[cfg(feature = "serde")]
    pub(crate) fn problems(&self) -> &[BuildProblem] {
        &self.problems
    }

    pub(crate) fn chosen_alpn(&self) -> Alpn {
        self.settings.tls.alpn
    }

    pub(crate) fn chosen_tls_parameters(&self) -> &TlsParameters {
        &self.settings.tls.parameters
    }

    /// The TLS setters that were called.
    pub(crate) fn tls_setters(&self) -> &[&'static str] {
        &self.settings.tls_setters
    }

    /// The called setters that decide where a connection leads, names aside.
    pub(crate) fn dialling_setters(&self) -> impl Iterator<Item = &'static str> {
        self.settings.dial.decisive_setters()
    }

    /// The called setters that act only on connections that the connector opens itself.
    #[cfg(feature = "reqwest")]
    pub(crate) fn setters_of_own_connections(&self) -> Vec<&'static str> {
        let dial = &self.settings.dial;
        let called = [
            ("egress_guard", dial.guard.is_some()),
            (
                "happy_eyeballs",
                dial.happy_eyeballs != crate::dial::HappyEyeballs::default(),
            ),
            ("proxy_protocol", dial.proxy_protocol.is_some()),
            ("socket_options", !dial.socket_options.is_default()),
            ("transport", dial.transport.is_some()),
        ];
        let dialling = called.into_iter().filter(|(_, is_called)| *is_called);
        let tls = self.settings.tls_setters.iter().copied();
        let tls = tls.filter(|setter| ["ech", "Sessions::early_data"].contains(setter));
        dialling.map(|(setter, _)| setter).chain(tls).collect()
    }

    /// The timeout of a whole connect.
    #[cfg(feature = "reqwest")]
    pub(crate) fn connect_timeout(&self) -> Duration {
        self.settings.timeouts.connect
    }

    /// Loads the roots now, for several builds.
    pub(crate) fn with_loaded_roots(mut self) -> Self {
        self.settings.tls.verify = self.settings.tls.verify.with_loaded_roots();
        self
    }

    /// Replaces the URL and the names.
    ///
    /// The TLS setters were called for the first URL: if the new one is a plain `http` one, they
    /// are no contradiction.
    pub(crate) fn with_origin(mut self, url: OriginUrl, names: ChosenNames) -> Self {
        self.settings.tls_setters.clear();
        self.settings.url = Some(url);
        self.settings.names = names;
        self
    }

    /// The same builder, whose calls are the keys of a configuration file.
    ///
    /// Fixes and advice say which keys to change, and not which calls.
    #[cfg(feature = "serde")]
    pub(crate) fn written_in_file(mut self) -> Self {
        self.settings.names.written_in = crate::origin::WrittenIn::File;
        self
    }

    /// Undoes [`omit_sni`](Self::omit_sni). A name that was set stays.
    #[cfg(feature = "serde")]
    pub(crate) fn send_sni(mut self) -> Self {
        let sni = &mut self.settings.names.sni;
        sni.take_if(|sni| sni.name().is_none());
        self
    }

    /// Undoes [`without_edge_profile`](Self::without_edge_profile).
    #[cfg(feature = "serde")]
    pub(crate) fn with_edge_profile(mut self) -> Self {
        self.settings.edge_profile = EdgeProfileUse::Applied;
        self
    }

    /// The URL and the names, if all of them can be parsed.
    pub(crate) fn into_names(self) -> Result<(OriginUrl, ChosenNames), BuildError> {
        BuildError::from_problems(self.problems)?;
        let url = self.settings.url.ok_or_else(|| {
            let why = "a tenant needs an origin of its own";
            BuildError::of(BuildProblem::new(
                "Tenant::new",
                BuildProblemKind::Empty,
                why,
            ))
        })?;
        Ok((url, self.settings.names))
    }

    /// Leaves out the PROXY protocol header.
    pub(crate) fn without_proxy_protocol(mut self) -> Self {
        self.settings.dial.proxy_protocol = None;
        self
    }

    /// Shortens the timeout of a whole connect to `limit`.
    pub(crate) fn connecting_within(mut self, limit: Duration) -> Self {
        let connect = &mut self.settings.timeouts.connect;
        // `build()` accepts no timeout of zero.
        *connect = (*connect).min(limit.max(Duration::from_nanos(1)));
        self
    }

    /// Silences all advice. It was given when the first connector was built.
    pub(crate) fn without_advice(mut self) -> Self {
        self.settings.advice.silence_all();
        self
    }
}
