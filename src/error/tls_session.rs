//! The result of a TLS handshake, in values that need no TLS library.

use std::fmt;

use super::{EchStatus, TlsVersion};

/// The values that a completed TLS handshake negotiated.
///
/// `Display` is the row `agreed` of a report: `TLS 1.3, TLS_AES_128_GCM_SHA256, ALPN h2`.
///
/// ```
/// use cdn_origin::TlsVersion;
///
/// # fn check(info: &cdn_origin::connector::ConnectionInfo) {
/// if let Some(session) = info.facts().tls_session() {
///     println!("agreed: {session}");
///     if session.version < TlsVersion::V1_3 {
///         eprintln!("the origin does not speak TLS 1.3");
///     }
/// }
/// # }
/// ```
///
/// The names of suites, groups and schemes are those of IANA's registries:
///
/// ```
/// # fn check(session: &cdn_origin::error::TlsSession) {
/// let is_post_quantum = session.group.is_some_and(|group| group.contains("MLKEM"));
/// println!("post-quantum key exchange: {is_post_quantum}");
/// # }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TlsSession {
    /// The TLS version.
    pub version: TlsVersion,
    /// The cipher suite, such as `TLS_AES_128_GCM_SHA256`.
    pub cipher_suite: &'static str,
    /// The application protocol that the peer chose in ALPN, such as `h2`.
    ///
    /// `None` means that the peer does not support ALPN, and HTTP/1.1 is spoken.
    pub protocol: Option<String>,
    /// The key exchange group; `None` in a resumed TLS 1.2 session.
    ///
    /// Such as `X25519MLKEM768`, which also resists quantum computers, or `x25519`.
    pub group: Option<&'static str>,
    /// The signature scheme by which the peer proved that it holds its key; `None` in a resumed
    /// session.
    pub signature_scheme: Option<&'static str>,
    /// The outcome of Encrypted ClientHello.
    pub ech: EchStatus,
    /// Whether an earlier session was resumed. The peer then sends no certificate.
    ///
    /// [`Facts::certificates`](super::Facts::certificates) then has the chain of the original
    /// handshake.
    pub resumed: bool,
    /// Whether the request was sent as early data, and whether the origin accepted it.
    pub early_data: EarlyData,
}

impl fmt::Display for TlsSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = self.protocol.as_deref().unwrap_or("none");
        write!(
            f,
            "{}, {}, ALPN {protocol}",
            self.version, self.cipher_suite
        )?;
        f.write_str(match self.ech {
            EchStatus::NotSent | EchStatus::Greased => "",
            EchStatus::Accepted => ", ECH accepted",
            EchStatus::AcceptedOnRetry => ", ECH accepted on retry",
            EchStatus::Disabled => ", ECH disabled by the origin",
            EchStatus::Unusable => ", ECH configuration in DNS unusable",
        })?;
        if self.resumed {
            f.write_str(", resumed")?;
        }
        match self.early_data {
            EarlyData::NotSent => Ok(()),
            EarlyData::Accepted => f.write_str(", early data"),
            EarlyData::Rejected => f.write_str(", early data rejected"),
        }
    }
}

/// Whether the peer requested a client certificate in a handshake, and received one.
///
/// Whether it was accepted is not part of it: in TLS 1.3, a refusal arrives as an alert after the
/// handshake.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ClientCertificate {
    /// The peer requested none, or the handshake failed before that.
    #[default]
    NotRequested,
    /// The peer requested one, and none was configured or none matched the request.
    Withheld,
    /// The peer requested one and received it.
    Sent,
}

/// The outcome of early data (0-RTT, [RFC 8446 section 2.3]) in a completed handshake.
///
/// [RFC 8446 section 2.3]: https://www.rfc-editor.org/rfc/rfc8446#section-2.3
///
/// [`Sessions::early_data`](crate::connector::Sessions::early_data) turns it on.
///
/// ```
/// use cdn_origin::error::EarlyData;
///
/// # fn count(session: &cdn_origin::error::TlsSession) {
/// match session.early_data {
///     EarlyData::Accepted => println!("one round trip was saved"),
///     EarlyData::Rejected => println!("the origin has forgotten the session"),
///     _ => {}
/// }
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EarlyData {
    /// None was sent.
    #[default]
    NotSent,
    /// The origin accepted it: the request was part of the first flight.
    Accepted,
    /// The origin ignored it, and the request was sent again after the handshake.
    Rejected,
}

impl EarlyData {
    /// Returns the stable label for metrics, such as `not_sent`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
        }
    }
}
