//! `AdviceId`: the kinds of advice.

/// The kinds of [advice](super::Advice).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum AdviceId {
    /// The bucket's name has dots, so that no certificate of S3 covers its host.
    BucketWithDots,
    /// Early data is allowed, and none can ever be sent.
    EarlyDataUnused,
    /// The chain may have expired, within a grace.
    ExpiryGrace,
    /// An expected name was set, and the policy does not look at it.
    ExpectedNameUnused,
    /// SNI and Host name different hosts: many edges answer 403 or 421.
    HostDiffersFromSni,
    /// The Host is an IP address, and edges know their sites by name.
    HostIsIpAddress,
    /// The edge answers plain http with a redirect to https.
    HttpsForced,
    /// The URL is https, and the endpoint does not support TLS.
    HttpOnlyEndpoint,
    /// The secrets of connections are logged.
    KeysLogged,
    /// The chain is checked, and no name in the certificate is.
    NamesIgnored,
    /// The URL's host is an IP address and no name was configured, so that no SNI is sent.
    NoSniForIpAddress,
    /// TLS 1.3 is not offered.
    NoTls13,
    /// A plain `http` origin on port 443.
    PlainHttpOnTlsPort,
    /// The edge does not serve TLS at the dialled port.
    PortNotServed,
    /// Some certificates of the system's store could not be used.
    SkippedRoots,
    /// Settings of TLS, and the origin is a plain `http` one.
    TlsUnused,
    /// The certificate is not verified.
    VerificationOff,
}
