//! The TLS offer of a ClientHello, in values that need no TLS library.

use std::fmt;

/// A version of TLS. Older versions are never offered.
///
/// Newer versions compare greater. A range of them is what
/// [`tls_versions`](crate::connector::CdnOriginBuilder::tls_versions) takes:
///
/// ```
/// use cdn_origin::{CdnOriginConnector, TlsVersion};
///
/// let connector = CdnOriginConnector::builder("https://www.example.com")
///     .tls_versions(TlsVersion::V1_3..=TlsVersion::V1_3)
///     .build()?;
/// assert!(TlsVersion::V1_2 < TlsVersion::V1_3);
/// assert_eq!(TlsVersion::V1_3.to_string(), "TLS 1.3");
/// # drop(connector);
/// # Ok::<(), cdn_origin::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 ([RFC 5246](https://www.rfc-editor.org/rfc/rfc5246)).
    V1_2,
    /// TLS 1.3 ([RFC 8446](https://www.rfc-editor.org/rfc/rfc8446)).
    V1_3,
}

impl TlsVersion {
    pub(crate) const ALL: [Self; 2] = [Self::V1_2, Self::V1_3];
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_2 => "TLS 1.2",
            Self::V1_3 => "TLS 1.3",
        })
    }
}

/// What a ClientHello offers, except for the server name.
///
/// `Display` is the row `offered` of a report: `TLS 1.2 to TLS 1.3; ALPN h2, http/1.1`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TlsOffer {
    pub(crate) oldest: TlsVersion,
    pub(crate) newest: TlsVersion,
    pub(crate) protocols: &'static [&'static str],
    /// The client library speaks only this protocol, and the builder allows others too.
    pub(crate) is_narrowed: bool,
    pub(crate) parameters: OfferedParameters,
    pub(crate) key_share: KeyShare,
}

/// Whether cipher suites, key exchange groups and signature schemes are those of the default
/// crypto provider.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum OfferedParameters {
    /// The application chose some of them, or the provider: the origin may support none of these.
    Chosen,
    /// All that the default provider supports.
    #[default]
    Usual,
}

/// The key share in a ClientHello, which decides its size.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum KeyShare {
    /// No key share, or that of a curve: the ClientHello fits into one packet.
    #[default]
    Classical,
    /// The key share of a post-quantum group: more than 1,100 bytes.
    PostQuantum,
}

impl TlsOffer {
    /// Whether the ClientHello is larger than a packet.
    pub(crate) fn is_large(&self) -> bool {
        self.newest == TlsVersion::V1_3 && self.key_share == KeyShare::PostQuantum
    }
}

impl fmt::Display for TlsOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.oldest == self.newest {
            write!(f, "{} only", self.oldest)?;
        } else {
            write!(f, "{} to {}", self.oldest, self.newest)?;
        }
        write!(f, "; ALPN {}", self.protocols.join(", "))
    }
}
