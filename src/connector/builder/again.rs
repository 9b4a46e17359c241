//! Builders that come from a connector: the same again, but for some things.

use crate::{
    connector::{CdnOriginBuilder, CdnOriginConnector},
    error::TlsOffer,
    origin::{ChosenNames, OriginUrl},
    tls::Alpn,
};

impl CdnOriginConnector {
    /// A builder with everything that this connector has, what was [reloaded](Self::reload)
    /// included, for another one that differs in some things.
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
        let mut builder = self.settings().clone();
        if let Some(trust) = self.trust() {
            builder.tls = trust.settings();
        }
        builder
    }

    /// What its handshakes offer, if it speaks TLS.
    pub(crate) fn tls_offer(&self) -> Option<TlsOffer> {
        self.trust().map(|trust| trust.client().offer)
    }
}

impl CdnOriginBuilder {
    pub(crate) fn chosen_url(&self) -> Option<&OriginUrl> {
        self.url.as_ref()
    }

    pub(crate) fn chosen_names(&self) -> &ChosenNames {
        &self.names
    }

    pub(crate) fn chosen_alpn(&self) -> Alpn {
        self.tls.alpn
    }

    /// The calls about TLS.
    pub(crate) fn tls_setters(&self) -> &[&'static str] {
        &self.tls_setters
    }

    /// The calls that decide where a connection leads, apart from names.
    pub(crate) fn dialling_setters(&self) -> impl Iterator<Item = &'static str> {
        self.dialling.decisive_setters()
    }

    /// Loads the roots now, for several builds.
    pub(crate) fn with_loaded_roots(mut self) -> Self {
        self.tls.verify = self.tls.verify.with_loaded_roots();
        self
    }

    /// Another URL, and other names. What was said of TLS was said of the first URL: it binds no
    /// plain http one.
    pub(crate) fn with_origin(mut self, url: OriginUrl, names: ChosenNames) -> Self {
        self.tls_setters.clear();
        self.url = Some(url);
        self.names = names;
        self
    }

    /// Keeps all advice to itself: it was given when the first connector was built.
    pub(crate) fn without_advice(mut self) -> Self {
        self.silence.all();
        self
    }
}
