//! The builder's calls for the four names, and for the label.

use crate::{
    connector::CdnOriginBuilder,
    error::InvalidValue,
    name::{DialTarget, ExpectedName, HostAuthority, Sni, SniOmission},
};

/// # The four names
impl CdnOriginBuilder {
    /// Sets what TCP connects to: a host and a port, or a Unix socket (`unix:/run/app.sock`).
    ///
    /// The default is the host and port of the URL. The other names still follow the URL. Without a
    /// port, the connector dials the URL's port, which defaults to that of the scheme. curl calls
    /// this `--connect-to`.
    ///
    /// ```
    /// # use cdn_origin::{CdnOriginConnector, SpkiPin, VerifyPolicy};
    /// let connector = CdnOriginConnector::builder("https://www.example.com")
    ///     .dial("d1234567890.cloudfront.net")
    /// #   .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
    ///     .build()?;
    /// let origin = connector.origin().expect("the URL names it");
    /// assert_eq!(origin.dial().to_string(), "d1234567890.cloudfront.net:443");
    /// assert_eq!(origin.host().as_str(), "www.example.com");
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn dial<T>(mut self, target: T) -> Self
    where
        T: TryInto<DialTarget>,
        T::Error: Into<InvalidValue>,
    {
        self.settings.names.dial = self.last("dial", target);
        self
    }

    /// Sets the name that is sent in SNI ([RFC 6066 section 3]).
    ///
    /// The default is the URL's host, unless it is an IP address. The expected name and the Host
    /// follow this name unless they are set too.
    ///
    /// ```
    /// # use cdn_origin::{CdnOriginConnector, SpkiPin, VerifyPolicy};
    /// let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    ///     .sni("www.example.com")
    /// #   .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
    ///     .build()?;
    /// let origin = connector.origin().expect("the URL names it");
    /// assert_eq!(origin.host().as_str(), "www.example.com");
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    ///
    /// [RFC 6066 section 3]: https://www.rfc-editor.org/rfc/rfc6066#section-3
    pub fn sni<N>(mut self, name: N) -> Self
    where
        N: TryInto<Sni>,
        N::Error: Into<InvalidValue>,
    {
        self.settings.names.sni = self.last("sni", name);
        self
    }

    /// Sends no SNI.
    ///
    /// The certificate is still verified, against the expected name. Most CDN edges reject a
    /// ClientHello without SNI.
    ///
    /// ```
    /// # use cdn_origin::{CdnOriginConnector, SpkiPin, VerifyPolicy};
    /// let connector = CdnOriginConnector::builder("https://origin.example.com")
    ///     .omit_sni()
    /// #   .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn omit_sni(mut self) -> Self {
        self.forget_problems("sni");
        self.settings.names.sni = Some(Sni::omitted(SniOmission::Requested));
        self
    }

    /// Sets the name that the origin's certificate must be valid for.
    ///
    /// The default is the name in SNI, else the URL's host. Under the default policy, a certificate
    /// for another name fails the handshake ([RFC 9525]).
    ///
    /// ```
    /// # use cdn_origin::{CdnOriginConnector, SpkiPin, VerifyPolicy};
    /// // The edge serves its own certificate, whatever SNI it receives.
    /// let connector = CdnOriginConnector::builder("https://d1234567890.cloudfront.net")
    ///     .sni("www.example.com")
    ///     .expected_name("d1234567890.cloudfront.net")
    /// #   .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    ///
    /// [RFC 9525]: https://www.rfc-editor.org/rfc/rfc9525
    pub fn expected_name<N>(mut self, name: N) -> Self
    where
        N: TryInto<ExpectedName>,
        N::Error: Into<InvalidValue>,
    {
        self.settings.names.expected_name = self.last("expected_name", name);
        self
    }

    /// Sets the Host of requests to this origin: `Host` in HTTP/1, `:authority` in HTTP/2.
    ///
    /// The default is the SNI if it was set, else the host and port of the URL ([RFC 9110 section
    /// 7.2]). [`OriginProxy`](crate::proxy::OriginProxy) sends it, and so do the clients of
    /// [`adapt`](crate::adapt) for reqwest, tonic and tungstenite. A connector does not see
    /// requests: with any other client, add a [`HostRewriteLayer`](crate::HostRewriteLayer).
    ///
    /// ```
    /// # use cdn_origin::CdnOriginConnector;
    /// let connector = CdnOriginConnector::builder("http://10.0.0.7:8080")
    ///     .host("www.example.com")
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    ///
    /// [RFC 9110 section 7.2]: https://www.rfc-editor.org/rfc/rfc9110#section-7.2
    pub fn host<A>(mut self, authority: A) -> Self
    where
        A: TryInto<HostAuthority>,
        A::Error: Into<InvalidValue>,
    {
        self.settings.names.host = self.last("host", authority);
        self
    }

    /// Sets a label that identifies this origin in metrics, spans and logs.
    ///
    /// The default is none: metrics then identify an origin only by its dialled address. Set a
    /// label if several origins, or several proxies to one origin, share that address. It is never
    /// sent. Each label creates its own time series, so it must not come from proxied requests.
    ///
    /// ```
    /// # use cdn_origin::CdnOriginConnector;
    /// let connector = CdnOriginConnector::builder("http://10.0.0.7:8080")
    ///     .label("shop")
    ///     .build()?;
    /// assert_eq!(connector.origin().and_then(|origin| origin.label()), Some("shop"));
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.settings.names.label = Some(label.into().into());
        self
    }
}
