//! `AdviceId`: the kinds of advice.

use std::fmt;

/// The kinds of [advice](super::Advice).
///
/// ```
/// use cdn_origin::{CdnOriginConnector, connector::AdviceId};
///
/// /// A check of the deployment: fails if someone has turned verification off.
/// fn is_verified(connector: &CdnOriginConnector) -> bool {
///     let advice = connector.advice();
///     !advice.iter().any(|advice| advice.id() == AdviceId::VerificationOff)
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AdviceId {
    /// The bucket's name has dots, so no certificate of S3 covers its host.
    BucketWithDots,
    /// Early data is allowed, but none can ever be sent.
    EarlyDataUnused,
    /// The policy accepts a chain that has expired, within a grace.
    ExpiryGrace,
    /// An expected name was set, but the policy ignores it.
    ExpectedNameUnused,
    /// SNI and Host name different hosts: many edges answer 403 or 421.
    ///
    /// Not given if both were set, by `sni` and `host`: then the difference is intended.
    HostDiffersFromSni,
    /// The Host is an IP address, and edges know their sites by name.
    HostIsIpAddress,
    /// The edge answers plain http with a redirect to https.
    HttpsForced,
    /// The URL is https, but the endpoint does not support TLS.
    HttpOnlyEndpoint,
    /// The TLS secrets of connections are logged.
    KeysLogged,
    /// The chain is verified, but no name in the certificate is.
    NamesIgnored,
    /// The URL's host is an IP address and no name was set, so no SNI is sent.
    NoSniForIpAddress,
    /// TLS 1.3 is not offered.
    NoTls13,
    /// The origin is a plain `http` one on port 443.
    PlainHttpOnTlsPort,
    /// The edge does not serve TLS at the dialled port.
    PortNotServed,
    /// Some certificates of the system's store could not be used.
    SkippedRoots,
    /// TLS settings have no effect, because the origin is a plain `http` one.
    TlsUnused,
    /// The certificate is not verified.
    VerificationOff,
}

impl AdviceId {
    /// Returns the stable label for logs, such as `verification_off`.
    ///
    /// ```
    /// use cdn_origin::connector::AdviceId;
    ///
    /// assert_eq!(AdviceId::VerificationOff.as_str(), "verification_off");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BucketWithDots => "bucket_with_dots",
            Self::EarlyDataUnused => "early_data_unused",
            Self::ExpectedNameUnused => "expected_name_unused",
            Self::ExpiryGrace => "expiry_grace",
            Self::HostDiffersFromSni => "host_differs_from_sni",
            Self::HostIsIpAddress => "host_is_ip_address",
            Self::HttpOnlyEndpoint => "http_only_endpoint",
            Self::HttpsForced => "https_forced",
            Self::KeysLogged => "keys_logged",
            Self::NamesIgnored => "names_ignored",
            Self::NoSniForIpAddress => "no_sni_for_ip_address",
            Self::NoTls13 => "no_tls13",
            Self::PlainHttpOnTlsPort => "plain_http_on_tls_port",
            Self::PortNotServed => "port_not_served",
            Self::SkippedRoots => "skipped_roots",
            Self::TlsUnused => "tls_unused",
            Self::VerificationOff => "verification_off",
        }
    }
}

impl fmt::Display for AdviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
