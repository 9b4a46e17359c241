//! The builder's calls for edge profiles and advice.

use crate::{
    connector::{AdviceSettings, CdnOriginBuilder, settings::EdgeProfileUse},
    tls::TlsSettings,
};

/// # Profiles and advice
impl CdnOriginBuilder {
    /// Keeps all defaults, even if the dialled edge is a known one.
    ///
    /// By default, the profile of a known edge changes
    /// [some defaults](crate::connector::AppliedProfile).
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

    /// Sets which advice is given, and when expiring certificates are reported.
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
