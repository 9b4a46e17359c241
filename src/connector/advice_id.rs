//! `AdviceId`: the kinds of advice.

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
