//! The builder's calls for edge profiles and advice.

use crate::{
    connector::{AdviceSettings, CdnOriginBuilder, connector_settings::EdgeProfileUse},
    tls::TlsSettings,
};

/// # Profiles and advice
impl CdnOriginBuilder {
    /// Keeps all defaults, even if the connector recognises the dialled edge.
    ///
    /// By default, a connector recognises the edge by the dialled host name, and the profile of
    /// the edge changes some defaults. Explicit settings take precedence, and verification stays
    /// the same. [`profile`](crate::CdnOriginConnector::profile) shows what has changed.
    ///
    /// * **CloudFront.** The proxy refuses a GET with content, a head over 20,480 bytes and a
    ///   target over 8,192 bytes.
    /// * **Cloudflare.** Pooled connections are kept idle for 320 s. The proxy limits
    ///   `X-Forwarded-For` to 100 bytes, and removes fields such as `CF-Connecting-IP`. The proxy
    ///   refuses a target over 16 KiB.
    /// * **Fastly.** The proxy refuses a head over 69 KiB and a target over 8 KiB.
    /// * **Azure Front Door.** `secp256r1` is offered first, because the edge requires a NIST
    ///   curve. The proxy refuses a target over 8,192 bytes.
    /// * **Google.** Pooled connections are kept idle for 480 s.
    /// * **Vercel.** The proxy refuses a head over 32 KiB.
    ///
    /// Other facts about an edge become [advice](crate::connector::Advice), such as missing
    /// support for TLS or a redirect from `http` to `https`.
    ///
    /// ```
    /// use cdn_origin::CdnOriginConnector;
    ///
    /// let connector = CdnOriginConnector::builder("http://d1234567890.cloudfront.net")
    ///     .without_edge_profile()
    ///     .build()?;
    /// assert!(connector.profile().is_none());
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn without_edge_profile(mut self) -> Self {
        self.settings.edge_profile = EdgeProfileUse::Ignored;
        self
    }

    /// Sets which advice the connector gives, and when it reports expiring certificates.
    ///
    /// By default, all [advice](crate::connector::Advice) is given, and a certificate is reported
    /// 14 days before it expires. See [`AdviceSettings`].
    ///
    /// ```
    /// use cdn_origin::{CdnOriginConnector, connector::{AdviceId, AdviceSettings}};
    ///
    /// let connector = CdnOriginConnector::builder("http://origin.example:443")
    ///     .advice(AdviceSettings::default().silence(AdviceId::PlainHttpOnTlsPort))
    ///     .build()?;
    /// # Ok::<(), cdn_origin::BuildError>(())
    /// ```
    pub fn advice(mut self, settings: AdviceSettings) -> Self {
        let notice = settings.chosen_expiry_notice();
        let setters: &[_] = match notice {
            Some(_) => &["AdviceSettings::expiry_notice"],
            None => &[],
        };
        self.settings
            .record_tls_setters("AdviceSettings::", setters);
        let default = || TlsSettings::default().expiry_notice;
        self.settings.tls.expiry_notice = notice.unwrap_or_else(default);
        self.settings.advice = settings;
        self
    }
}
