//! The builder's calls for TLS.

use std::ops::RangeBounds;

use crate::{
    connector::{CdnOriginBuilder, Sessions},
    error::TlsVersion,
    tls::{Alpn, ClientIdentity, TlsParameters, TlsSettings, VerifyPolicy},
};

/// # TLS
impl CdnOriginBuilder {
    /// Sets how the origin's certificate is verified.
    ///
    /// The default trusts the system's roots ([`VerifyPolicy::native_roots`]). A certificate that
    /// the policy rejects fails the handshake. A [reload](crate::CdnOriginConnector::reload)
    /// changes the policy of a running connector.
    ///
    /// ```
    /// # use cdn_origin::{CdnOriginConnector, SpkiPin, VerifyPolicy};
    /// let connector = CdnOriginConnector::builder("https://www.example.com")
    ///     .verify(VerifyPolicy::pinned(SpkiPin::sha256([0x2a; 32])))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn verify(mut self, policy: VerifyPolicy) -> Self {
        self.tls_setter("verify").verify = policy;
        self
    }

    /// Sets the client certificate and its key (mutual TLS).
    ///
    /// The default is none. It is sent only to an origin that requests a certificate ([RFC 8446
    /// section 4.4.2]). `build()` fails for a key that does not belong to the certificate.
    ///
    /// ```no_run
    /// # use cdn_origin::{CdnOriginConnector, tls::ClientIdentity};
    /// let connector = CdnOriginConnector::builder("https://www.example.com")
    ///     .client_identity(ClientIdentity::pem_files("client.pem", "client.key"))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    ///
    /// [RFC 8446 section 4.4.2]: https://www.rfc-editor.org/rfc/rfc8446#section-4.4.2
    pub fn client_identity(mut self, identity: ClientIdentity) -> Self {
        self.tls_setter("client_identity").identity = Some(identity);
        self
    }

    /// Sets the range of TLS versions that are offered.
    ///
    /// The default is TLS 1.2 to 1.3. `build()` fails for an empty range.
    ///
    /// | range | offers |
    /// |---|---|
    /// | `TlsVersion::V1_2..` | TLS 1.2 and 1.3 |
    /// | `TlsVersion::V1_3..` | TLS 1.3 |
    /// | `..=TlsVersion::V1_2` | TLS 1.2 |
    ///
    /// ```
    /// # use cdn_origin::{CdnOriginConnector, SpkiPin, TlsVersion, VerifyPolicy};
    /// let connector = CdnOriginConnector::builder("https://www.example.com")
    ///     .tls_versions(TlsVersion::V1_3..)
    /// #   .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn tls_versions(mut self, range: impl RangeBounds<TlsVersion>) -> Self {
        self.tls_setter("tls_versions").versions =
            (range.start_bound().cloned(), range.end_bound().cloned());
        self
    }

    /// Sets the application protocols that are offered in ALPN ([RFC 7301]).
    ///
    /// The default is [`Alpn::Http2OrHttp1`]: `h2`, then `http/1.1`.
    ///
    /// ```
    /// # use cdn_origin::{CdnOriginConnector, SpkiPin, VerifyPolicy, tls::Alpn};
    /// let connector = CdnOriginConnector::builder("https://www.example.com")
    ///     .alpn(Alpn::Http1)
    /// #   .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    ///
    /// [RFC 7301]: https://www.rfc-editor.org/rfc/rfc7301
    pub fn alpn(mut self, alpn: Alpn) -> Self {
        self.tls_setter("alpn").alpn = alpn;
        self
    }

    /// Sets details of the handshake: cipher suites, groups, crypto provider, key log.
    ///
    /// See [`TlsParameters`] for each default.
    ///
    /// ```
    /// # use cdn_origin::{CdnOriginConnector, SpkiPin, VerifyPolicy, tls::TlsParameters};
    /// let connector = CdnOriginConnector::builder("https://www.example.com")
    ///     .tls_parameters(TlsParameters::default().key_exchange_groups(["secp256r1", "x25519"]))
    /// #   .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn tls_parameters(mut self, parameters: TlsParameters) -> Self {
        let setters = parameters.setters();
        self.settings.record_tls_setters("TlsParameters::", setters);
        self.settings.tls.parameters = parameters;
        self
    }

    /// Encrypts the ClientHello, and the name in SNI with it (Encrypted ClientHello, [RFC 9849]).
    ///
    /// ECH is off by default. [`Ech`](crate::tls::Ech) uses a given configuration, reads it from
    /// the origin's `HTTPS` record, or sends a random placeholder (GREASE). This call needs the
    /// features `ech` and `aws-lc-rs`.
    ///
    /// ```
    /// # #[cfg(feature = "aws-lc-rs")] {
    /// # use cdn_origin::{CdnOriginConnector, SpkiPin, VerifyPolicy, tls::Ech};
    /// let connector = CdnOriginConnector::builder("https://www.example.com")
    ///     .ech(Ech::grease())
    /// #   .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
    ///     .build()?;
    /// # }
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    ///
    /// [RFC 9849]: https://www.rfc-editor.org/rfc/rfc9849
    #[cfg(feature = "ech")]
    #[cfg_attr(cdn_origin_docsrs, doc(cfg(feature = "ech")))]
    pub fn ech(mut self, ech: crate::tls::Ech) -> Self {
        self.tls_setter("ech").ech = Some(ech);
        self
    }

    /// Sets how TLS sessions are resumed and shared, and whether early data is sent.
    ///
    /// By default, the sessions of 32 names are kept and resumed by this connector and its clones.
    /// See [`Sessions`].
    ///
    /// ```
    /// # use cdn_origin::{CdnOriginConnector, SpkiPin, VerifyPolicy, connector::Sessions};
    /// let connector = CdnOriginConnector::any_origin()
    ///     .sessions(Sessions::default().capacity(1_000))
    /// #   .verify(VerifyPolicy::pinned(SpkiPin::sha256([0; 32])))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn sessions(mut self, sessions: Sessions) -> Self {
        let setters = sessions.setters();
        self.settings.record_tls_setters("Sessions::", setters);
        self.settings.tls.resumption = sessions.resumption;
        self.settings.tls.early_requests = sessions.early_requests;
        self.shared_tls = sessions.shared;
        self
    }

    /// The TLS settings, which this setter changes.
    fn tls_setter(&mut self, setter: &'static str) -> &mut TlsSettings {
        if !self.settings.tls_setters.contains(&setter) {
            self.settings.tls_setters.push(setter);
        }
        &mut self.settings.tls
    }
}
